import WonkeyCore
import WonkeyHTTP

/// A route with everything an event loop needs for it, worked out once per generation.
final class LoopRoute {
    enum Action {
        case proxy(UpstreamSender, ForwardingRules, LoopMetrics.Upstream)
        case generate(any LocalEndpoint)
        case respond(FixedResponse)
    }

    let rule: Route
    let plan: AdmissionPlan
    let metrics: LoopMetrics.Route
    let action: Action

    init(_ rule: Route, plan: AdmissionPlan, metrics: LoopMetrics.Route, action: Action) {
        self.rule = rule
        self.plan = plan
        self.metrics = metrics
        self.action = action
    }
}
