import Foundation
import Logging
import NIOCore
import NIOPosix
import Synchronization
import WonkeyConfig
import WonkeyCore
import WonkeyGateway
import WonkeyHTTP
import WonkeyStore

/// Replaces what is served by what the configuration file says now: all of it that can change without a restart, or
/// nothing.
final class ConfigurationReloader: Sendable {
    /// What takes over a new generation.
    struct Parts: Sendable {
        let group: any EventLoopGroup
        let services: any ServiceClient
        let server: HTTPServer
        let loops: LoopRegister
        let keys: KeyServices
        let requestLog: RequestLog
        let watch: UpstreamWatch
        let metrics: GatewayMetrics
        let readiness: Readiness
    }

    /// One generation.
    struct Generation: Sendable {
        let number: Int
        let loaded: LoadedConfiguration
        let upstreams: UpstreamSet
    }

    private struct State {
        var current: Generation
        /// What a restart would change, as it was told last.
        var pending: [String] = []
    }

    /// What the process was started with: a restart is needed as long as the file has something else there.
    private let started: LoadedConfiguration
    private let parts: Parts
    private let metrics: ReloadMetrics
    private let logger: Logger
    private let files: WatchedFiles
    private let state: Mutex<State>

    /// Makes a reloader of a process that serves its first generation; blocks to look at the files.
    init(first: Generation, parts: Parts, metrics: ReloadMetrics, logger: Logger) {
        self.started = first.loaded
        self.parts = parts
        self.metrics = metrics
        self.logger = logger
        self.files = WatchedFiles(first.loaded.files)
        self.state = Mutex(State(current: first))
    }

    /// What is served.
    var current: Generation { self.state.withLock(\.current) }

    /// Whether the configuration file, or one it refers to, has changed and stayed so since the last look; blocks.
    var haveFilesChanged: Bool { self.files.haveChanged() }

    /// Reads the file and serves what it says; one call at a time.
    ///
    /// A faulty file changes nothing, and its faults are logged.
    func reload() async {
        let previous = self.current
        let number = previous.number + 1
        let outcome: Result<Generation, ReloadFailure>
        do {
            // Files are read on a thread of their own, where waiting for a disk holds up nobody.
            outcome = try await NIOThreadPool.singleton.runIfActive { self.load(number, replacing: previous) }
        } catch {
            // The process ends.
            return
        }
        switch outcome {
        case .failure(let failure):
            self.metrics.reloadFailed(now: SystemClock().now)
            failure.log(file: previous.loaded.fileName, generation: previous.number, to: self.logger)
        case .success(let generation): await self.serve(generation)
        }
    }

    /// Reads and builds aside all that can fail; blocks.
    private func load(_ number: Int, replacing previous: Generation) -> Result<Generation, ReloadFailure> {
        self.files.areReadAgain()
        do {
            let loaded = try LoadedConfiguration(
                file: previous.loaded.fileName,
                environment: ProcessInfo.processInfo.environment,
                inspection: .loading
            )
            let upstreams = try UpstreamSet(
                loaded.configuration.upstreams,
                replacing: previous.upstreams,
                generation: number,
                on: self.parts.group,
                logger: self.logger
            )
            self.files.replace(loaded.files)
            return .success(Generation(number: number, loaded: loaded, upstreams: upstreams))
        } catch let faults as ConfigurationFaults {
            return .failure(.faults(faults))
        } catch {
            return .failure(.certificate("\(StartError.describe(error))"))
        }
    }

    private func serve(_ generation: Generation) async {
        let configuration = generation.loaded.configuration
        let monitors = generation.upstreams.monitors
        await UpstreamWatch.prepare(monitors.values)
        self.parts.metrics.know(
            routes: configuration.routes.map(\.name),
            upstreams: Array(configuration.upstreams.keys),
            limits: Array(configuration.limits.keys)
        )
        let snapshot = configuration.snapshot(
            generation: generation.number,
            services: self.parts.services,
            upstreams: generation.upstreams
        )
        // Before the routes that may rely on them.
        self.parts.keys.update(configuration.keys)
        self.parts.server.update(configuration.server.limits)
        await self.parts.requestLog.setSampling(LogSampling(oneOutOf: configuration.logs.sample))
        self.parts.watch.take(monitors)
        await self.parts.loops.publish(snapshot)
        self.state.withLock { $0.current = generation }
        self.parts.readiness.serving(generation: generation.number, hash: generation.loaded.hash)
        self.metrics.reloaded(generation: generation.number, hash: generation.loaded.hash, now: SystemClock().now)
        self.logger.notice(
            "configuration taken over",
            metadata: ["generation": "\(generation.number)", "hash": "\(generation.loaded.hash)"]
        )
        self.tellOfRestart(generation.loaded)
    }

    /// Names the settings that only a restart changes, once for as long as they stay the same.
    private func tellOfRestart(_ loaded: LoadedConfiguration) {
        let paths = RestartSettings.changed(from: self.started.settings, to: loaded.settings)
        let isNews = self.state.withLock { state in
            defer { state.pending = paths }
            return state.pending != paths
        }
        guard isNews, !paths.isEmpty else { return }
        let places = paths.map { path in
            loaded.settings.entries[path]?.position.map { "\(path) (\(loaded.fileName):\($0.line):\($0.column))" }
                ?? path
        }
        self.logger.warning(
            "settings that need a restart have changed and keep their earlier values",
            metadata: ["settings": "\(places.joined(separator: ", "))"]
        )
    }
}

/// Why a configuration was not taken over.
enum ReloadFailure: Error {
    case faults(ConfigurationFaults)
    /// Says which file and why.
    case certificate(String)

    /// One message per fault.
    func log(file: String, generation: Int, to logger: Logger) {
        let faults: [String] =
            switch self {
            case .faults(let faults): faults.faults.map(\.description)
            case .certificate(let message): [message]
            }
        for fault in faults { logger.error("configuration fault", metadata: ["fault": "\(fault)"]) }
        logger.error(
            "the configuration is faulty and was not taken over; the earlier one stays in use",
            metadata: ["file": "\(file)", "faults": "\(faults.count)", "generation": "\(generation)"]
        )
    }
}
