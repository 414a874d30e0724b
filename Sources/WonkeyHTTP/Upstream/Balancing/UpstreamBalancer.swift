package import Logging
package import NIOCore
package import WonkeyCore

/// Sends requests to the targets of an upstream; used on its event loop only.
package final class UpstreamBalancer {
    enum Pick {
        case target(BalancedTarget, BreakerStateMachine.Ticket?)
        case none(UpstreamFault)
    }

    package let eventLoop: any EventLoop
    let monitor: UpstreamMonitor
    let settings: BalancingSettings
    let counters: UpstreamMetrics.RetryCounters
    private let metrics: UpstreamMetrics
    private let logger: Logger
    private var table = TargetTable()
    private var targets: [BalancedTarget] = []
    private var chooser: TargetChooser
    private var budget: RetryBudget
    /// Some share changes by itself as time passes.
    private var hasTimedShares = false
    private var hasShares = false
    /// Whose turn it is while no target is healthy.
    private var turn = 0
    private(set) var isShutDown = false

    /// Makes the balancer of one loop; called on that loop.
    ///
    /// - Parameters:
    ///   - eventLoop: Runs everything here.
    ///   - monitor: Knows the targets.
    ///   - metrics: Of the process.
    ///   - logger: For the pools.
    package init(eventLoop: any EventLoop, monitor: UpstreamMonitor, metrics: UpstreamMetrics, logger: Logger) {
        self.eventLoop = eventLoop
        self.monitor = monitor
        self.settings = monitor.upstream.balancing
        self.metrics = metrics
        self.counters = metrics.retries(of: monitor.upstream.name)
        self.logger = logger
        self.chooser = TargetChooser(policy: .roundRobin, weights: [], loads: [])
        self.budget = RetryBudget(percent: self.settings.retries.budgetPercent)
        self.take(monitor.subscribe(self))
    }

    /// What the hash of a request is made of; `nil` if none is needed.
    package var hashSource: HashSource? {
        switch self.settings.policy {
        case .roundRobin, .leastRequests: nil
        case .consistentHash: self.settings.hash
        }
    }

    /// Requests waiting for a connection.
    package var pendingCount: Int { self.targets.reduce(0) { $0 + $1.pool.pendingCount } }

    /// Sends a request to one of the targets, and to another one where that is allowed and needed.
    ///
    /// - Parameters:
    ///   - head: See ``UpstreamPool/send(_:receiver:)``.
    ///   - hash: For consistent hashing.
    ///   - observer: Told of each try.
    ///   - receiver: Takes the answer; not called before this returns.
    /// - Returns: The exchange.
    package func send(
        _ head: OutgoingHead,
        hash: UInt64?,
        observer: (any UpstreamTryObserver)? = nil,
        receiver: any UpstreamReceiver
    ) -> BalancedExchange {
        self.budget.requestBegan()
        let exchange = BalancedExchange(head, hash: hash, observer: observer, receiver: receiver, balancer: self)
        exchange.begin()
        return exchange
    }

    /// Closes idle connections, lets running exchanges end, and refuses new ones.
    package func shutdown() {
        self.isShutDown = true
        for target in self.targets { target.pool.shutdown() }
    }

    /// Serves the requests that still come this way with the targets of now, and keeps no connection for others.
    ///
    /// Goes when the last of them is over.
    package func retire() {
        self.monitor.unsubscribe(self)
        for target in self.targets { target.pool.retire() }
    }

    /// The monitor has news.
    func take(_ table: TargetTable) {
        // Two changes at nearly the same time may arrive in either order.
        guard table.generation > self.table.generation, !self.isShutDown else { return }
        self.table = table
        var old = Dictionary(uniqueKeysWithValues: self.targets.map { ($0.name, $0) })
        self.targets = table.entries.enumerated().map { index, entry in
            let known = old[entry.name].flatMap { $0.authority == entry.definition.authority ? $0 : nil }
            let target = known ?? self.makeTarget(entry)
            if known != nil { old[entry.name] = nil }
            target.slot = index
            return target
        }
        self.chooser = TargetChooser(
            policy: self.settings.policy,
            weights: self.targets.map { _ in 0 },
            loads: self.targets.map(\.load),
            priorities: table.entries.map(\.definition.priority),
            ring: table.ring
        )
        self.updateShares(at: self.monitor.clock.nowMs)
        // Last, since what waited in these pools is sent elsewhere now.
        for target in old.values {
            target.slot = nil
            target.pool.shutdown()
        }
    }

    private func makeTarget(_ entry: TargetTable.Entry) -> BalancedTarget {
        let settings = self.monitor.upstream.settings(for: entry.definition)
        let name = self.monitor.upstream.name
        return BalancedTarget(
            entry,
            pool: UpstreamPool(
                eventLoop: self.eventLoop,
                settings: settings,
                logger: self.logger,
                pending: self.metrics.pending(of: name)
            ),
            breaker: self.settings.breaker.map { BreakerStateMachine($0, nowMs: self.monitor.clock.nowMs) },
            counters: self.metrics.target(entry.name, of: name)
        )
    }
}

