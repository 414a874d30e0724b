internal import NIOCore
internal import NIOHPACK

/// Writes answers as HTTP/2 header sections (RFC 9113 §8.3.2).
enum HTTP2Response {
    private static let ownFields: UInt64 =
        HopByHop.fields | KnownField.contentLength.bit

    /// The header section of a final answer.
    ///
    /// - Parameters:
    ///   - head: Status and fields; what concerns one connection only is left out.
    ///   - contentLength: What the fields say of the body's length.
    ///   - date: The server's; for an answer without one (F9).
    /// - Returns: The section, names in lower case.
    static func headers(_ head: ResponseHead, contentLength: Int64?, date: @autoclosure () -> String) -> HPACKHeaders {
        var headers = Self.section(head)
        if !headers.contains(name: "date") { headers.add(name: "date", value: date()) }
        if let contentLength { headers.add(name: "content-length", value: "\(contentLength)") }
        return headers
    }

    /// The header section of a 1xx answer.
    static func informational(_ head: ResponseHead) -> HPACKHeaders { Self.section(head) }

    private static func section(_ head: ResponseHead) -> HPACKHeaders {
        var headers = HPACKHeaders([(":status", "\(head.status)")])
        headers.reserveCapacity(head.fields.count + 3)
        for entry in head.fields.entries where Self.ownFields & (1 << UInt64(entry.known)) == 0 {
            headers.add(head.fields, entry)
        }
        return headers
    }

    /// A trailer section; `nil` if no field may travel.
    static func trailers(_ fields: FieldSection?) -> HPACKHeaders? {
        guard let fields else { return nil }
        var headers = HPACKHeaders()
        for entry in fields.entries where ForwardedTrailers.isAllowed(entry) { headers.add(fields, entry) }
        return headers.isEmpty ? nil : headers
    }
}

extension HPACKHeaders {
    /// Adds a field line with its name in lower case.
    mutating func add(_ fields: FieldSection, _ entry: FieldSection.Entry) {
        let name = fields.withBytes(ofName: entry) { $0.lowercasedText }
        self.add(name: name, value: fields.text(entry))
    }

    /// About as many bytes as the section takes without compression.
    var byteCount: Int { self.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count + 4 } }
}
