import Synchronization
import WonkeyCore

/// Which configuration is served, and how taking over the last one went.
final class ReloadMetrics: Sendable {
    private struct State {
        var generation: Int
        var hash: String
        var hasSucceeded = true
        var triedAt: Timestamp
        var succeededAt: Timestamp
    }

    private let state: Mutex<State>
    private let succeeded: Counter
    private let failed: Counter

    init(_ registry: MetricsRegistry, generation: Int, hash: String, now: Timestamp) {
        self.state = Mutex(State(generation: generation, hash: hash, triedAt: now, succeededAt: now))
        let reloads = registry.counters(
            "config_reloads",
            help: "Times the configuration was read again, by how that went.",
            labels: ["result"]
        )
        self.succeeded = reloads.child("succeeded")
        self.failed = reloads.child("failed")
        registry.gauge("config_generation", help: "Rises with each configuration taken over.") { [weak self] in
            self.map { Double($0.current.generation) }
        }
        registry.gauges(
            "config_info",
            help: "1, with the beginning of the SHA-256 of the configuration file that is served.",
            labels: ["hash"]
        ) { [weak self] in
            self.map { [(labels: [$0.current.hash], value: 1)] } ?? []
        }
        registry.gauge("config_last_reload_successful", help: "1 if the configuration read last is served.") {
            [weak self] in self.map { $0.current.hasSucceeded ? 1 : 0 }
        }
        registry.gauge(
            "config_last_reload_timestamp_seconds",
            help: "When the configuration was read last, since the Unix epoch."
        ) { [weak self] in self.map { Double($0.current.triedAt.millisecondsSinceEpoch) / 1_000 } }
        registry.gauge(
            "config_last_reload_success_timestamp_seconds",
            help: "When the configuration that is served was taken over, since the Unix epoch."
        ) { [weak self] in self.map { Double($0.current.succeededAt.millisecondsSinceEpoch) / 1_000 } }
    }

    private var current: State { self.state.withLock(\.self) }

    func reloaded(generation: Int, hash: String, now: Timestamp) {
        self.succeeded.increment()
        self.state.withLock {
            $0 = State(generation: generation, hash: hash, triedAt: now, succeededAt: now)
        }
    }

    func reloadFailed(now: Timestamp) {
        self.failed.increment()
        self.state.withLock { state in
            state.hasSucceeded = false
            state.triedAt = now
        }
    }
}
