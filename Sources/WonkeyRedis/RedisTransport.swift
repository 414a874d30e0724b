import NIOCore
internal import NIOPosix
internal import NIOSSL

/// Opens channels to Redis.
enum RedisTransport {
    /// What TLS needs, made once per store; `nil` without TLS.
    static func tlsContext(_ settings: RedisSettings) throws -> NIOSSLContext? {
        guard settings.usesTLS else { return nil }
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        if let file = settings.certificateAuthorityFile { configuration.trustRoots = .file(file) }
        return try NIOSSLContext(configuration: configuration)
    }

    /// Connects; the connection hears of success as `channelActive`, of failure as its end.
    static func connect(
        _ connection: RedisConnection,
        on eventLoop: any EventLoop,
        _ settings: RedisSettings,
        _ tls: NIOSSLContext?
    ) {
        let bound = NIOLoopBound(connection, eventLoop: eventLoop)
        var bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(settings.connectTimeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls {
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: tls, serverHostname: settings.serverName)
                        )
                    }
                    try pipeline.addHandler(bound.value)
                }
            }
        let channel: EventLoopFuture<any Channel>
        switch settings.address {
        case .tcp(let host, let port):
            bootstrap = bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelOption(.socketOption(.so_keepalive), value: 1)
            channel = bootstrap.connect(host: host, port: port)
        case .unix(let path):
            channel = bootstrap.connect(unixDomainSocketPath: path)
        }
        channel.assumeIsolated().whenFailure { connection.end(.closed($0)) }
    }
}

extension RedisSettings {
    /// The name to verify; an address is verified as such.
    fileprivate var serverName: String? {
        guard case .tcp(let host, _) = self.address else { return nil }
        return (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
    }
}
