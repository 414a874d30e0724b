import NIOCore
import WonkeyCore

/// What one event loop counts of rate, errors and duration: only it writes here, so that no loop waits for another's
/// cache lines.
final class LoopMetrics {
    /// Where the parts of all loops are added up.
    struct Families: Sendable {
        let inFlight: MetricFamily<Gauge>
        let openTunnels: MetricFamily<Gauge>
        let tunnels: MetricFamily<Counter>
        let answers: MetricFamily<Counter>
        let durations: MetricFamily<Histogram>
        let faults: MetricFamily<Counter>
        let upstreamAnswers: MetricFamily<Counter>
        let upstreamDurations: MetricFamily<Histogram>
    }

    /// Of one route.
    struct Route {
        /// By status class, 1xx to 5xx at 0 to 4.
        let answers: [Counter]
        let duration: Histogram
        /// In the order of ``WonkeyCore/Fault``, without `none`.
        let faults: [Counter]
    }

    /// Of one upstream.
    struct Upstream {
        let name: String
        /// By status class, at 5 those without a complete answer, and at 6 those nobody waited for any more.
        let answers: [Counter]
        let duration: Histogram
    }

    let inFlight: Gauge
    let openTunnels: Gauge
    let tunnels: Counter
    /// Of requests no route took.
    let unrouted: Route
    private let families: Families
    private let part: Int

    init(_ families: Families, part: Int) {
        self.families = families
        self.part = part
        self.inFlight = families.inFlight.child(part: part)
        self.openTunnels = families.openTunnels.child(part: part)
        self.tunnels = families.tunnels.child(part: part)
        self.unrouted = Route(families, "", part)
    }

    func route(_ name: String) -> Route { Route(self.families, name, self.part) }

    func upstream(_ name: String) -> Upstream {
        Upstream(
            name: name,
            answers: (["1xx", "2xx", "3xx", "4xx", "5xx", "none", "cancelled"]).map {
                self.families.upstreamAnswers.child(name, $0, part: self.part)
            },
            duration: self.families.upstreamDurations.child(name, part: self.part)
        )
    }
}

extension LoopMetrics.Families {
    init(_ registry: MetricsRegistry) {
        self.inFlight = registry.gauges(
            "http_requests_in_flight",
            help: "Requests whose answer is not complete.",
            labels: []
        )
        self.openTunnels = registry.gauges(
            "tunnels_open",
            help: "Connections that were upgraded and speak something else than HTTP.",
            labels: []
        )
        self.tunnels = registry.counters("tunnels", help: "Upgraded connections.", labels: [])
        self.answers = registry.counters(
            "http_requests",
            help: "Answered requests by route and status class.",
            labels: ["route", "status"],
            childrenMax: 100_000
        )
        self.durations = registry.histograms(
            "http_request_duration_seconds",
            help: "Time from the request head to the last byte of the answer.",
            labels: ["route"],
            childrenMax: 20_000
        )
        self.faults = registry.counters(
            "http_request_faults",
            help: "Requests without a complete good answer, by route and by whose fault it was.",
            labels: ["route", "fault"],
            childrenMax: 60_000
        )
        self.upstreamAnswers = registry.counters(
            "upstream_requests",
            help: "Requests sent to an upstream by status class of its answer; none: there was no complete one; "
                + "cancelled: the client left.",
            labels: ["upstream", "status"],
            childrenMax: 60_000
        )
        self.upstreamDurations = registry.histograms(
            "upstream_request_duration_seconds",
            help: "Time from sending a request to an upstream to the last byte of its answer, or to giving up.",
            labels: ["upstream"],
            childrenMax: 10_000
        )
    }
}

extension LoopMetrics.Route {
    fileprivate init(_ families: LoopMetrics.Families, _ name: String, _ part: Int) {
        self.answers = (1...5).map { families.answers.child(name, "\($0)xx", part: part) }
        self.duration = families.durations.child(name, part: part)
        self.faults = Fault.allCases.dropFirst().map { families.faults.child(name, $0.rawValue, part: part) }
    }

    func answered(status: Int, in time: TimeAmount, fault: Fault) {
        // A tunnel is open as long as its users like.
        if status != 101 { self.duration.observe(Int(time.nanoseconds)) }
        self.answers[min(5, max(1, status / 100)) - 1].increment()
        switch fault {
        case .none: break
        case .downstream: self.faults[0].increment()
        case .upstream: self.faults[1].increment()
        case .proxy: self.faults[2].increment()
        }
    }
}

extension LoopMetrics.Upstream {
    func answered(status: Int, in time: TimeAmount) {
        self.duration.observe(Int(time.nanoseconds))
        self.answers[min(5, max(1, status / 100)) - 1].increment()
    }

    func failed(in time: TimeAmount) {
        self.duration.observe(Int(time.nanoseconds))
        self.answers[5].increment()
    }

    /// The client left before the whole answer was there; how long it stayed tells nothing of the upstream.
    func cancelled() {
        self.answers[6].increment()
    }
}
