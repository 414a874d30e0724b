/// A request that was answered without ever becoming a ``RequestHead``.
package struct MalformedRequest: Hashable, Sendable {
    package enum Reason: String, Hashable, Sendable, CaseIterable {
        case requestLine = "request_line"
        case targetTooLong = "target_too_long"
        case target
        case suspiciousPath = "suspicious_path"
        case version
        case fieldLine = "field_line"
        case fieldsTooLarge = "fields_too_large"
        case host
        case framing
        case transferCoding = "transfer_coding"
        case methodTooLong = "method_too_long"
        case connect
        case expectation
        case timedOut = "timed_out"
    }

    /// The status it was answered with.
    package var status: Int
    package var reason: Reason
    package var remoteAddress: PeerAddress

    package init(status: Int, reason: Reason, remoteAddress: PeerAddress) {
        self.status = status
        self.reason = reason
        self.remoteAddress = remoteAddress
    }
}

/// One end of a connection.
package struct PeerAddress: Hashable, Sendable, CustomStringConvertible {
    /// The IP address as text, without brackets; `unix` for a Unix socket.
    package var ip: String
    /// 0 for a Unix socket.
    package var port: Int

    package init(ip: String, port: Int) {
        self.ip = ip
        self.port = port
    }

    /// `192.0.2.1:80`, `[2001:db8::1]:80` or `unix`.
    package var description: String {
        if self.port == 0 { return self.ip }
        return self.ip.utf8.contains(UInt8(ascii: ":")) ? "[\(self.ip)]:\(self.port)" : "\(self.ip):\(self.port)"
    }
}
