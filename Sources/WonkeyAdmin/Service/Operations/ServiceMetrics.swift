package import WonkeyCore

/// What the management service counts; made once per process, every child resolved before the first request.
package final class ServiceMetrics: Sendable {
    /// The counters and histogram of one endpoint.
    private struct EndpointMetrics: Sendable {
        /// By status class, 1xx to 5xx at 0 to 4.
        let answers: [Counter]
        let duration: Histogram
    }

    private let inFlight: Gauge
    private let broken: Counter
    private let endpoints: [String: EndpointMetrics]
    /// Of requests that no endpoint took.
    private let unrouted: EndpointMetrics

    /// Registers the service's metrics.
    ///
    /// - Parameters:
    ///   - registry: Of the process.
    ///   - endpoints: What the service offers; their ids are the label's values.
    package init(registry: MetricsRegistry, endpoints: [Endpoint] = Endpoint.all) {
        self.inFlight = registry.gauge(
            "management_requests_in_flight",
            help: "Requests to the management API that are being answered."
        )
        self.broken = registry.counter(
            "management_malformed_requests",
            help: "Requests to the management API refused because they are not valid HTTP."
        )
        let answers = registry.counters(
            "management_requests",
            help: "Answered requests to the management API by endpoint and status class.",
            labels: ["endpoint", "status"]
        )
        let durations = registry.histograms(
            "management_request_duration_seconds",
            help: "Time from a request's head to its answer, by endpoint.",
            labels: ["endpoint"]
        )
        func metrics(_ id: String) -> EndpointMetrics {
            EndpointMetrics(answers: (1...5).map { answers.child(id, "\($0)xx") }, duration: durations.child(id))
        }
        self.endpoints = Dictionary(uniqueKeysWithValues: Set(endpoints.map(\.id)).map { ($0, metrics($0)) })
        self.unrouted = metrics("")
    }

    /// A request has come.
    func begin() {
        self.inFlight.add(1)
    }

    /// A request is answered.
    ///
    /// - Parameters:
    ///   - endpoint: The id of the endpoint that took it; `nil` for none.
    ///   - status: 100 to 599.
    ///   - elapsed: Since its head.
    func finish(endpoint: String?, status: Int, elapsed: Duration) {
        self.inFlight.add(-1)
        let metrics = endpoint.flatMap { self.endpoints[$0] } ?? self.unrouted
        metrics.answers[min(max(status / 100, 1), 5) - 1].increment()
        metrics.duration.observe(elapsed)
    }

    /// Something came that is no HTTP.
    func countBrokenRequest() {
        self.broken.increment()
    }
}
