import WonkeyCore
import WonkeyHTTP

/// A route with everything an event loop needs for it, worked out once per generation.
final class LoopRoute {
    enum Action {
        case proxy(UpstreamSender, ForwardingRules, upstream: String)
        case generate(any LocalEndpoint)
        case respond(FixedResponse)
    }

    let rule: Route
    let plan: AdmissionPlan
    let metrics: GatewayMetrics.RouteMetrics
    let action: Action

    init(_ rule: Route, plan: AdmissionPlan, metrics: GatewayMetrics.RouteMetrics, action: Action) {
        self.rule = rule
        self.plan = plan
        self.metrics = metrics
        self.action = action
    }
}
