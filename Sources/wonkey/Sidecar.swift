import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals
import WonkeyConfig
import WonkeyCore
import WonkeyCurl
import WonkeyGateway
import WonkeyHTTP
import WonkeyStore
import WonkeyWiring

/// Puts the data plane together out of a configuration and runs it.
struct Sidecar {
    let loaded: LoadedConfiguration
    let logger: Logger
    let registry = MetricsRegistry()
    let manager: ServiceManager
    private let places: ListenerPlaces
    private let report = DrainReport()

    /// What the process is started with; a reload changes parts of it.
    private var configuration: Configuration { self.loaded.configuration }

    /// Takes over what whoever started the process has passed.
    ///
    /// - Throws: What is wrong with a passed socket, or which one is missing.
    init(_ loaded: LoadedConfiguration, environment: [String: String], logger: Logger) throws {
        self.loaded = loaded
        self.logger = logger
        self.manager = ServiceManager(environment: environment)
        self.places = try ListenerPlaces(
            loaded.configuration,
            passed: InheritedSockets(environment: environment),
            logger: logger
        )
    }

    /// Serves until SIGTERM or SIGINT, then drains and flushes.
    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        // Nothing is to be reloaded before all is loaded.
        signal(SIGHUP, SIG_IGN)
        DescriptorLimit.raise(connections: self.configuration.server.connections, logger: self.logger)
        let tls = try ListenerTLS(self.configuration.listeners)
        let group = MultiThreadedEventLoopGroup(
            numberOfThreads: self.configuration.server.loopCount
        )
        let upstreams: UpstreamSet
        do {
            upstreams = try UpstreamSet(
                self.configuration.upstreams,
                replacing: nil,
                generation: 1,
                on: group,
                logger: self.logger
            )
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
        let store = try await Store.open(
            self.configuration.store,
            mode: .serve,
            logger: Logger(label: "wonkey.store")
        )
        let services = try CurlServiceClient()
        do {
            try await self.serve(on: group, store: store, services: services, tls: tls, upstreams: upstreams)
        } catch {
            await self.close(group, store, services)
            throw error
        }
        await self.close(group, store, services)
        switch self.report.outcome {
        case .finished: break
        case .requestsCut: throw StartError.drainTimedOut
        }
    }

    private func close(
        _ group: MultiThreadedEventLoopGroup,
        _ store: Store,
        _ services: CurlServiceClient
    ) async {
        services.shutdown()
        await store.close()
        do {
            try await group.shutdownGracefully()
        } catch {
            self.logger.debug("event loops did not stop cleanly", metadata: ["error": "\(error)"])
        }
    }

    private func serve(
        on group: MultiThreadedEventLoopGroup,
        store: Store,
        services: CurlServiceClient,
        tls: ListenerTLS,
        upstreams: UpstreamSet
    ) async throws {
        let keys = KeyServices(self.configuration, store: store)
        let counters = try await Counters(self.configuration.counters, on: group, registry: self.registry)
        let requestLog = try RequestLog(self.configuration.logs, store: store, metrics: self.registry)
        let telemetry = try TelemetryParts(self.configuration, client: services, registry: self.registry)
        let watch = UpstreamWatch()
        watch.take(upstreams.monitors)
        await UpstreamWatch.prepare(upstreams.monitors.values)
        let readiness = Readiness(
            generation: 1,
            hash: self.loaded.hash,
            isStoreConnected: { keys.watcher.isConnected },
            isKeyCacheUsable: { keys.isCacheUsable },
            counters: { counters.mode },
            upstreams: { watch.states }
        )
        let resources = GatewayResources(
            cache: keys.cache,
            loader: keys.loader,
            metrics: GatewayMetrics(
                registry: self.registry,
                routes: self.configuration.routes.map(\.name),
                upstreams: Array(self.configuration.upstreams.keys),
                limits: Array(self.configuration.limits.keys)
            ),
            clock: SystemClock(),
            logger: Logger(label: "wonkey.gateway")
        )
        let malformed = MalformedRequests(self.registry, log: telemetry.telemetry?.accessLog, clock: SystemClock())
        let handshakes = Handshakes(self.registry)
        let refusedConnections = RefusedConnections(self.registry)
        let loops = LoopRegister(
            self.configuration.snapshot(generation: 1, services: services, upstreams: upstreams)
        )
        let server = HTTPServer(
            group: group,
            limits: self.configuration.server.limits,
            logger: Logger(label: "wonkey.http"),
            onMalformedRequest: { malformed.note($0) },
            onHandshake: { handshakes.count($0) },
            onRefusedConnection: { refusedConnections.count($0) },
            makeFactory: { eventLoop in
                let loop = GatewayLoop(
                    eventLoop: eventLoop,
                    snapshot: loops.snapshot,
                    resources: resources,
                    gate: counters.gate(of: eventLoop),
                    replays: counters.replays(of: eventLoop),
                    records: requestLog.makeBuffer(eventLoop: eventLoop),
                    telemetry: telemetry.telemetry?.part(of: eventLoop),
                    seed: UInt64.random(in: .min ... .max)
                )
                loops.add(loop, on: eventLoop)
                return loop
            }
        )
        ProcessMetrics.register(in: self.registry, keys: keys, server: server)
        watch.register(in: self.registry)
        let reloader = ConfigurationReloader(
            first: .init(number: 1, loaded: self.loaded, upstreams: upstreams),
            parts: .init(
                group: group,
                services: services,
                server: server,
                loops: loops,
                keys: keys,
                requestLog: requestLog,
                watch: watch,
                metrics: resources.metrics,
                readiness: readiness
            ),
            metrics: ReloadMetrics(self.registry, generation: 1, hash: self.loaded.hash, now: SystemClock().now),
            logger: Logger(label: "wonkey.config")
        )
        self.logger.notice("configuration read", metadata: ["generation": "1", "hash": "\(self.loaded.hash)"])
        try await self.runGroup(
            group,
            server,
            tls,
            loops,
            readiness,
            keys,
            counters,
            requestLog,
            reloader,
            self.cleaners(store) + [watch] + telemetry.services
        )
    }

