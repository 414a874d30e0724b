internal import NIOCore

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
        /// A TLS handshake on a port without TLS.
        case tls
        /// Plain HTTP on a port with TLS.
        case plainText = "plain_text"
        /// No PROXY protocol header, or not from where one is believed; closed without an answer.
        case proxyHeader = "proxy_header"
        /// Broken HTTP/2, which ends the stream or the connection without an answer.
        case http2
        /// More of what HTTP/2 allows than ``HTTP2Limits`` does; ends the connection.
        case http2Abuse = "http2_abuse"

        /// What the client should know about it.
        var detail: String {
            switch self {
            case .requestLine: "The request line is malformed."
            case .targetTooLong: "The request target is too long."
            case .target: "The request target is malformed."
            case .suspiciousPath:
                "The path is ambiguous: encoded separators and dot segments above the root are refused."
            case .version: "Only HTTP/1.1 and HTTP/1.0 are spoken here."
            case .fieldLine: "A header field is malformed."
            case .fieldsTooLarge: "The header fields are too large or too many."
            case .host: "Exactly one valid Host field is required."
            case .framing: "The length of the body is not clearly stated."
            case .transferCoding: "The only transfer coding supported is chunked."
            case .methodTooLong: "The method is not supported."
            case .connect: "This server is no tunnel."
            case .expectation: "The only expectation supported is 100-continue."
            case .timedOut: "The request did not arrive in time."
            case .plainText: "This port speaks HTTPS: use https:// instead of http://."
            case .proxyHeader: "This port is for balancers that speak the PROXY protocol."
            case .http2: "The request breaks the rules of HTTP/2."
            case .http2Abuse: "Too much of it: resets, control frames or faults."
            case .tls: "This port speaks plain HTTP: use http:// instead of https://."
            }
        }
    }

    /// The status it was answered with; 0 for no answer.
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

extension PeerAddress {
    init(_ address: SocketAddress?) {
        self.init(ip: address?.ipAddress ?? "unix", port: address?.port ?? 0)
    }
}
