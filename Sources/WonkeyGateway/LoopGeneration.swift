import NIOCore
import WonkeyCore
import WonkeyHTTP

/// One generation of the configuration on one event loop: what a request needs from its first byte to its record.
///
/// A request holds the generation it began with. What a later generation no longer has goes when the last request lets
/// go of it.
final class LoopGeneration {
    let snapshot: GatewaySnapshot
    /// By the index of the route in the snapshot's table.
    let routes: [LoopRoute]
    private let senders: [String: UpstreamSender]

    /// Builds a generation.
    ///
    /// - Parameters:
    ///   - snapshot: What is served.
    ///   - eventLoop: Carries the upstreams' connections.
    ///   - resources: Shared with other loops.
    ///   - metrics: Of this loop.
    ///   - previous: What it replaces; upstreams that go on keep their connections and what is known of them.
    init(
        _ snapshot: GatewaySnapshot,
        on eventLoop: any EventLoop,
        _ resources: GatewayResources,
        _ metrics: LoopMetrics,
        replacing previous: LoopGeneration?
    ) {
        self.snapshot = snapshot
        let senders = Dictionary(
            uniqueKeysWithValues: snapshot.upstreams.map { name, upstream in
                let known = previous?.sender(to: name, ifStill: upstream)
                return (name, known ?? Self.sender(to: upstream, name: name, on: eventLoop, resources))
            }
        )
        self.senders = senders
        self.routes = zip(snapshot.table.routes, snapshot.plans).map { rule, plan in
            LoopRoute(
                rule,
                plan: plan,
                metrics: metrics.route(rule.name),
                limitCounters: Dictionary(
                    rule.limits.map { ($0.name, resources.metrics.counters(of: $0.name)) },
                    uniquingKeysWith: { first, _ in first }
                ),
                action: Self.action(of: rule, snapshot, senders, metrics)
            )
        }
    }

    private func sender(to name: String, ifStill upstream: UpstreamDefinition) -> UpstreamSender? {
        self.snapshot.upstreams[name]?.isSame(as: upstream) == true ? self.senders[name] : nil
    }

    /// Lets go of the upstreams that `next` has not taken over: requests on them finish, idle connections are closed.
    func retire(for next: LoopGeneration) {
        for (name, sender) in self.senders {
            guard let upstream = next.snapshot.upstreams[name], self.sender(to: name, ifStill: upstream) != nil else {
                sender.retire()
                continue
            }
        }
    }

    /// Closes idle upstream connections and lets running exchanges end; called on the loop.
    func shutdown() {
        for sender in self.senders.values { sender.shutdown() }
    }

    private static func sender(
        to upstream: UpstreamDefinition,
        name: String,
        on eventLoop: any EventLoop,
        _ resources: GatewayResources
    ) -> UpstreamSender {
        let metrics = resources.metrics.upstreams
        switch upstream.kind {
        case .single(let settings):
            return .pool(
                UpstreamPool(
                    eventLoop: eventLoop,
                    settings: settings,
                    logger: resources.logger,
                    pending: metrics.pending(of: name)
                )
            )
        case .balanced(let monitor):
            return .balancer(
                UpstreamBalancer(eventLoop: eventLoop, monitor: monitor, metrics: metrics, logger: resources.logger)
            )
        }
    }

    private static func action(
        of route: Route,
        _ snapshot: GatewaySnapshot,
        _ senders: [String: UpstreamSender],
        _ metrics: LoopMetrics
    ) -> LoopRoute.Action {
        switch route.action {
        case .proxy(let name):
            guard let sender = senders[name], let upstream = snapshot.upstreams[name] else {
                preconditionFailure("a snapshot's routes name upstreams it has")
            }
            let rules = route.rewrite?.applied(to: upstream.rules) ?? upstream.rules
            return .proxy(LoopRoute.Destination(sender, rules, metrics.upstream(name)))
        case .generate(let name):
            guard let endpoint = snapshot.endpoints[name] else {
                preconditionFailure("a snapshot's routes name endpoints it has")
            }
            return .generate(endpoint)
        case .respond(let response): return .respond(response)
        case .redirect(let status, let target): return .redirect(status: status, to: target)
        }
    }
}
