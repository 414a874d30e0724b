import Foundation
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization
import WonkeyConfig
import WonkeyGateway
import WonkeyHTTP

/// The public listeners: bind, serve, and at shutdown readiness off, delay, drain.
struct ProxyService: Service {
    let server: HTTPServer
    let listeners: [(endpoint: Endpoint, tls: ServerTLS?, proxyProtocol: ProxyProtocolRules?)]
    let drain: @Sendable () -> Configuration.Server.Drain
    let readiness: Readiness
    let loops: LoopRegister
    let logger: Logger

    func run() async throws {
        for listener in self.listeners {
            let address = try await self.server.bind(
                to: listener.endpoint,
                tls: listener.tls,
                proxyProtocol: listener.proxyProtocol
            )
            let scheme = listener.tls == nil ? "http" : "https"
            self.logger.info("listening", metadata: ["address": "\(address)", "scheme": "\(scheme)"])
        }
        self.readiness.beginServing()
        try? await gracefulShutdown()
        self.logger.info("draining", metadata: ["in_flight": "\(self.server.inFlightCount)"])
        self.readiness.beginDraining()
        // Balancers notice concurrently; whoever still connects is served.
        let drain = self.drain()
        if drain.delay > .zero { try? await Task.sleep(for: drain.delay) }
        await self.server.shutdown(deadline: drain.timeout)
        await self.loops.shutdown()
        self.logger.info("drained")
    }
}

/// The private listener; it outlives the public ones, so that readiness can be asked while they drain.
struct OperationsService: Service {
    let server: HTTPServer
    let address: Endpoint

    func run() async throws {
        try await self.server.bind(to: self.address)
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
    /// Binds a configured address.
    @discardableResult
    func bind(
        to endpoint: Endpoint,
        tls: ServerTLS? = nil,
        proxyProtocol: ProxyProtocolRules? = nil
    ) async throws -> String {
        do {
            switch endpoint {
            case .tcp(let host, let port):
                return try await self.bind(host: host, port: port, tls: tls, proxyProtocol: proxyProtocol).description
            case .unix(let path):
                try await self.bind(unixSocketPath: path, tls: tls, proxyProtocol: proxyProtocol)
                return endpoint.description
            }
        } catch {
            throw StartError.cannotListen(endpoint, error)
        }
    }
}
