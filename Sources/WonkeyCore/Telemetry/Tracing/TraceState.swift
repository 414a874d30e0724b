/// What tracing systems along the way keep for themselves, as `tracestate` tells it.
///
/// - SeeAlso: W3C Trace Context §3.3.
package enum TraceState {
    package static let membersMax = 32
    /// Bytes that are passed on at most; the standard asks for as many at least.
    package static let bytesMax = 512
    /// Members longer than this are the first to go where the whole is too long (§3.3.1.5).
    private static let longMember = 128

    /// Reads the values of all `tracestate` lines.
    ///
    /// - Parameter values: In the order they were sent.
    /// - Returns: The members to pass on, in one value; `nil` if there are none or one is not valid.
    package static func kept(of values: [String]) -> String? {
        var members: [Substring] = []
        var keys: Set<Substring> = []
        for part in values.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: true) }) {
            let member = Self.trimmed(part)
            if member.isEmpty { continue }
            guard let key = Self.key(of: member), keys.insert(key).inserted else { return nil }
            members.append(member)
        }
        members = Array(members.prefix(Self.membersMax))
        if Self.bytes(of: members) > Self.bytesMax { members.removeAll { $0.utf8.count > Self.longMember } }
        while Self.bytes(of: members) > Self.bytesMax { members.removeLast() }
        return members.isEmpty ? nil : members.joined(separator: ",")
    }

    private static func bytes(of members: [Substring]) -> Int {
        members.reduce(members.count - 1) { $0 + $1.utf8.count }
    }

    private static func trimmed(_ part: Substring) -> Substring {
        var part = part.drop { $0 == " " || $0 == "\t" }
        while let last = part.last, last == " " || last == "\t" { part.removeLast() }
        return part
    }

    /// The key of a valid member.
    private static func key(of member: Substring) -> Substring? {
        guard let equals = member.firstIndex(of: "=") else { return nil }
        let (key, value) = (member[..<equals], member[member.index(after: equals)...])
        guard Self.isKey(key.utf8), (1...256).contains(value.utf8.count),
            value.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != UInt8(ascii: "=") })
        else { return nil }
        return key
    }

    /// `vendor`, or `tenant@system`.
    private static func isKey(_ key: Substring.UTF8View) -> Bool {
        guard let at = key.firstIndex(of: UInt8(ascii: "@")) else {
            return Self.isName(key, startsWithLetter: false, countMax: 256)
        }
        return Self.isName(key[..<at], startsWithLetter: false, countMax: 241)
            && Self.isName(key[key.index(after: at)...], startsWithLetter: true, countMax: 14)
    }

    private static func isName(_ name: Substring.UTF8View, startsWithLetter: Bool, countMax: Int) -> Bool {
        guard let first = name.first, name.count <= countMax else { return false }
        guard Self.isLetter(first) || !startsWithLetter && Self.isDigit(first) else { return false }
        return name.allSatisfy { Self.isLetter($0) || Self.isDigit($0) || "_-*/".utf8.contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) }
    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
}
