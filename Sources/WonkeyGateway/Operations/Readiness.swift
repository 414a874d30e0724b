import Synchronization
import WonkeyCore

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
    /// What the parts of the process say, at the moment of asking.
    package struct Report: Equatable, Sendable {
        package var isDraining: Bool
        package var generation: Int
        package var isStoreConnected: Bool
        /// Whether cached keys may still serve, or the store was never reached.
        package var isKeyCacheUsable: Bool
        package var counters: CounterMode

        package init(
            isDraining: Bool,
            generation: Int,
            isStoreConnected: Bool,
            isKeyCacheUsable: Bool,
            counters: CounterMode
        ) {
            self.isDraining = isDraining
            self.generation = generation
            self.isStoreConnected = isStoreConnected
            self.isKeyCacheUsable = isKeyCacheUsable
            self.counters = counters
        }

        /// Not while draining, without usable keys, or while every request is refused for want of counters.
        package var isReady: Bool {
            !self.isDraining && self.isKeyCacheUsable && self.counters != .closed
        }

        /// The body of `/ready`.
        package var json: String {
            let status = self.isDraining ? "draining" : self.isReady ? "ready" : "not_ready"
            return #"{"status":"\#(status)","configuration":{"generation":\#(self.generation)},"#
                + #""store":"\#(self.isStoreConnected ? "connected" : "away")","#
                + #""keys":"\#(self.isKeyCacheUsable ? "usable" : "stale")","#
                + #""counters":"\#(self.counters.rawValue)"}"# + "\n"
        }
    }

    private let isDraining = Atomic<Bool>(false)
    private let generation: Int
    private let isStoreConnected: @Sendable () -> Bool
    private let isKeyCacheUsable: @Sendable () -> Bool
    private let counters: @Sendable () -> CounterMode

    /// Makes a readiness out of what tells the truth; all closures are called on event loops and must not block.
    package init(
        generation: Int,
        isStoreConnected: @escaping @Sendable () -> Bool,
        isKeyCacheUsable: @escaping @Sendable () -> Bool,
        counters: @escaping @Sendable () -> CounterMode
    ) {
        self.generation = generation
        self.isStoreConnected = isStoreConnected
        self.isKeyCacheUsable = isKeyCacheUsable
        self.counters = counters
    }

    /// From now on `/ready` answers 503.
    package func beginDraining() {
        self.isDraining.store(true, ordering: .relaxed)
    }

    package var report: Report {
        Report(
            isDraining: self.isDraining.load(ordering: .relaxed),
            generation: self.generation,
            isStoreConnected: self.isStoreConnected(),
            isKeyCacheUsable: self.isKeyCacheUsable(),
            counters: self.counters()
        )
    }
}
