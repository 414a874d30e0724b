import Hummingbird
package import Logging
package import NIOCore
import ServiceLifecycle
import Synchronization
import WonkeyCore

/// The management API on a listener of its own; at shutdown it finishes running requests and takes no new ones.
package struct ManagementService: Service {
    private let responder: ManagementResponder
    private let makeID: @Sendable () -> String
    private let settings: ServingSettings
    private let group: any EventLoopGroup
    private let drain: DrainState
    private let logger: Logger
    private let onListening: @Sendable (SocketAddress?) -> Void

    /// Makes the service.
    ///
    /// - Parameters:
    ///   - endpoints: What it offers.
    ///   - services: What the endpoints work with.
    ///   - settings: Where it listens and what it bears.
    ///   - group: Runs the connections.
    ///   - drain: Told when the service begins to stop.
    ///   - logger: Gets a line for every request.
    ///   - onListening: Told the address, with the port that was chosen if 0 was asked for.
    package init(
        _ endpoints: [Endpoint] = Endpoint.all,
        services: ManagementServices,
        settings: ServingSettings,
        on group: any EventLoopGroup,
        drain: DrainState,
        logger: Logger,
        onListening: @escaping @Sendable (SocketAddress?) -> Void = { _ in }
    ) {
        let (ids, clock) = (RequestIDs(), services.clock)
        self.responder = ManagementResponder(
            endpoints,
            services: services,
            settings: settings,
            ids: ids,
            logger: logger
        )
        self.makeID = { ids.next(at: clock.now) }
        self.settings = settings
        self.group = group
        self.drain = drain
        self.logger = logger
        self.onListening = onListening
    }

    package func run() async throws {
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
                    additionalChannelHandlers: [BrokenRequestSetup(makeID: makeID)],
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
        try await withGracefulShutdownHandler {
            try await application.run()
        } onGracefulShutdown: {
            self.drain.begin()
        }
    }
}

/// Whether the service has begun to stop.
package final class DrainState: Sendable {
    private let state = Atomic(false)

    package init() {}

    package var isDraining: Bool { self.state.load(ordering: .relaxed) }

    package func begin() {
        self.state.store(true, ordering: .relaxed)
    }
}
