import Logging
import ServiceLifecycle
import Synchronization
import WonkeyConfig
import WonkeyCore
import WonkeyHTTP

/// Keeps the monitors of all balanced upstreams going, of whatever generation is served.
final class UpstreamWatch: Service {
    /// How long the first resolution of names may hold up a generation.
    private static let resolutionMax: Duration = .seconds(5)

    private let monitors: Mutex<[String: UpstreamMonitor]>
    private let sets: AsyncStream<[UpstreamMonitor]>
    private let setEntrance: AsyncStream<[UpstreamMonitor]>.Continuation

    /// Watches nothing before ``take(_:)``.
    init() {
        self.monitors = Mutex([:])
        (self.sets, self.setEntrance) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Resolves every name that was not yet, so that the first requests find targets; what takes too long goes on
    /// beside them.
    static func prepare(_ monitors: some Sequence<UpstreamMonitor>) async {
        let discovering = monitors.filter { $0.upstream.discovery != .fixed && $0.table.generation == 0 }
        guard !discovering.isEmpty else { return }
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        let resolving = Task {
            await withDiscardingTaskGroup { group in
                for monitor in discovering { group.addTask { _ = await monitor.resolve() } }
            }
            end.finish()
        }
        let timer = Task {
            try? await Task.sleep(for: Self.resolutionMax)
            end.finish()
        }
        for await _ in ends {}
        timer.cancel()
        resolving.cancel()
    }

    /// Watches these from now on, and no others; those that are watched already go on.
    func take(_ monitors: [String: UpstreamMonitor]) {
        self.monitors.withLock { $0 = monitors }
        self.setEntrance.yield(Array(monitors.values))
    }

    /// How all targets are, by the names of upstream and target.
    var states: [String: [String: TargetState]] { self.monitors.withLock(\.self).mapValues(\.states) }

    /// Shows the targets' conditions.
    func register(in registry: MetricsRegistry) {
        registry.gauges(
            "upstream_target_state",
            help: "1 for the condition a target of a balanced upstream is in, 0 for the others.",
            labels: ["upstream", "target", "state"]
        ) {
            self.states.sorted { $0.key < $1.key }.flatMap { upstream, targets in
                targets.sorted { $0.key < $1.key }.flatMap { target, current in
                    TargetState.allCases.map { state in
                        (labels: [upstream, target, state.rawValue], value: state == current ? 1 : 0)
                    }
                }
            }
        }
    }

    /// Resolves names and checks targets until shutdown.
    func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                var running: [ObjectIdentifier: AsyncStream<Never>.Continuation] = [:]
                for await monitors in self.sets {
                    let wanted = monitors.filter(\.hasWork)
                    let kept = Set(wanted.map { ObjectIdentifier($0) })
                    for (id, stop) in running where !kept.contains(id) {
                        stop.finish()
                        running[id] = nil
                    }
                    for monitor in wanted where running[ObjectIdentifier(monitor)] == nil {
                        let (stopped, stop) = AsyncStream.makeStream(of: Never.self)
                        running[ObjectIdentifier(monitor)] = stop
                        group.addTask { await monitor.run(until: stopped) }
                    }
                }
            }
        }
    }
}

extension UpstreamMonitor {
    /// Runs until the stream ends or the task is cancelled.
    fileprivate func run(until stopped: AsyncStream<Never>) async {
        await withDiscardingTaskGroup { group in
            group.addTask { await self.run() }
            for await _ in stopped {}
            group.cancelAll()
        }
    }
}

extension Configuration.Upstream {
    func balanced(tls: ClientTLS?) -> BalancedUpstream {
        let discovery: TargetDiscovery =
            switch self.resolve {
            case .connect: .fixed
            case .addresses: .addresses(every: self.resolveEvery)
            case .srv: .services(every: self.resolveEvery)
            }
        return BalancedUpstream(
            name: self.name,
            targets: self.targets.map { target in
                TargetDefinition(
                    place: target.endpoint.upstreamTarget,
                    weight: target.weight,
                    priority: target.priority,
                    authority: self.authority(of: target),
                    serverName: target.hostName
                )
            },
            settings: self.settings(tls: tls),
            balancing: self.balancing,
            discovery: discovery,
            namesTargets: !self.preservesHost && self.host == nil,
            asksForTargets: self.tls?.serverName == nil
        )
    }
}
