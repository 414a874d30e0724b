package import WonkeyCore
package import WonkeyHTTP

/// What the gateway counts; made once per process, every child resolved before the first request.
package final class GatewayMetrics: Sendable {
    /// The counters and histogram of one route.
    package struct RouteMetrics: Sendable {
        /// By status class, 1xx to 5xx at 0 to 4.
        let answers: [Counter]
        let duration: Histogram
    }

    /// How the gate decided.
    package enum Decision: String, CaseIterable, Sendable {
        case admitted
        case admittedDegraded = "admitted_degraded"
        case missingKey = "missing_key"
        case malformedCredentials = "malformed_credentials"
        case invalidKey = "invalid_key"
        case insufficientScope = "insufficient_scope"
        case tooManyUnknownKeys = "too_many_unknown_keys"
        case keyStoreUnavailable = "key_store_unavailable"
        case rateLimited = "rate_limited"
        case limitsUnavailable = "limits_unavailable"
        case noRoute = "no_route"
        case methodNotAllowed = "method_not_allowed"
        case bodyTooLarge = "body_too_large"
        case draining
    }

    package let inFlight: Gauge
    private let routes: [String: RouteMetrics]
    /// Of requests no route took.
    let unrouted: RouteMetrics
    private let decisions: [Decision: Counter]
    private let upstreamFaults: MetricFamily<Counter>
    private let limitRefusals: [String: Counter]
    package let upstreams: UpstreamMetrics
    package let imagesReturned: Counter

    /// Registers the gateway's metrics.
    ///
    /// - Parameters:
    ///   - registry: Of the process.
    ///   - routes: The names of all routes.
    ///   - upstreams: The names of all upstreams.
    ///   - limits: The names of all limits.
    package init(registry: MetricsRegistry, routes: [String], upstreams: [String], limits: [String]) {
        self.inFlight = registry.gauge("http_requests_in_flight", help: "Requests whose answer is not complete.")
        let answers = registry.counters(
            "http_requests",
            help: "Answered requests by route and status class.",
            labels: ["route", "status"]
        )
        let durations = registry.histograms(
            "http_request_duration_seconds",
            help: "Time from the request head to the last byte of the answer.",
            labels: ["route"]
        )
        func metrics(_ route: String) -> RouteMetrics {
            RouteMetrics(
                answers: (1...5).map { answers.child(route, "\($0)xx") },
                duration: durations.child(route)
            )
        }
        self.routes = Dictionary(uniqueKeysWithValues: Set(routes).map { ($0, metrics($0)) })
        self.unrouted = metrics("")
        let decisions = registry.counters("decisions", help: "What the gate decided.", labels: ["result"])
        self.decisions = Dictionary(
            uniqueKeysWithValues: Decision.allCases.map { ($0, decisions.child($0.rawValue)) }
        )
        self.upstreamFaults = registry.counters(
            "upstream_faults",
            help: "Requests an upstream gave no complete answer to, by kind.",
            labels: ["upstream", "fault"]
        )
        self.upstreams = UpstreamMetrics(registry: registry)
        for upstream in Set(upstreams) {
            for kind in UpstreamFaultKind.allCases { _ = self.upstreamFaults.child(upstream, kind.rawValue) }
        }
        let limitRefusals = registry.counters(
            "limit_refusals",
            help: "Requests refused by a limit, by limit.",
            labels: ["limit"]
        )
        self.limitRefusals = Dictionary(
            uniqueKeysWithValues: Set(limits).map { ($0, limitRefusals.child($0)) }
        )
        self.imagesReturned = registry.counter("images_returned", help: "Images returned to clients.")
    }

    func route(_ name: String) -> RouteMetrics {
        self.routes[name] ?? self.unrouted
    }

    package func count(_ decision: Decision) {
        self.decisions[decision]?.increment()
    }

    package func countRefusal(by limit: String) {
        self.limitRefusals[limit]?.increment()
    }

    package func countUpstreamFault(_ upstream: String, _ kind: UpstreamFaultKind) {
        self.upstreamFaults.child(upstream, kind.rawValue).increment()
    }
}

/// Upstream faults as metrics label them.
package enum UpstreamFaultKind: String, CaseIterable, Sendable {
    case unreachable, timeout, certificate, tls, invalid, closed, overloaded
}

extension Refusal {
    /// How metrics count it.
    var decision: GatewayMetrics.Decision {
        switch self {
        case .missingKey: .missingKey
        case .malformedCredentials: .malformedCredentials
        case .malformedKey, .unknownKey, .expiredKey, .disabledKey, .revokedKey: .invalidKey
        case .insufficientScope: .insufficientScope
        case .tooManyUnknownKeys: .tooManyUnknownKeys
        case .keyStoreUnavailable: .keyStoreUnavailable
        case .rateLimited: .rateLimited
        case .counterStoreUnavailable: .limitsUnavailable
        case .noRoute: .noRoute
        case .methodNotAllowed: .methodNotAllowed
        case .bodyTooLarge: .bodyTooLarge
        case .draining: .draining
        }
    }
}
