package import WonkeyCore

/// What upstreams count; made once per process.
package final class UpstreamMetrics: Sendable {
    /// Of one target.
    struct TargetCounters: Sendable {
        let requests: Counter
        let failures: Counter
        /// Event loops whose breaker is not closed.
        let breakersOpen: Gauge
    }

    /// Of one upstream.
    struct RetryCounters: Sendable {
        let retries: Counter
        let refusals: Counter
    }

    private let requests: MetricFamily<Counter>
    private let failures: MetricFamily<Counter>
    private let breakersOpen: MetricFamily<Gauge>
    private let retries: MetricFamily<Counter>
    private let refusals: MetricFamily<Counter>
    private let pending: MetricFamily<Gauge>

    package init(registry: MetricsRegistry) {
        self.requests = registry.counters(
            "upstream_target_requests",
            help: "Requests sent to a target of a balanced upstream, retries included.",
            labels: ["upstream", "target"]
        )
        self.failures = registry.counters(
            "upstream_target_failures",
            help: "Requests a target failed: no complete answer, or a status that counts as a failure.",
            labels: ["upstream", "target"]
        )
        self.breakersOpen = registry.gauges(
            "upstream_target_breakers_open",
            help: "Event loops whose circuit breaker for the target is open or half-open.",
            labels: ["upstream", "target"]
        )
        self.retries = registry.counters(
            "upstream_retries",
            help: "Requests sent again after a failed attempt.",
            labels: ["upstream"]
        )
        self.refusals = registry.counters(
            "upstream_retries_refused",
            help: "Retries that were not made because the retry budget was used up.",
            labels: ["upstream"]
        )
        self.pending = registry.gauges(
            "upstream_pending",
            help: "Requests that wait for a connection to an upstream.",
            labels: ["upstream"]
        )
    }

    /// Requests waiting for a connection to the upstream of that name.
    package func pending(of upstream: String) -> Gauge {
        self.pending.child(upstream)
    }

    func retries(of upstream: String) -> RetryCounters {
        RetryCounters(retries: self.retries.child(upstream), refusals: self.refusals.child(upstream))
    }

    func target(_ target: String, of upstream: String) -> TargetCounters {
        TargetCounters(
            requests: self.requests.child(upstream, target),
            failures: self.failures.child(upstream, target),
            breakersOpen: self.breakersOpen.child(upstream, target)
        )
    }
}
