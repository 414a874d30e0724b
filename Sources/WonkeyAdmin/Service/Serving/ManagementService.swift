import Hummingbird
package import Logging
package import NIOCore
import ServiceLifecycle
import Synchronization
import WonkeyCore

/// The management API on a listener of its own; at shutdown it finishes running requests and takes no new ones.
package struct ManagementService: Service {
    private let listener: ManagementListener<ManagementResponder>
    private let drain: DrainState

    /// Makes the service.
    ///
    /// - Parameters:
    ///   - endpoints: What it offers.
    ///   - services: What the endpoints work with.
    ///   - settings: Where it listens and what it bears.
    ///   - metrics: Count what it does.
    ///   - group: Runs the connections.
    ///   - drain: Told when the service begins to stop.
    ///   - logger: Gets a line for every request.
    ///   - onListening: Told the address, with the port that was chosen if 0 was asked for.
    package init(
        _ endpoints: [Endpoint] = Endpoint.all,
        services: ManagementServices,
        settings: ServingSettings,
        metrics: ServiceMetrics,
        on group: any EventLoopGroup,
        drain: DrainState,
        logger: Logger,
        onListening: @escaping @Sendable (SocketAddress?) -> Void = { _ in }
    ) {
        let (ids, clock) = (RequestIDs(), services.clock)
        self.listener = ManagementListener(
            responder: ManagementResponder(
                endpoints,
                services: services,
                settings: settings,
                metrics: metrics,
                ids: ids,
                logger: logger
            ),
            settings: settings,
            makeID: {
                metrics.countBrokenRequest()
                return ids.next(at: clock.now)
            },
            group: group,
            logger: logger,
            onListening: onListening
        )
        self.drain = drain
    }

    package func run() async throws {
        try await withGracefulShutdownHandler {
            try await self.listener.run()
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
