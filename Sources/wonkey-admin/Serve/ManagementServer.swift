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
        let logger = self.logger
        let management = ManagementService(
            services: try self.services(store: store, accounts: accounts, drain: drain),
            settings: self.settings,
            on: group,
            drain: drain,
            logger: logger,
            onListening: { address in
                logger.info("listening", metadata: ["address": "\(address?.description ?? "")"])
            }
        )
        self.warnAboutOpenness()
        var services = ServiceGroupConfiguration(
            services: [
                .init(service: SecondSignal(), failureTerminationBehavior: .gracefullyShutdownGroup),
                .init(
                    service: LogCleaning(
                        store.cleaner(
                            self.configuration.logs.retention,
                            logger: Logger(label: "wonkey-admin.log")
                        )
                    ),
                    failureTerminationBehavior: .gracefullyShutdownGroup
                ),
                .init(service: management, failureTerminationBehavior: .gracefullyShutdownGroup),
            ],
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: Logger(label: "wonkey-admin.services")
        )
        services.maximumGracefulShutdownDuration = self.configuration.management.drain
        do {
            try await ServiceGroup(configuration: services).run()
        } catch {
            await accounts.stop()
            throw Self.failure(error, at: self.configuration.management.address)
        }
        await accounts.stop()
        logger.info("drained")
    }

    private func services(
        store: Store,
        accounts: AccountServices,
        drain: DrainState
    ) throws -> ManagementServices {
        ManagementServices(
            administration: { store.administration(for: $0) },
            logs: { store.logs(for: $0) },
            idempotency: { store.idempotency(for: $0) },
            serverSecret: try TokenSettings(self.configuration.management, environment: self.environment).secret
                ?? Secret(""),
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
        let address: ServingSettings.Address =
            switch management.address {
            case .tcp(let host, let port): .tcp(host: host, port: port)
            case .unix(let path): .unix(path: path)
            }
        var settings = ServingSettings(address: address)
        settings.bodyMax = management.bodyLimit
        settings.bodyTimeout = management.timeouts.body
        settings.idleTimeout = management.timeouts.idle
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

    private static func failure(_ error: any Error, at address: WonkeyConfig.Endpoint) -> any Error {
        guard let error = error as? IOError else { return error }
        return CommandFailure(status: 1, message: "cannot listen on \(address): \(error.description)")
    }
}
