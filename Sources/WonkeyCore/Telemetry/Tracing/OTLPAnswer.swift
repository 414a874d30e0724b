/// What a collector says in an answer of status 2xx.
package enum OTLPAnswer {
    private static let member = Array(#""rejectedSpans""#.utf8)

    /// How many spans it did not take (`partialSuccess.rejectedSpans`, a number or a string); 0 if it does not say.
    package static func rejectedSpans(in body: [UInt8]) -> Int {
        var rest = body[...]
        while !rest.isEmpty, !rest.starts(with: Self.member) { rest.removeFirst() }
        let value = rest.dropFirst(Self.member.count).drop { ":\" \t\r\n".utf8.contains($0) }
        let digits = value.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return digits.count <= 9 ? digits.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) } : .max
    }
}
