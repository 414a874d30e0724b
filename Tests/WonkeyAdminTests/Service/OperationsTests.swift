import Logging
import NIOPosix
import Support
import Testing
import WonkeyCore

@testable import WonkeyAdmin

@Suite("Operations listener of the management service")
struct OperationsTests {
    private let samples = SampleEndpoints()

    private static func lines(_ registry: MetricsRegistry, _ start: String) -> [String] {
        registry.render(.prometheus).split(separator: "\n").map(String.init).filter { $0.hasPrefix(start) }
    }

    @Test("requests are counted by endpoint and status class, with their time")
    func counted() async throws {
        let registry = MetricsRegistry()
        let bench = ServiceBench(registry: registry)
        try await bench.serving(self.samples.all) { port, _ in
            try await withTestClient(port: port) { client in
                for path in ["/v1/things/thing_1", "/v1/things/thing_2", "/v1/things/nothing", "/secret/path"] {
                    _ = try await client.send("GET", path, headers: [TokenNames.header("alice")])
                }
                #expect(try await client.send("GET", "/v1/boom").status == 500)
            }
            let broken = try await RawClient.connect(port: port)
            try await broken.send("nonsense\r\n\r\n")
            _ = try await broken.read { _, isClosed in isClosed }
        }
        #expect(
            Self.lines(registry, "wonkey_management_requests_total").filter { !$0.hasSuffix(" 0") } == [
                #"wonkey_management_requests_total{endpoint="",status="4xx"} 1"#,
                #"wonkey_management_requests_total{endpoint="boom",status="5xx"} 1"#,
                #"wonkey_management_requests_total{endpoint="getThing",status="2xx"} 2"#,
                #"wonkey_management_requests_total{endpoint="getThing",status="4xx"} 1"#,
            ]
        )
        #expect(
            Self.lines(registry, "wonkey_management_request_duration_seconds_count").filter { !$0.hasSuffix(" 0") } == [
                #"wonkey_management_request_duration_seconds_count{endpoint=""} 1"#,
                #"wonkey_management_request_duration_seconds_count{endpoint="boom"} 1"#,
                #"wonkey_management_request_duration_seconds_count{endpoint="getThing"} 3"#,
            ]
        )
        #expect(
            Self.lines(registry, "wonkey_management_malformed_requests")
                == ["wonkey_management_malformed_requests_total 1"]
        )
        #expect(!registry.render(.prometheus).contains("secret"))
    }

    @Test("a request counts as in flight until it is answered")
    func inFlight() async throws {
        let registry = MetricsRegistry()
        let (bench, samples) = (ServiceBench(registry: registry), self.samples)
        let gauge = "wonkey_management_requests_in_flight"
        try await bench.serving(samples.all) { port, _ in
            async let answer = withTestClient(port: port) {
                try await $0.send("POST", "/v1/slow", headers: [TokenNames.header("alice")])
            }
            var begun = samples.begun.stream.makeAsyncIterator()
            await begun.next()
            #expect(Self.lines(registry, gauge) == [gauge + " 1"])
            samples.release()
            let status = try await answer.status
            #expect(status == 201)
        }
        #expect(Self.lines(registry, gauge) == [gauge + " 0"])
    }

    @Test("the private listener serves health, readiness and metrics, and nothing else")
    func served() async throws {
        let (bench, registry) = (ServiceBench(), MetricsRegistry())
        _ = ServiceMetrics(registry: registry)
        let services = bench.services
        try await ServiceBench.running({ onListening in
            OperationsService(
                at: .tcp(host: "127.0.0.1", port: 0),
                readiness: services.readiness,
                metrics: registry,
                clock: bench.clock,
                on: MultiThreadedEventLoopGroup.singleton,
                logger: Logger(label: "test") { _ in bench.log },
                onListening: onListening
            )
        }) { port, _ in
            try await withTestClient(port: port) { client in
                let health = try await client.send("GET", "/health")
                #expect(health.status == 200 && health.text == "{\"status\":\"ok\"}\n")
                #expect(try await client.send("GET", "/ready").text == "{\"status\":\"ready\"}\n")
                bench.store.with { $0.failure = StoreError(code: .unavailable, message: "disk on fire") }
                let away = try await client.send("GET", "/ready")
                #expect(away.status == 503 && away.text == "{\"status\":\"store_unavailable\"}\n")
                bench.drain.begin()
                #expect(try await client.send("GET", "/ready").text == "{\"status\":\"draining\"}\n")

                let plain = try await client.send("GET", "/metrics")
                #expect(plain.header("Content-Type") == MetricsFormat.prometheus.contentType)
                #expect(plain.text == registry.render(.prometheus))
                let accept = [("Accept", "application/openmetrics-text")]
                let open = try await client.send("GET", "/metrics", headers: accept)
                #expect(open.header("Content-Type") == MetricsFormat.openMetrics.contentType)
                #expect(open.text.hasSuffix("# EOF\n"))

                let post = try await client.send("POST", "/metrics")
                #expect(post.status == 405 && post.header("Allow") == "GET, HEAD")
                for path in ["/v1/keys", "/openapi.json", "/", "/metrics/"] {
                    #expect(try await client.send("GET", path).status == 404)
                }
            }
        }
    }

    @Test("the public listener has no metrics")
    func notPublic() async throws {
        #expect(try await ServiceBench().answer(Endpoint.all, "GET", "/metrics").status == 404)
    }
}
