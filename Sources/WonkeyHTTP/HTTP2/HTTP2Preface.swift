/// How a client begins that speaks HTTP/2 without having asked (RFC 9113 §3.4).
enum HTTP2Preface {
    enum Match { case no, incomplete, yes }

    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)

    /// Compares the first bytes of a connection.
    static func match(_ bytes: Span<UInt8>) -> Match {
        for (index, byte) in Self.preface.enumerated() {
            guard index < bytes.count else { return .incomplete }
            if bytes[index] != byte { return .no }
        }
        return .yes
    }
}
