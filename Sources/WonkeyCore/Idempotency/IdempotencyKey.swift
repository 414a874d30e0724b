/// The value of `Idempotency-Key`.
///
/// - SeeAlso: draft-ietf-httpapi-idempotency-key-header-07 §2.1, RFC 9651 §3.3.3.
package enum IdempotencyKey: Hashable, Sendable {
    /// A string in quotes, as it should be.
    case quoted(String)
    /// The bare value, as most clients send it.
    case unquoted(String)
    case malformed

    /// Keys are this long at most, in bytes.
    static let bytesMax = 255

    /// Reads the value of the field, white space around it removed.
    package init(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.first == UInt8(ascii: "\"") else {
            let isBare = bytes.allSatisfy { (0x21...0x7E).contains($0) && !"\",;".utf8.contains($0) }
            self = (1...Self.bytesMax).contains(bytes.count) && isBare ? .unquoted(text) : .malformed
            return
        }
        var value: [UInt8] = []
        var index = 1
        while index < bytes.count, bytes[index] != UInt8(ascii: "\"") {
            if bytes[index] == UInt8(ascii: "\\") {
                index += 1
                guard index < bytes.count, bytes[index] == UInt8(ascii: "\\") || bytes[index] == UInt8(ascii: "\"")
                else { break }
            }
            guard (0x20...0x7E).contains(bytes[index]) else { break }
            value.append(bytes[index])
            index += 1
        }
        let isClosed = index == bytes.count - 1 && bytes[index] == UInt8(ascii: "\"")
        self =
            isClosed && (1...Self.bytesMax).contains(value.count)
            ? .quoted(String(decoding: value, as: UTF8.self)) : .malformed
    }
}
