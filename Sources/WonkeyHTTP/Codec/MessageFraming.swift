/// Finds out where a body ends from the fields of its head (RFC 9112 §6).
enum MessageFraming {
    enum Fault: Error, Equatable {
        /// `Content-Length` is no single number, contradicts `Transfer-Encoding`, or the coding is not exactly `chunked`.
        case malformed
        /// `Transfer-Encoding` ends with `chunked` but names other codings too (B2).
        case unknownCoding
    }

    /// What the framing fields declare.
    enum Declared: Equatable {
        case nothing
        case length(Int64)
        case chunked
    }

    /// Reads the framing fields.
    ///
    /// - Parameters:
    ///   - fields: A received field section.
    ///   - version: Of the message; HTTP/1.0 knows no `Transfer-Encoding` (B4).
    /// - Returns: What they say.
    /// - Throws: Why the end of the body cannot be trusted.
    static func declared(_ fields: FieldSection, version: HTTPVersion) throws(Fault) -> Declared {
        var declared = Declared.nothing
        for entry in fields.entries {
            if entry.known == KnownField.contentLength.rawValue {
                guard declared == .nothing, let length = fields.withBytes(of: entry, { $0.decimalValue }) else {
                    throw .malformed
                }
                declared = .length(length)
            } else if entry.known == KnownField.transferEncoding.rawValue {
                guard declared == .nothing, version == .http11 else { throw .malformed }
                if let fault = MessageFraming.codingFault(fields, entry) { throw fault }
                declared = .chunked
            }
        }
        return declared
    }

    private static func codingFault(_ fields: FieldSection, _ entry: FieldSection.Entry) -> Fault? {
        fields.withBytes(of: entry) { value in
            if value.isWord(Words.chunked) { return nil }
            var count = 0
            var isLastChunked = false
            var chunkedCount = 0
            value.forEachListElement { coding in
                count += 1
                isLastChunked = coding.isWord(Words.chunked)
                if isLastChunked { chunkedCount += 1 }
            }
            return isLastChunked && chunkedCount == 1 && count > 1 ? .unknownCoding : .malformed
        }
    }
}
