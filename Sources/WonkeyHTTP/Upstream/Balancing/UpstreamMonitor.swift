package import Logging
internal import NIOCore
internal import Synchronization
package import WonkeyCore

/// Knows the targets of one upstream and their condition, and tells the balancers of all event loops.
///
/// Balancers hold a table of their own; a change is handed to each on its loop. The lock is taken when something
/// changes or fails, never on the way of a request that goes well.
package final class UpstreamMonitor: Sendable {
    private struct State {
        var machine: HealthStateMachine
        /// What each configured target stands for, in their order; `nil` until it was resolved.
        var resolved: [[TargetDefinition]?]
        var table = TargetTable()
        var balancers: [NIOLoopBound<UpstreamBalancer>] = []

        mutating func updateCondition(of name: String) {
            for index in self.table.entries.indices where self.table.entries[index].name == name {
                self.table.entries[index].condition = self.machine.condition(of: name)
            }
        }
    }

    /// More targets than these are left out.
    private static let targetsMax = 256
    /// How soon a name that could not be resolved is asked for again, at the latest.
    private static let resolveAgain: Duration = .seconds(5)

    package let upstream: BalancedUpstream
    let clock: any MonotonicClock
    private let resolver: any NameResolver
    private let prober: (any TargetProber)?
    private let logger: Logger
    private let state: Mutex<State>

    /// Makes a monitor whose fixed targets are all available.
    ///
    /// - Parameters:
    ///   - upstream: Its targets, and how they are watched.
    ///   - resolver: Asked where targets are discovered.
    ///   - prober: Asked where there are active checks.
    ///   - clock: Shared with the balancers.
    ///   - logger: Gets changes of condition.
    package init(
        _ upstream: BalancedUpstream,
        resolver: any NameResolver,
        prober: (any TargetProber)?,
        clock: any MonotonicClock = SystemMonotonicClock(),
        logger: Logger
    ) {
        self.upstream = upstream
        self.resolver = resolver
        self.prober = prober
        self.clock = clock
        self.logger = logger
        let isFixed = upstream.discovery == .fixed
        let resolved = upstream.targets.map { isFixed ? [$0] : nil }
        self.state = Mutex(State(machine: HealthStateMachine(upstream.balancing.health), resolved: resolved))
        if isFixed { self.takeTargets(sinceMs: nil) }
    }

    /// The targets now.
    package var table: TargetTable { self.state.withLock(\.table) }

    /// How the targets are, by name.
    package var states: [String: TargetState] {
        let nowMs = self.clock.nowMs
        return Dictionary(
            uniqueKeysWithValues: self.table.entries.map { ($0.name, $0.condition.state(at: nowMs)) }
        )
    }

    /// Tells a balancer the table, and every later one; called on its loop.
    func subscribe(_ balancer: UpstreamBalancer) -> TargetTable {
        let bound = NIOLoopBound(balancer, eventLoop: balancer.eventLoop)
        return self.state.withLock { state in
            state.balancers.append(bound)
            return state.table
        }
    }

    /// Tells a balancer nothing any more; called on its loop.
    func unsubscribe(_ balancer: UpstreamBalancer) {
        let loop = ObjectIdentifier(balancer.eventLoop)
        self.state.withLock { state in
            state.balancers.removeAll { ObjectIdentifier($0.eventLoop) == loop && $0.value === balancer }
        }
    }

    /// Makes a change and publishes it, unless it was none.
    private func change(_ body: (inout State) -> Bool) {
        let news = self.state.withLock { state -> (TargetTable, [NIOLoopBound<UpstreamBalancer>])? in
            guard body(&state) else { return nil }
            state.table.generation += 1
            return (state.table, state.balancers)
        }
        guard let (table, balancers) = news else { return }
        for balancer in balancers { balancer.eventLoop.execute { balancer.value.take(table) } }
    }

    private func log(_ message: Logger.Message, _ metadata: Logger.Metadata) {
        self.logger.notice(
            message,
            metadata: metadata.merging(["upstream": "\(self.upstream.name)"]) { old, _ in old }
        )
    }
}

// MARK: - Condition

extension UpstreamMonitor {
    /// A balancer saw as many failures in a row as eject a target.
    func failedInRow(_ name: String) {
        let nowMs = self.clock.nowMs
        var condition: TargetCondition?
        self.change { state in
            guard state.machine.failedInRow(name, at: nowMs) else { return false }
            state.updateCondition(of: name)
            condition = state.machine.condition(of: name)
            return true
        }
        guard case .ejected(let untilMs)? = condition else { return }
        self.log("target ejected", ["target": "\(name)", "for_ms": "\(untilMs - nowMs)"])
    }

    /// Checks every target once.
    package func check() async {
        guard let prober = self.prober else { return }
        await withTaskGroup(of: (String, HealthStateMachine.CheckOutcome).self) { group in
            for entry in self.table.entries {
                group.addTask { (entry.name, await prober.probe(entry.definition)) }
            }
            for await (name, outcome) in group { self.checked(outcome, of: name) }
        }
    }

    private func checked(_ outcome: HealthStateMachine.CheckOutcome, of name: String) {
        let nowMs = self.clock.nowMs
        var hasChanged = false
        self.change { state in
            hasChanged = state.machine.checked(outcome, of: name, at: nowMs)
            if hasChanged { state.updateCondition(of: name) }
            return hasChanged
        }
        guard hasChanged else { return }
        switch outcome {
        case .passed: self.log("target is healthy again", ["target": "\(name)"])
        case .failed: self.log("target is unhealthy", ["target": "\(name)"])
        }
    }
}

