/// Where an upstream listens.
package enum UpstreamTarget: Hashable, Sendable {
    case tcp(host: String, port: Int)
    case unix(path: String)
}

/// Which version of HTTP an upstream is spoken to with.
package enum UpstreamProtocol: Hashable, Sendable {
    case http1
    /// Over TLS with ALPN, and without by prior knowledge (RFC 9113 §3.3).
    case http2
    /// HTTP/2 if TLS is spoken and the upstream chooses it, otherwise HTTP/1.1.
    case negotiated

    /// What TLS offers, the best first.
    package var offers: [TLSProtocol] {
        switch self {
        case .http1: [.http1]
        case .http2: [.http2]
        case .negotiated: [.http2, .http1]
        }
    }
}

/// How an upstream is reached, and what is expected of it.
package struct UpstreamSettings: Hashable, Sendable {
    package var target: UpstreamTarget
    /// `nil` for plain HTTP.
    package var tls: ClientTLS?
    package var speaks = UpstreamProtocol.negotiated
    /// TLS handshake included.
    package var connectTimeout: Duration = .seconds(2)
    /// From the last request byte to the response head.
    package var responseTimeout: Duration = .seconds(30)
    /// The longest silence within a response body, or while the upstream takes no request bytes.
    package var idleTimeout: Duration = .seconds(60)
    /// Connections per pool, and so per event loop.
    package var connectionsMax = 512
    /// Requests waiting for a connection; above it ``UpstreamFault/overloaded``.
    package var pendingMax = 512
    /// How long an unused connection is kept.
    package var keepAliveIdleMax: Duration = .seconds(30)
    /// Whether unused connections are kept at all; as many as there may be, since whoever needed them may come again.
    package var keepsIdleConnections = true
    /// Status line and fields of a response together.
    package var headBytesMax = 64 * 1024
    package var fieldCountMax = 200
    /// Requests at the same time on one HTTP/2 connection, if the upstream does not want fewer.
    package var streamsPerConnectionMax = 100
    /// Response bytes an HTTP/2 upstream may send ahead on one stream.
    package var windowBytes = 262_144

    package init(target: UpstreamTarget) {
        self.target = target
    }
}