    /// On SQLite the sidecar deletes old log rows itself, since nobody else may be there to do it.
    ///
    /// In PostgreSQL its role may not delete; `wonkey-admin serve` does it there.
    private func cleaners(_ store: Store) -> [any Service] {
        switch self.configuration.store {
        case .sqlite:
            let logger = Logger(label: "wonkey.log")
            return [LogCleaning(store.cleaner(self.configuration.logs.retention, logger: logger))]
        case .postgres: return []
        }
    }

    /// Services stop in reverse order: the listeners first, the log after them, the operations listener last.
    private func runGroup(
        _ group: MultiThreadedEventLoopGroup,
        _ server: HTTPServer,
        _ tls: ListenerTLS,
        _ loops: LoopRegister,
        _ readiness: Readiness,
        _ keys: KeyServices,
        _ counters: Counters,
        _ requestLog: RequestLog,
        _ reloader: ConfigurationReloader,
        _ others: [any Service]
    ) async throws {
        let registry = self.registry
        var services: [any Service] = [SecondSignal()]
        if let operations = self.places.operations {
            let operationsServer = HTTPServer(group: group, logger: Logger(label: "wonkey.operations")) { _ in
                OperationsHandlerFactory(
                    readiness: readiness,
                    metrics: registry,
                    comparison: DiffEndpoint(reloader: reloader, keys: keys.cache)
                )
            }
            services.append(OperationsService(server: operationsServer, place: operations))
        }
        let certificates = TLSReloadService(
            parts: { tls.named + reloader.current.upstreams.tls },
            metrics: TLSMetrics(registry),
            logger: Logger(label: "wonkey.tls")
        )
        services.append(certificates)
        // A loop that hangs is a process that hangs.
        services.append(
            WatchdogService(manager: self.manager) {
                for loop in group.makeIterator() { try? await loop.submit {}.get() }
            }
        )
        services.append(requestLog)
        services.append(LoaderService(loader: keys.loader))
        services.append(WatcherService(watcher: keys.watcher))
        services.append(CountersService(counters: counters))
        services += others
        services.append(
            ProxyService(
                server: server,
                listeners: self.places.listeners(tls),
                manager: self.manager,
                report: self.report,
                drain: { reloader.current.loaded.configuration.server.drain },
                readiness: readiness,
                loops: loops,
                logger: self.logger
            )
        )
        services.append(ReloadService(reloader: reloader, certificates: certificates, manager: self.manager))
        let serviceGroup = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: $0, failureTerminationBehavior: .gracefullyShutdownGroup) },
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: Logger(label: "wonkey.services")
            )
        )
        try await serviceGroup.run()
    }
}
