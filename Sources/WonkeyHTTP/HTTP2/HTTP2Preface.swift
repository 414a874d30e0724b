internal import NIOCore

/// How a client begins that speaks HTTP/2 without having asked (RFC 9113 §3.4).
enum HTTP2Preface {
    enum Match { case no, incomplete, yes }

    private static let text: StaticString = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

    /// Compares the first bytes of a connection.
    static func match(_ bytes: Span<UInt8>) -> Match {
        let preface = String(describing: Self.text).utf8
        for (index, byte) in preface.enumerated() {
            guard index < bytes.count else { return .incomplete }
            if bytes[index] != byte { return .no }
        }
        return .yes
    }
}