// MARK: - Discovery

extension UpstreamMonitor {
    private enum Found: Sendable {
        case targets([TargetDefinition], timeToLive: Duration?)
        case failed(ResolutionError)
    }

    /// Resolves every name once; what cannot be resolved stays as it was.
    ///
    /// - Returns: How long to wait until the next time.
    package func resolve() async -> Duration {
        let every: Duration
        switch self.upstream.discovery {
        case .fixed: return .seconds(86_400)
        case .addresses(let interval), .services(let interval): every = interval
        }
        let found = await withTaskGroup(of: (Int, Found).self) { group in
            for (index, target) in self.upstream.targets.enumerated() {
                group.addTask { (index, await self.find(target)) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        let nowMs = self.clock.nowMs
        let isFirst = self.table.generation == 0
        var wait = every
        for (index, result) in found {
            switch result {
            case .targets(let targets, let timeToLive):
                self.state.withLock { $0.resolved[index] = targets }
                if let timeToLive { wait = min(wait, max(.seconds(1), timeToLive)) }
            case .failed(let error):
                wait = min(wait, Self.resolveAgain)
                let name = self.upstream.targets[index].place.description
                self.log("a target's name could not be resolved", ["target": "\(name)", "error": "\(error.message)"])
            }
        }
        self.takeTargets(sinceMs: isFirst ? nil : nowMs)
        return wait
    }

    private func find(_ target: TargetDefinition) async -> Found {
        guard case .tcp(let host, let port) = target.place, IPAddress(host) == nil else {
            return .targets([target], timeToLive: nil)
        }
        do throws(ResolutionError) {
            switch self.upstream.discovery {
            case .fixed: return .targets([target], timeToLive: nil)
            case .addresses:
                let answer = try await self.resolver.addresses(of: host)
                let targets = answer.records.map(\.description).sorted().map { address in
                    TargetDefinition(
                        place: .tcp(host: address, port: port),
                        weight: target.weight,
                        priority: target.priority,
                        authority: target.authority,
                        serverName: target.serverName
                    )
                }
                return .targets(targets, timeToLive: answer.timeToLive)
            case .services:
                let answer = try await self.resolver.services(of: host)
                return .targets(self.targets(of: answer.records), timeToLive: answer.timeToLive)
            }
        } catch {
            return .failed(error)
        }
    }

    /// Every server, those of the best priority first; the weights of each priority are scaled down to 1 to 100.
    private func targets(of records: [ServiceRecord]) -> [TargetDefinition] {
        let weightsMax = Dictionary(records.map { ($0.priority, $0.weight) }, uniquingKeysWith: max)
        let usualPort = self.upstream.settings.tls == nil ? 80 : 443
        return records.map { server in
            let divisor = max(1, (weightsMax[server.priority, default: 1] + 99) / 100)
            return TargetDefinition(
                place: .tcp(host: server.host, port: server.port),
                weight: max(1, server.weight / divisor),
                priority: server.priority,
                authority: server.port == usualPort ? server.host : "\(server.host):\(server.port)",
                serverName: server.host
            )
        }
        .sorted { ($0.priority, $0.place.description) < ($1.priority, $1.place.description) }
    }

    /// Takes over what the configured targets stand for now.
    private func takeTargets(sinceMs: Int?) {
        var names: [String]?
        self.change { state in
            var seen: Set<UpstreamTarget> = []
            let targets = state.resolved.flatMap { $0 ?? [] }.filter { seen.insert($0.place).inserted }
                .prefix(Self.targetsMax)
            guard Array(targets) != state.table.entries.map(\.definition) else { return false }
            state.machine.replaceTargets(targets.map(\.place.description), sinceMs: sinceMs)
            state.table.entries = targets.map { target in
                TargetTable.Entry(
                    definition: target,
                    condition: state.machine.condition(of: target.place.description)
                )
            }
            if self.upstream.balancing.policy == .consistentHash {
                state.table.ring = HashRing(state.table.entries.map { ($0.name, $0.definition.weight) })
            }
            names = state.table.entries.map(\.name)
            return true
        }
        guard let names, self.upstream.discovery != .fixed else { return }
        self.log("targets have changed", ["targets": "\(names.joined(separator: " "))"])
    }
}

// MARK: - Running

extension UpstreamMonitor {
    /// Whether ``run(clock:)`` has anything to do.
    package var hasWork: Bool {
        self.upstream.discovery != .fixed || self.upstream.balancing.health.active != nil
    }

    /// Resolves and checks in their intervals until cancelled.
    ///
    /// - Parameter clock: Measures the intervals.
    package func run(clock: any Clock<Duration> = ContinuousClock()) async {
        await withDiscardingTaskGroup { group in
            if self.upstream.discovery != .fixed {
                group.addTask { await self.keepResolving(clock) }
            }
            if let active = self.upstream.balancing.health.active {
                group.addTask { await self.keepChecking(every: active.interval, clock) }
            }
        }
    }

    private func keepResolving(_ clock: any Clock<Duration>) async {
        while !Task.isCancelled {
            let wait = await self.resolve()
            try? await clock.sleep(for: wait)
        }
    }

    private func keepChecking(every interval: Duration, _ clock: any Clock<Duration>) async {
        while !Task.isCancelled {
            await self.check()
            try? await clock.sleep(for: interval)
        }
    }
}
