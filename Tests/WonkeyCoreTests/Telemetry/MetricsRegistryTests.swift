import Testing

@testable import WonkeyCore

@Suite("The text for scrapers")
struct MetricsRegistryTests {
    /// One of everything, with what needs escaping.
    private func registry() -> MetricsRegistry {
        let registry = MetricsRegistry()
        registry.gauge("build_info", help: #"Says "what" runs."#, labels: [(name: "version", value: "1\"\\\n2")]) { 1 }
        registry.counter(.unprefixed("process_cpu_seconds"), help: "Processor time.") { 0.25 }
        registry.gauge("cache_age_seconds", help: "Nothing yet.") { nil }
        let requests = registry.counters("requests", help: "Requests\nby \\ result.", labels: ["route", "result"])
        requests.child("b", "refused").increment()
        requests.child("a", "refused").increment(by: 0)
        requests.child("a", "admitted").increment(by: 41)
        requests.child("a", "admitted").increment()
        let depth = registry.gauge("queue_depth", help: "Waiting.")
        depth.add(5)
        depth.add(-7)
        let latency = registry.histogram(
            "latency_seconds",
            help: "Latency.",
            bounds: HistogramBounds([.milliseconds(5), .seconds(1), .milliseconds(2_500)])
        )
        latency.observe(.milliseconds(5))
        latency.observe(.microseconds(5_001))
        latency.observe(.seconds(3))
        let rows = registry.histograms("rows", help: "Rows.", labels: ["to"], bounds: .init(plain: [1, 10]))
        rows.child("store").observe(10)
        return registry
    }

    @Test("Prometheus 0.0.4: families by name, children by label values, unused children at 0, buckets cumulative")
    func prometheus() {
        #expect(
            self.registry().render(.prometheus) == #"""
                # HELP process_cpu_seconds_total Processor time.
                # TYPE process_cpu_seconds_total counter
                process_cpu_seconds_total 0.25
                # HELP wonkey_build_info Says "what" runs.
                # TYPE wonkey_build_info gauge
                wonkey_build_info{version="1\"\\\n2"} 1
                # HELP wonkey_cache_age_seconds Nothing yet.
                # TYPE wonkey_cache_age_seconds gauge
                # HELP wonkey_latency_seconds Latency.
                # TYPE wonkey_latency_seconds histogram
                wonkey_latency_seconds_bucket{le="0.005"} 1
                wonkey_latency_seconds_bucket{le="1.0"} 2
                wonkey_latency_seconds_bucket{le="2.5"} 2
                wonkey_latency_seconds_bucket{le="+Inf"} 3
                wonkey_latency_seconds_sum 3.010001
                wonkey_latency_seconds_count 3
                # HELP wonkey_queue_depth Waiting.
                # TYPE wonkey_queue_depth gauge
                wonkey_queue_depth -2
                # HELP wonkey_requests_total Requests\nby \\ result.
                # TYPE wonkey_requests_total counter
                wonkey_requests_total{route="a",result="admitted"} 42
                wonkey_requests_total{route="a",result="refused"} 0
                wonkey_requests_total{route="b",result="refused"} 1
                # HELP wonkey_rows Rows.
                # TYPE wonkey_rows histogram
                wonkey_rows_bucket{to="store",le="1.0"} 0
                wonkey_rows_bucket{to="store",le="10.0"} 1
                wonkey_rows_bucket{to="store",le="+Inf"} 1
                wonkey_rows_sum{to="store"} 10.0
                wonkey_rows_count{to="store"} 1

                """#
        )
    }

    @Test("parts of one child are scraped as their sum")
    func parts() {
        let registry = MetricsRegistry()
        let requests = registry.counters("requests", help: "R.", labels: ["route"])
        requests.child("a", part: 3).increment(by: 5)
        requests.child("a").increment(by: 2)
        #expect(requests.child("a", part: 3) === requests.child("a", part: 3))
        let times = registry.histograms("times", help: "T.", labels: ["route"], bounds: .init(plain: [1, 10]))
        times.child("a", part: 1).observe(1)
        times.child("a", part: 2).observe(7)
        times.child("a", part: 2).observe(70)
        #expect(
            registry.render(.prometheus) == """
                # HELP wonkey_requests_total R.
                # TYPE wonkey_requests_total counter
                wonkey_requests_total{route="a"} 7
                # HELP wonkey_times T.
                # TYPE wonkey_times histogram
                wonkey_times_bucket{route="a",le="1.0"} 1
                wonkey_times_bucket{route="a",le="10.0"} 2
                wonkey_times_bucket{route="a",le="+Inf"} 3
                wonkey_times_sum{route="a"} 78.0
                wonkey_times_count{route="a"} 3

                """
        )
    }

    @Test("OpenMetrics: families without _total, quotes in help escaped, the end marked")
    func openMetrics() {
        #expect(
            self.registry().render(.openMetrics) == #"""
                # HELP process_cpu_seconds Processor time.
                # TYPE process_cpu_seconds counter
                process_cpu_seconds_total 0.25
                # HELP wonkey_build_info Says \"what\" runs.
                # TYPE wonkey_build_info gauge
                wonkey_build_info{version="1\"\\\n2"} 1
                # HELP wonkey_cache_age_seconds Nothing yet.
                # TYPE wonkey_cache_age_seconds gauge
                # HELP wonkey_latency_seconds Latency.
                # TYPE wonkey_latency_seconds histogram
                wonkey_latency_seconds_bucket{le="0.005"} 1
                wonkey_latency_seconds_bucket{le="1.0"} 2
                wonkey_latency_seconds_bucket{le="2.5"} 2
                wonkey_latency_seconds_bucket{le="+Inf"} 3
                wonkey_latency_seconds_sum 3.010001
                wonkey_latency_seconds_count 3
                # HELP wonkey_queue_depth Waiting.
                # TYPE wonkey_queue_depth gauge
                wonkey_queue_depth -2
                # HELP wonkey_requests Requests\nby \\ result.
                # TYPE wonkey_requests counter
                wonkey_requests_total{route="a",result="admitted"} 42
                wonkey_requests_total{route="a",result="refused"} 0
                wonkey_requests_total{route="b",result="refused"} 1
                # HELP wonkey_rows Rows.
                # TYPE wonkey_rows histogram
                wonkey_rows_bucket{to="store",le="1.0"} 0
                wonkey_rows_bucket{to="store",le="10.0"} 1
                wonkey_rows_bucket{to="store",le="+Inf"} 1
                wonkey_rows_sum{to="store"} 10.0
                wonkey_rows_count{to="store"} 1
                # EOF

                """#
        )
    }

    @Test("a registry without metrics renders only the end")
    func empty() {
        #expect(MetricsFormat.allCases.map(MetricsRegistry().render) == ["", "# EOF\n"])
    }

    @Test(
        "numbers that are none are written as the formats want them",
        arguments: [(Double.nan, "NaN"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (1e21, "1e+21"), (0, "0")]
    )
    func numbers(value: Double, text: String) {
        let registry = MetricsRegistry()
        registry.gauge("x", help: "X.") { value }
        #expect(registry.render(.prometheus) == "# HELP wonkey_x X.\n# TYPE wonkey_x gauge\nwonkey_x \(text)\n")
    }

    @Test("one child too many counts under other, and so do all that follow")
    func boundedChildren() {
        let registry = MetricsRegistry()
        let family = registry.counters("x", help: "X.", labels: ["a", "b"], childrenMax: 2)
        for value in ["1", "2", "3", "4", "1"] { family.child(value, "z").increment() }
        #expect(
            registry.render(.prometheus) == """
                # HELP wonkey_x_total X.
                # TYPE wonkey_x_total counter
                wonkey_x_total{a="1",b="z"} 2
                wonkey_x_total{a="2",b="z"} 1
                wonkey_x_total{a="other",b="other"} 2

                """
        )
    }

    @Test("nothing is lost when many tasks count at once")
    func concurrentCounting() async {
        let counter = Counter()
        let gauge = Gauge()
        let histogram = Histogram(.http)
        await withDiscardingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for number in 0..<5_000 {
                        counter.increment()
                        gauge.add(number.isMultiple(of: 2) ? 2 : -1)
                        histogram.observe(.milliseconds(number % 2 == 0 ? 1 : 11_000))
                    }
                }
            }
        }
        #expect([counter.value, gauge.value] == [40_000, 20_000])
        #expect(
            histogram.snapshot
                == .init(
                    cumulative: Array(repeating: 20_000, count: 14) + [40_000],
                    sum: 20_000 * 11_001 * 1_000_000
                )
        )
    }

    @Test(
        "OpenMetrics is chosen only where it is asked for in version 1.0.0",
        arguments: [
            (nil, .prometheus), ("*/*", .prometheus), ("text/plain;version=0.0.4", .prometheus),
            ("application/openmetrics-text", .openMetrics),
            ("application/openmetrics-text; version=1.0.0; charset=utf-8;q=0.5, */*;q=0.1", .openMetrics),
            ("text/plain, Application/OpenMetrics-Text;Version=1.0.0", .openMetrics),
            ("application/openmetrics-text;version=2.0.0,text/plain", .prometheus),
            ("application/openmetrics-text;q=0", .prometheus), ("application/openmetrics-text;q=x", .prometheus),
        ] as [(String?, MetricsFormat)]
    )
    func negotiation(accept: String?, format: MetricsFormat) {
        #expect(MetricsFormat(accept: accept) == format)
    }

    @Test(
        "names follow Prometheus' rules",
        arguments: [
            ("a_b1", true), ("_a", true), ("1a", false), ("", false), ("a-b", false), ("a:b", false), ("ä", false),
        ]
    )
    func names(text: String, isValid: Bool) {
        #expect(MetricName.isValid(text) == isValid)
    }
}
