/// Where an upstream listens.
package enum UpstreamTarget: Hashable, Sendable {
    case tcp(host: String, port: Int)
    case unix(path: String)
}

/// How an upstream is reached, and what is expected of it.
package struct UpstreamSettings: Hashable, Sendable {
    package var target: UpstreamTarget
    /// `nil` for plain HTTP.
    package var tls: ClientTLS?
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
    /// Idle connections kept.
    package var idleConnectionsMax = 128
    /// Status line and fields of a response together.
    package var headBytesMax = 64 * 1024
    package var fieldCountMax = 200

    package init(target: UpstreamTarget) {
        self.target = target
    }
}
