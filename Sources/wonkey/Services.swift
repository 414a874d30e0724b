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
    let listeners: [(endpoint: Endpoint, tls: ServerTLS?)]
    let drain: Configuration.Server.Drain
    let readiness: Readiness
    let loops: LoopRegister
    let logger: Logger

    func run() async throws {
        for listener in self.listeners {
            let address = try await self.server.bind(to: listener.endpoint, tls: listener.tls)
            let scheme = listener.tls == nil ? "http" : "https"
            self.logger.info("listening", metadata: ["address": "\(address)", "scheme": "\(scheme)"])
        }
        self.readiness.beginServing()
        try? await gracefulShutdown()
        self.logger.info("draining", metadata: ["in_flight": "\(self.server.inFlightCount)"])
        self.readiness.beginDraining()
        // Balancers notice concurrently; whoever still connects is served.
        if self.drain.delay > .zero { try? await Task.sleep(for: self.drain.delay) }
        await self.server.shutdown(deadline: self.drain.timeout)
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

/// The gateways of all event loops, for shutdown.
final class LoopRegister: Sendable {
    private let loops = Mutex<[NIOLoopBound<GatewayLoop>]>([])

    func add(_ loop: GatewayLoop, on eventLoop: any EventLoop) {
        let bound = NIOLoopBound(loop, eventLoop: eventLoop)
        self.loops.withLock { $0.append(bound) }
    }

    func shutdown() async {
        for loop in self.loops.withLock(\.self) {
            try? await loop.eventLoop.submit { loop.value.shutdown() }.get()
        }
    }
}

extension HTTPServer {
    /// Binds a configured address.
    @discardableResult
    func bind(to endpoint: Endpoint, tls: ServerTLS? = nil) async throws -> String {
        do {
            switch endpoint {
            case .tcp(let host, let port): return try await self.bind(host: host, port: port, tls: tls).description
            case .unix(let path):
                try await self.bind(unixSocketPath: path, tls: tls)
                return endpoint.description
            }
        } catch {
            throw StartError.cannotListen(endpoint, error)
        }
    }
}
