import NIOCore
import Synchronization
package import WonkeyCore
package import WonkeyHTTP

/// What the gateway counts; made once per process.
package final class GatewayMetrics: Sendable {
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
        case overloaded
    }

    /// What a limit refused.
    package struct LimitCounters: Sendable {
        let refusals: Counter
        /// What it would have refused, were it not in shadow.
        let shadowRefusals: Counter
    }

    let families: LoopMetrics.Families
    private let loops = Mutex<[ObjectIdentifier: Int]>([:])
    private let decisions: [Decision: Counter]
    private let upstreamFaults: MetricFamily<Counter>
    private let limitRefusals: MetricFamily<Counter>
    private let shadowRefusals: MetricFamily<Counter>
    package let upstreams: UpstreamMetrics
    package let imagesReturned: Counter
    private let idempotency: [IdempotencyOutcome: Counter]

    /// Registers the gateway's metrics.
    ///
    /// - Parameters:
    ///   - registry: Of the process.
    ///   - routes: The names of all routes.
    ///   - upstreams: The names of all upstreams.
    ///   - limits: The names of all limits.
    package init(registry: MetricsRegistry, routes: [String], upstreams: [String], limits: [String]) {
        self.families = LoopMetrics.Families(registry)
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
        self.limitRefusals = registry.counters(
            "limit_refusals",
            help: "Requests refused by a limit, by limit.",
            labels: ["limit"]
        )
        self.shadowRefusals = registry.counters(
            "limit_shadow_refusals",
            help: "Requests a limit in shadow would have refused, by limit.",
            labels: ["limit"]
        )
        self.imagesReturned = registry.counter("images_returned", help: "Images returned to clients.")
        let idempotency = registry.counters(
            "idempotency",
            help: "Requests on routes with idempotency keys, by what became of them.",
            labels: ["result"]
        )
        self.idempotency = Dictionary(
            uniqueKeysWithValues: IdempotencyOutcome.allCases.map { ($0, idempotency.child($0.rawValue)) }
        )
        self.know(routes: routes, upstreams: upstreams, limits: limits)
    }

    /// What one event loop counts; called on that loop.
    func part(of eventLoop: any EventLoop) -> LoopMetrics {
        let part = self.loops.withLock { loops in
            let part = loops[ObjectIdentifier(eventLoop)] ?? loops.count
            loops[ObjectIdentifier(eventLoop)] = part
            return part
        }
        return LoopMetrics(self.families, part: part)
    }

    /// Makes the counters of what a generation has, so that all are scraped as 0 from its start.
    package func know(routes: [String], upstreams: [String], limits: [String]) {
        // Part 0 of every child.
        let all = LoopMetrics(self.families, part: 0)
        for route in routes { _ = all.route(route) }
        for upstream in upstreams {
            _ = all.upstream(upstream)
            for kind in UpstreamFaultKind.allCases { _ = self.upstreamFaults.child(upstream, kind.rawValue) }
        }
        for limit in limits { _ = self.counters(of: limit) }
    }

    /// Takes a lock: called once per route and generation.
    func counters(of limit: String) -> LimitCounters {
        LimitCounters(refusals: self.limitRefusals.child(limit), shadowRefusals: self.shadowRefusals.child(limit))
    }

    func count(_ outcome: IdempotencyOutcome) {
        self.idempotency[outcome]?.increment()
    }

    package func count(_ decision: Decision) {
        self.decisions[decision]?.increment()
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
        case .overloaded: .overloaded
        }
    }
}
