import Foundation
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals
import WonkeyAdmin
import WonkeyConfig
import WonkeyCore
import WonkeyStore
import WonkeyWiring

/// Puts the management service together out of a configuration and runs it.
struct ManagementServer {
    private let configuration: Configuration
    private let keyFormat: KeyFormat
    private let environment: [String: String]
    private let logger = Logger(label: "wonkey-admin")

    /// Checks what the configuration alone cannot.
    ///
    /// - Throws: ``CommandFailure``.
    init(_ configuration: Configuration, file: String, environment: [String: String]) throws {
        self.configuration = configuration
        self.keyFormat = try Session.keyFormat(configuration, file: file)
        self.environment = environment
    }

    /// Serves until SIGTERM or SIGINT, then finishes running requests.
    func run() async throws {
        signal(SIGPIPE, SIG_IGN)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: min(max(System.coreCount, 1), 8))
        let store = try await Store.open(
            self.configuration.store,
            mode: .serve,
            logger: Logger(label: "wonkey-admin.store")
        )
        do {
            try await self.serve(on: group, store: store)
        } catch {
            await self.close(group, store)
            throw error
        }
        await self.close(group, store)
    }

    private func close(_ group: MultiThreadedEventLoopGroup, _ store: Store) async {
        await store.close()
        do {
            try await group.shutdownGracefully()
        } catch {
            self.logger.debug("event loops did not stop cleanly", metadata: ["error": "\(error)"])
        }
    }

    private func serve(on group: MultiThreadedEventLoopGroup, store: Store) async throws {
        let accounts = try await AccountServices.start(
            self.configuration,
            environment: self.environment,
            store: store,
            on: group.next()
        )
        let drain = DrainState()
        let registry = MetricsRegistry()
        self.warnAboutOpenness()
        do {
            let ports = self.services(store: store, accounts: accounts, drain: drain)
            StoreMetrics.register(in: registry, store: store)
            let listeners = self.listeners(ports, metrics: registry, drain: drain, on: group)
            try await self.run([SecondSignal(), self.cleaning(store)] + listeners)
        } catch {
            await accounts.stop()
            throw error
        }
        await accounts.stop()
        self.logger.info("drained")
    }

    /// Services stop in reverse order: the public listener first, the operations listener after it.
    private func run(_ services: [any Service]) async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0, failureTerminationBehavior: .gracefullyShutdownGroup) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "wonkey-admin.services")
        )
        configuration.maximumGracefulShutdownDuration = self.configuration.management.drain
        try await ServiceGroup(configuration: configuration).run()
    }

    private func cleaning(_ store: Store) -> LogCleaning {
        let logger = Logger(label: "wonkey-admin.log")
        return LogCleaning(store.cleaner(self.configuration.logs.retention, logger: logger))
    }

    private func listeners(
        _ ports: ManagementServices,
        metrics registry: MetricsRegistry,
        drain: DrainState,
        on group: any EventLoopGroup
    ) -> [any Service] {
        let (logger, management) = (self.logger, self.configuration.management)
        let api = ManagementService(
            services: ports,
            settings: self.settings,
            metrics: ServiceMetrics(registry: registry),
            on: group,
            drain: drain,
            logger: logger,
            onListening: { address in
                logger.info("listening", metadata: ["address": "\(address?.description ?? "")"])
            }
        )
        let open = Listening(service: api, address: management.address)
        guard let address = management.operations?.address else { return [open] }
        let operations = OperationsService(
            at: ServingSettings.Address(address),
            readiness: ports.readiness,
            metrics: registry,
            clock: ports.clock,
            on: group,
            logger: logger
        )
        return [Listening(service: operations, address: address), open]
    }

    private func services(
        store: Store,
        accounts: AccountServices,
        drain: DrainState
    ) -> ManagementServices {
        ManagementServices(
            administration: { store.administration(for: $0, under: $1) },
            logs: { store.logs(for: $0) },
            idempotency: { store.idempotency(for: $0) },
            sealing: accounts.signIn.tokens.ring,
            authenticator: accounts.authenticator,
            signIn: accounts.signIn,
            clock: SystemClock(),
            keyFormat: self.keyFormat,
            limitNames: Set(self.configuration.limits.keys),
            readiness: {
                if drain.isDraining { return .draining }
                do {
                    _ = try await store.changes.latest()
                    return .ready
                } catch {
                    return .storeUnavailable
                }
            }
        )
    }

    private var settings: ServingSettings {
        let management = self.configuration.management
        var settings = ServingSettings(address: ServingSettings.Address(management.address))
        settings.bodyMax = management.bodyLimit
        settings.bodyTimeout = management.timeouts.body
        settings.idleTimeout = management.timeouts.idle
        settings.requestTimeout = management.timeouts.request
        settings.connectionsMax = management.connections
        settings.crossOrigin = CrossOriginPolicy(allowedOrigins: Set(management.crossOrigin.allowedOrigins))
        settings.trustedProxies = management.trustedProxies
        return settings
    }

    /// Passwords and tokens travel here: in clear they belong on loopback, or behind something that does TLS.
    private func warnAboutOpenness() {
        guard case .tcp(let host, _) = self.configuration.management.address, let address = IPAddress(host) else {
            return
        }
        let loopbacks = ["127.0.0.0/8", "::1/128"].compactMap { AddressRange($0) }
        guard !loopbacks.contains(where: { $0.contains(address) }) else { return }
        self.logger.warning(
            "listening beyond this machine without TLS; put a TLS proxy in front and keep the port closed to others",
            metadata: ["address": "\(self.configuration.management.address)"]
        )
    }
}

extension ServingSettings.Address {
    init(_ endpoint: WonkeyConfig.Endpoint) {
        switch endpoint {
        case .tcp(let host, let port): self = .tcp(host: host, port: port)
        case .unix(let path): self = .unix(path: path)
        }
    }
}

/// A listener that says which address it could not have.
private struct Listening<Listener: Service>: Service {
    let service: Listener
    let address: WonkeyConfig.Endpoint

    func run() async throws {
        do {
            try await self.service.run()
        } catch let error as IOError {
            throw CommandFailure(status: 1, message: "cannot listen on \(self.address): \(error.description)")
        }
    }
}
