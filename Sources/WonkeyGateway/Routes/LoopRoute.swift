import WonkeyCore
import WonkeyHTTP

/// A route with everything an event loop needs for it, worked out once per generation.
final class LoopRoute {
    /// Where requests are forwarded to.
    final class Destination {
        let sender: UpstreamSender
        let rules: ForwardingRules
        let metrics: LoopMetrics.Upstream

        init(_ sender: UpstreamSender, _ rules: ForwardingRules, _ metrics: LoopMetrics.Upstream) {
            self.sender = sender
            self.rules = rules
            self.metrics = metrics
        }
    }

    enum Action {
        case proxy(Destination)
        case generate(any LocalEndpoint)
        case respond(FixedResponse)
        case redirect(status: Int, to: RedirectTarget)
    }

    let rule: Route
    /// What spans are named after: the path it matches, `/*` at its end where that is a prefix.
    let pattern: String
    let plan: AdmissionPlan
    let metrics: LoopMetrics.Route
    /// By the limit's name.
    let limitCounters: [String: GatewayMetrics.LimitCounters]
    let action: Action
    let rewrite: RewritePlan?
    let crossOrigin: CrossOriginPlan?
    let idempotency: IdempotencyRules?

    init(
        _ rule: Route,
        plan: AdmissionPlan,
        metrics: LoopMetrics.Route,
        limitCounters: [String: GatewayMetrics.LimitCounters],
        action: Action
    ) {
        self.rule = rule
        self.pattern =
            switch rule.match.path {
            case .exact(let path): path
            case .prefix(let path): path.hasSuffix("/") ? "\(path)*" : "\(path)/*"
            }
        self.plan = plan
        self.metrics = metrics
        self.limitCounters = limitCounters
        self.action = action
        self.rewrite = rule.rewrite.map { RewritePlan($0) }
        self.idempotency = rule.idempotency
        self.crossOrigin = rule.crossOrigin.map { CrossOriginPlan($0, methods: rule.match.methods) }
    }
}
