import Synchronization
package import WonkeyCore
import WonkeyHTTP

/// How limits are decided right now, over all event loops.
package enum CounterMode: String, Sendable, CaseIterable {
    /// In Redis, shared by all proxies.
    case shared
    /// In this process; `memory:` is never anything else.
    case local
    /// Everything is admitted (`on_outage: allow`).
    case open
    /// Everything is refused (`on_outage: deny`).
    case closed
}

/// Whether this process should get traffic, and why not.
package final class Readiness: Sendable {
    /// How far the process is.
    package enum Phase: String, Sendable {
        /// The public listeners are not open yet.
        case starting
        case serving
        case draining
    }

    /// What the parts of the process say, at the moment of asking.
    package struct Report: Equatable, Sendable {
        package var phase: Phase
        package var generation: Int
        /// Names the content of the configuration file; empty leaves it out.
        package var hash = ""
        package var isStoreConnected: Bool
        /// Whether cached keys may still serve, or the store was never reached.
        package var isKeyCacheUsable: Bool
        package var counters: CounterMode
        /// By name, those with targets that are watched; they do not decide on readiness.
        package var upstreams: [String: [String: TargetState]]

        package init(
            phase: Phase,
            generation: Int,
            isStoreConnected: Bool,
            isKeyCacheUsable: Bool,
            counters: CounterMode,
            upstreams: [String: [String: TargetState]] = [:]
        ) {
            self.phase = phase
            self.generation = generation
            self.isStoreConnected = isStoreConnected
            self.isKeyCacheUsable = isKeyCacheUsable
            self.counters = counters
            self.upstreams = upstreams
        }

        /// Not before listening, not while draining, without usable keys, or while every request is refused for want of
        /// counters.
        package var isReady: Bool {
            self.phase == .serving && self.isKeyCacheUsable && self.counters != .closed
        }

        /// The body of `/ready`.
        package var json: String {
            let status =
                switch self.phase {
                case .starting, .draining: self.phase.rawValue
                case .serving: self.isReady ? "ready" : "not_ready"
                }
            return #"{"status":"\#(status)","configuration":{"generation":\#(self.generation)\#(self.hashJSON)},"#
                + #""store":"\#(self.isStoreConnected ? "connected" : "away")","#
                + #""keys":"\#(self.isKeyCacheUsable ? "usable" : "stale")","#
                + #""counters":"\#(self.counters.rawValue)"\#(self.upstreamsJSON)}"# + "\n"
        }

        private var hashJSON: String { self.hash.isEmpty ? "" : #","hash":"\#(self.hash)""# }

        private var upstreamsJSON: String {
            guard !self.upstreams.isEmpty else { return "" }
            let members = self.upstreams.mapValues { targets in
                ProblemDocument.Member.object(targets.mapValues { .string($0.rawValue) })
            }
            return #","upstreams":"# + ProblemDocument.Member.object(members).json
        }
    }

    private struct State {
        var phase = Phase.starting
        var generation: Int
        var hash: String
    }

    private let state: Mutex<State>
    private let isStoreConnected: @Sendable () -> Bool
    private let isKeyCacheUsable: @Sendable () -> Bool
    private let counters: @Sendable () -> CounterMode
    private let upstreams: @Sendable () -> [String: [String: TargetState]]

    /// Makes a readiness out of what tells the truth; all closures are called on event loops and must not block.
    package init(
        generation: Int,
        hash: String = "",
        isStoreConnected: @escaping @Sendable () -> Bool,
        isKeyCacheUsable: @escaping @Sendable () -> Bool,
        counters: @escaping @Sendable () -> CounterMode,
        upstreams: @escaping @Sendable () -> [String: [String: TargetState]] = { [:] }
    ) {
        self.state = Mutex(State(generation: generation, hash: hash))
        self.isStoreConnected = isStoreConnected
        self.isKeyCacheUsable = isKeyCacheUsable
        self.counters = counters
        self.upstreams = upstreams
    }

    /// Another configuration is served.
    package func serving(generation: Int, hash: String) {
        self.state.withLock { ($0.generation, $0.hash) = (generation, hash) }
    }

    /// The public listeners are open.
    package func beginServing() {
        self.state.withLock { $0.phase = .serving }
    }

    /// From now on `/ready` answers 503.
    package func beginDraining() {
        self.state.withLock { $0.phase = .draining }
    }

    package var report: Report {
        let state = self.state.withLock(\.self)
        var report = Report(
            phase: state.phase,
            generation: state.generation,
            isStoreConnected: self.isStoreConnected(),
            isKeyCacheUsable: self.isKeyCacheUsable(),
            counters: self.counters(),
            upstreams: self.upstreams()
        )
        report.hash = state.hash
        return report
    }
}
