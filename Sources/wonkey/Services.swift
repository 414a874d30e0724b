import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import WonkeyConfig
import WonkeyGateway
import WonkeyHTTP
import WonkeyWiring

/// Where a listener listens, and how.
struct ListenerPlace: Sendable {
    let endpoint: Endpoint
    var tls: ServerTLS?
    /// Whose word on the client comes first on each connection.
    var proxyProtocol: ProxyProtocolRules?
    /// Whether clients without TLS may speak HTTP/2.
    var takesHTTP2 = false
    /// A socket that was passed for it.
    var descriptor: CInt?
    var sharing: PortSharing = .exclusive
}

/// How the drain ended, for the exit status.
final class DrainReport: Sendable {
    private let state = Mutex(DrainOutcome.finished)

    var outcome: DrainOutcome {
        get { self.state.withLock(\.self) }
        set { self.state.withLock { $0 = newValue } }
    }
}

/// The public listeners: bind, serve, and at shutdown readiness off, delay, drain.
struct ProxyService: Service {
    let server: HTTPServer
    let listeners: [ListenerPlace]
    let manager: ServiceManager
    let report: DrainReport
    let drain: @Sendable () -> Configuration.Server.Drain
    let readiness: Readiness
    let loops: LoopRegister
    let logger: Logger

    func run() async throws {
        for listener in self.listeners {
            let address = try await self.server.bind(to: listener)
            let scheme = listener.tls == nil ? "http" : "https"
            self.logger.info(
                "listening",
                metadata: [
                    "address": "\(address)", "scheme": "\(scheme)",
                    "socket": listener.descriptor == nil ? "own" : "passed",
                ]
            )
        }
        self.readiness.beginServing()
        self.manager.ready()
        try? await gracefulShutdown()
        self.manager.stopping()
        self.logger.info("draining", metadata: ["in_flight": "\(self.server.inFlightCount)"])
        self.readiness.beginDraining()
        // Balancers notice concurrently; whoever still connects is served.
        let drain = self.drain()
        if drain.delay > .zero { try? await Task.sleep(for: drain.delay) }
        let outcome = await self.server.drain(deadline: drain.timeout, idle: drain.idle)
        self.report.outcome = outcome
        await self.loops.shutdown()
        switch outcome {
        case .finished: self.logger.info("drained")
        case .requestsCut:
            self.logger.error(
                "requests were cut off at the end of server.drain.timeout",
                metadata: ["timeout": "\(drain.timeout)"]
            )
        }
    }
}

/// The private listener; it outlives the public ones, so that readiness can be asked while they drain.
struct OperationsService: Service {
    let server: HTTPServer
    let place: ListenerPlace

    func run() async throws {
        try await self.server.bind(to: self.place)
        try? await gracefulShutdown()
        await self.server.shutdown(deadline: .milliseconds(200))
    }
}

/// Loads missing keys until shutdown.
struct LoaderService: Service {
    let loader: KeyLoader

    func run() async {
        await withGracefulShutdownHandler {
            await self.loader.run()
        } onGracefulShutdown: {
            self.loader.stop()
        }
    }
}

/// Follows the change feed until shutdown.
struct WatcherService: Service {
    let watcher: ChangeWatcher

    func run() async {
        await cancelWhenGracefulShutdown {
            await self.watcher.run()
        }
    }
}

/// Closes the counter stores at shutdown.
struct CountersService: Service {
    let counters: Counters

    func run() async {
        try? await gracefulShutdown()
        await self.counters.stop()
    }
}

/// The gateways of all event loops, and what they serve.
final class LoopRegister: Sendable {
    private struct State {
        var snapshot: GatewaySnapshot
        var loops: [NIOLoopBound<GatewayLoop>] = []
    }

    private let state: Mutex<State>

    init(_ snapshot: GatewaySnapshot) {
        self.state = Mutex(State(snapshot: snapshot))
    }

    /// What a gateway that is made now begins with.
    var snapshot: GatewaySnapshot { self.state.withLock(\.snapshot) }

    /// Keeps a gateway that was just made; called on its loop.
    func add(_ loop: GatewayLoop, on eventLoop: any EventLoop) {
        let bound = NIOLoopBound(loop, eventLoop: eventLoop)
        let snapshot = self.state.withLock { state in
            state.loops.append(bound)
            return state.snapshot
        }
        // Another may have been published since it was made.
        loop.take(snapshot)
    }

    /// Has every gateway serve another generation; returns when all do.
    func publish(_ snapshot: GatewaySnapshot) async {
        let loops = self.state.withLock { state in
            state.snapshot = snapshot
            return state.loops
        }
        for loop in loops {
            try? await loop.eventLoop.submit { loop.value.take(snapshot) }.get()
        }
    }

    func shutdown() async {
        for loop in self.state.withLock(\.loops) {
            try? await loop.eventLoop.submit { loop.value.shutdown() }.get()
        }
    }
}

extension HTTPServer {
    /// Binds a configured address, or takes over the socket that was passed for it.
    @discardableResult
    func bind(to place: ListenerPlace) async throws -> String {
        let (tls, proxyProtocol, takesHTTP2) = (place.tls, place.proxyProtocol, place.takesHTTP2)
        do {
            switch (place.descriptor, place.endpoint) {
            case (let descriptor?, _):
                try await self.bind(
                    descriptor: descriptor,
                    tls: tls,
                    proxyProtocol: proxyProtocol,
                    takesHTTP2: takesHTTP2
                )
                return place.endpoint.description
            case (nil, .tcp(let host, let port)):
                return try await self.bind(
                    host: host,
                    port: port,
                    tls: tls,
                    proxyProtocol: proxyProtocol,
                    takesHTTP2: takesHTTP2,
                    sharing: place.sharing
                ).description
            case (nil, .unix(let path)):
                try await self.bind(
                    unixSocketPath: path,
                    tls: tls,
                    proxyProtocol: proxyProtocol,
                    takesHTTP2: takesHTTP2
                )
                return place.endpoint.description
            }
        } catch {
            throw StartError.cannotListen(place.endpoint, error)
        }
    }
}
