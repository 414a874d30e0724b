import Hummingbird
import Logging
import NIOCore
import ServiceLifecycle

/// Hummingbird on one address, until shutdown.
struct ManagementListener<Responder: HTTPResponder>: Sendable where Responder.Context == ManagementRequestContext {
    let responder: Responder
    let settings: ServingSettings
    /// Names the answer to what is no HTTP.
    let makeID: @Sendable () -> String
    let group: any EventLoopGroup
    let logger: Logger
    let onListening: @Sendable (SocketAddress?) -> Void

    func run() async throws {
        let address: BindAddress =
            switch self.settings.address {
            case .tcp(let host, let port): .hostname(host, port: port)
            case .unix(let path): .unixDomainSocket(path: path)
            }
        var quiet = Logger(label: "wonkey-admin.http")
        quiet.logLevel = max(self.logger.logLevel, .warning)
        let makeID = self.makeID
        let application = Application(
            responder: self.responder,
            server: .http1(
                configuration: .init(
                    additionalChannelHandlers: [SocketEndSetup(makeID: makeID)],
                    idleTimeout: .nanoseconds(Int64(self.settings.idleTimeout / .nanoseconds(1))),
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: 16 << 10,
                        maxHeaderListSize: 32 << 10,
                        maxHeaderFieldCount: 100
                    )
                )
            ),
            configuration: .init(
                address: address,
                availableConnectionsDelegate: .maximum(self.settings.connectionsMax, logger: quiet)
            ),
            onServerRunning: { [onListening] channel in onListening(channel.localAddress) },
            eventLoopGroupProvider: .shared(self.group),
            logger: quiet
        )
        try await application.run()
    }
}