// MARK: - Choosing

extension UpstreamBalancer {
    /// Chooses the target of an attempt, and begins it.
    ///
    /// One that was not tried is preferred. While every target is unhealthy all are tried: a check may be wrong, and
    /// there is nothing to lose.
    func pick(hash: UInt64?, tried: [BalancedTarget]) -> Pick {
        guard !self.isShutDown else { return .none(.shutDown) }
        let needsTime = self.hasTimedShares || self.settings.breaker != nil
        let nowMs = needsTime ? self.monitor.clock.nowMs : 0
        if self.hasTimedShares { self.updateShares(at: nowMs) }
        let index =
            self.choose(hash, nowMs) { target in !tried.contains { $0 === target } }
            ?? (tried.isEmpty ? nil : self.choose(hash, nowMs) { _ in true })
        guard let index else { return .none(self.whyNone(at: nowMs)) }
        let target = self.targets[index]
        self.chooser.requestBegan(at: index)
        return .target(target, target.begin(at: nowMs))
    }

    private func choose(_ hash: UInt64?, _ nowMs: Int, _ isWanted: (BalancedTarget) -> Bool) -> Int? {
        let targets = self.targets
        func isUsable(_ index: Int) -> Bool {
            let target = targets[index]
            return isWanted(target) && !target.pool.isFull && target.refusal(at: nowMs) == nil
        }
        if self.hasShares { return self.chooser.choose(hash: hash, isUsable: isUsable) }
        for step in 0..<targets.count where isUsable((self.turn + step) % targets.count) {
            let index = (self.turn + step) % targets.count
            self.turn = index + 1
            return index
        }
        return nil
    }

    private func whyNone(at nowMs: Int) -> UpstreamFault {
        guard !self.targets.isEmpty else { return .unreachable }
        guard let delay = self.targets.compactMap({ $0.refusal(at: nowMs) }).min() else { return .overloaded }
        return .circuitOpen(retryAfterSeconds: max(1, Int((delay.milliseconds + 999) / 1_000)))
    }

    private func updateShares(at nowMs: Int) {
        self.hasTimedShares = false
        self.hasShares = false
        for (index, entry) in self.table.entries.enumerated() {
            let share = entry.condition.share(at: nowMs, slowStart: self.settings.health.slowStart)
            self.chooser.setWeight(entry.definition.weight * share.percent, of: index)
            if !share.isFinal { self.hasTimedShares = true }
            if share.percent > 0 { self.hasShares = true }
        }
    }
}

// MARK: - What exchanges report

extension UpstreamBalancer {
    /// What became of an attempt is known.
    func settle(_ target: BalancedTarget, _ outcome: BalancedTarget.Outcome, _ ticket: BreakerStateMachine.Ticket?) {
        let isToBeEjected = target.settle(
            outcome,
            ticket,
            failuresMax: self.settings.health.passive.failures,
            at: self.monitor.clock.nowMs
        )
        if isToBeEjected { self.monitor.failedInRow(target.name) }
    }

    /// An attempt is over.
    func ended(_ target: BalancedTarget) {
        target.end()
        if let slot = target.slot { self.chooser.requestEnded(at: slot) }
    }

    /// Whether the budget allows another attempt.
    func takeRetry() -> Bool {
        guard !self.isShutDown else { return false }
        guard self.budget.take() else {
            self.counters.refusals.increment()
            return false
        }
        return true
    }

    /// The head as it goes to a target.
    func head(_ head: OutgoingHead, for target: BalancedTarget) -> OutgoingHead {
        self.monitor.upstream.namesTargets ? head.naming(target.authority) : head
    }
}
