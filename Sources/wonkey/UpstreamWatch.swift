import Logging
import NIOCore
import ServiceLifecycle
import WonkeyConfig
import WonkeyCore
import WonkeyDNS
import WonkeyHTTP

/// The monitors of all balanced upstreams.
struct UpstreamWatch: Sendable {
    /// By the upstream's name.
    let monitors: [String: UpstreamMonitor]

    /// How long the first resolution of names may keep the listeners closed.
    private static let resolutionMax: Duration = .seconds(5)

    /// Makes a monitor for each upstream that needs one.
    ///
    /// - Parameters:
    ///   - upstreams: Of the configuration.
    ///   - tls: By upstream, of those that speak it.
    ///   - group: Its loops carry the health checks.
    init(_ upstreams: [String: Configuration.Upstream], tls: [String: ClientTLS], on group: any EventLoopGroup) {
        let resolver = SystemNameResolver()
        let logger = Logger(label: "wonkey.upstream")
        self.monitors = upstreams.filter(\.value.isBalanced).mapValues { upstream in
            let balanced = upstream.balanced(tls: tls[upstream.name])
            let prober = upstream.balancing.health.active.map { check in
                HTTPProber(group: group, upstream: balanced, check: check, host: upstream.host)
            }
            return UpstreamMonitor(balanced, resolver: resolver, prober: prober, logger: logger)
        }
    }

    /// Resolves every name, so that the first requests find targets; what takes too long goes on beside them.
    func prepare() async {
        let discovering = self.monitors.values.filter { $0.upstream.discovery != .fixed }
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

    /// How all targets are, by the names of upstream and target.
    var states: [String: [String: TargetState]] { self.monitors.mapValues(\.states) }

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
}

extension UpstreamWatch {
    /// What keeps the monitors going that have something to do; a service that ends at once would stop the others.
    var services: [any Service] {
        let busy = self.monitors.values.filter(\.hasWork)
        return busy.isEmpty ? [] : [UpstreamWatchService(monitors: busy)]
    }
}

/// Resolves names and checks targets until shutdown.
private struct UpstreamWatchService: Service {
    let monitors: [UpstreamMonitor]

    func run() async {
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                for monitor in self.monitors { group.addTask { await monitor.run() } }
            }
        }
    }
}

extension Configuration.Upstream {
    fileprivate func balanced(tls: ClientTLS?) -> BalancedUpstream {
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
