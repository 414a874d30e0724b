import Foundation
import Support
import Synchronization
import Testing

@Suite("Traces, end to end", .temporaryDirectory)
struct TracingTests {
    private static let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    private static let span = "00f067aa0ba902b7"

    /// One span as the collector got it.
    private struct Span: Equatable {
        var trace: String
        var span: String
        var parent: String
        var kind: Int
        var name: String
        var isError: Bool
        var attributes: [String: String]
    }

    private func deployment(
        _ upstreams: [String],
        collector: String,
        more: String = "every: 20ms"
    ) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            upstreams:
              api: {targets: [\(upstreams.map { "\"\($0)\"" }.joined(separator: ", "))]}
            routes:
              - {name: open, match: {prefix: /open}, proxy: api, authentication: none}
              - {name: moved, match: {prefix: /moved}, proxy: api, authentication: none, rewrite: {strip_prefix: /moved}}
              - {name: api, match: {prefix: /}, proxy: api}
            telemetry:
              otlp: {endpoint: "\(collector)", headers: {X-Collector-Key: sentinel-collector}, \(more)}
            """
        )
    }

    private static func spans(in requests: [StandInServer.Request]) throws -> [Span] {
        try requests.flatMap { request in
            let object = try JSONSerialization.jsonObject(with: Data(request.body)) as? [String: Any]
            let resources = try #require(object?["resourceSpans"] as? [[String: Any]])
            let scopes = resources.flatMap { $0["scopeSpans"] as? [[String: Any]] ?? [] }
            return try scopes.flatMap { $0["spans"] as? [[String: Any]] ?? [] }.map { try Self.span(of: $0) }
        }
    }

    private static func span(of object: [String: Any]) throws -> Span {
        var attributes: [String: String] = [:]
        for attribute in object["attributes"] as? [[String: Any]] ?? [] {
            let value = attribute["value"] as? [String: Any]
            attributes[attribute["key"] as? String ?? ""] =
                value?["stringValue"] as? String ?? value?["intValue"] as? String
        }
        let start = try #require(Int64(object["startTimeUnixNano"] as? String ?? ""))
        let end = try #require(Int64(object["endTimeUnixNano"] as? String ?? ""))
        #expect(start <= end)
        return Span(
            trace: try #require(object["traceId"] as? String),
            span: try #require(object["spanId"] as? String),
            parent: object["parentSpanId"] as? String ?? "",
            kind: try #require(object["kind"] as? Int),
            name: try #require(object["name"] as? String),
            isError: (object["status"] as? [String: Any])?["code"] as? Int == 2,
            attributes: attributes
        )
    }

    @Test("a client's trace is continued: the server span is its child, the upstream gets the try's span, secrets stay")
    func continued() async throws {
        let upstream = try await StandInServer.start { _ in .answer(status: 200) }
        let collector = try await StandInServer.start { _ in .answer(status: 200) }
        let deployment = try await self.deployment([upstream.url], collector: collector.url)
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                let parent = [
                    ("traceparent", "00-\(Self.trace)-\(Self.span)-01"), ("tracestate", "a=1"), ("tracestate", "b=2"),
                ]
                let answer = try await client.send("GET", "/x?token=s3cret&a=1", headers: key.headers + parent)
                #expect(answer.status == 200)
                #expect(answer.header("X-Request-Id") != nil)
                // Refused here: no try, still a span.
                #expect(try await client.send("GET", "/y", headers: parent).status == 401)
                // Not sampled by its client: passed on as it is, not recorded.
                let unsampled = [("traceparent", "00-\(Self.trace)-\(Self.span)-00")]
                #expect(try await client.send("GET", "/z", headers: key.headers + unsampled).status == 200)
            }
        }
        let sent = upstream.requests
        let spans = try Self.spans(in: collector.requests)
        #expect(spans.map(\.name) == ["GET", "GET /*", "GET /*"])
        let (attempt, server, refused) = (spans[0], spans[1], spans[2])
        #expect((attempt.kind, attempt.trace, attempt.parent) == (3, Self.trace, server.span))
        #expect((server.kind, server.trace, server.parent) == (2, Self.trace, Self.span))
        #expect((refused.kind, refused.trace, refused.parent) == (2, Self.trace, Self.span))
        #expect(
            sent.map { $0.header("traceparent") } == [
                "00-\(Self.trace)-\(attempt.span)-01", "00-\(Self.trace)-\(Self.span)-00",
            ]
        )
        #expect(sent.first?.headers.filter { $0.name.lowercased() == "tracestate" }.map(\.value) == ["a=1,b=2"])
        #expect(server.attributes["url.query"] == "token=REDACTED&a=1")
        #expect(server.attributes["http.route"] == "/*")
        #expect(server.attributes["http.response.status_code"] == "200")
        #expect(server.attributes["wonkey.key_id"] == key.id)
        #expect(attempt.attributes["url.full"] == "\(upstream.url)/x?token=REDACTED&a=1")
        #expect(refused.attributes["http.response.status_code"] == "401")
        #expect(!server.isError && !refused.isError && !attempt.isError)
        #expect(
            collector.requests.allSatisfy {
                $0.target == "/v1/traces" && $0.header("X-Collector-Key") == "sentinel-collector"
            }
        )
        let bodies = collector.requests.map { String(decoding: $0.body, as: UTF8.self) }
        #expect(!bodies.contains { $0.contains("s3cret") || $0.contains(key.key) || $0.contains("sentinel") })
        await upstream.shutdown()
        await collector.shutdown()
    }

    @Test("without a valid trace a new one begins; each try has its span, and the upstream sees the one that answers")
    func begun() async throws {
        let upstream = try await StandInServer.start { _ in .answer(status: 500) }
        let collector = try await StandInServer.start { _ in .answer(status: 200) }
        let nobody = try await StandInServer.unusedURL()
        let deployment = try await self.deployment([nobody, upstream.url], collector: collector.url)
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                for _ in 0..<2 {
                    let invalid = [("traceparent", "00-\(Self.trace)-0000000000000000-01"), ("tracestate", "a=1")]
                    let status = try await client.send("PURGE", "/open/x", headers: invalid).status
                    #expect(status == 500)
                }
            }
        }
        let spans = try Self.spans(in: collector.requests)
        let servers = spans.filter { $0.kind == 2 }
        let tries = spans.filter { $0.kind == 3 }
        #expect(servers.map(\.name) == ["HTTP /open/*", "HTTP /open/*"])
        #expect(servers.allSatisfy { $0.isError && $0.parent.isEmpty && $0.trace != Self.trace })
        #expect(servers.allSatisfy { $0.attributes["http.request.method"] == "_OTHER" })
        #expect(Set(servers.map(\.trace)).count == 2)
        // One of the two began with the target where nobody listens.
        #expect(tries.count == 3)
        let failed = tries.filter { $0.attributes["error.type"] == "unreachable" }
        let again = tries.filter { $0.attributes["http.request.resend_count"] == "1" }
        #expect(failed.count == 1 && again.count == 1 && failed.map(\.trace) == again.map(\.trace))
        let answered = tries.filter { $0.attributes["http.response.status_code"] == "500" }
        #expect(upstream.requests.map { $0.header("traceparent") } == answered.map { "00-\($0.trace)-\($0.span)-03" })
        #expect(upstream.requests.allSatisfy { $0.header("tracestate") == nil })
        await upstream.shutdown()
        await collector.shutdown()
    }

    @Test("a try tells what the upstream was asked for, and that nobody waited for its answer")
    func rewrittenAndCancelled() async throws {
        let upstream = try await StandInServer.start { _ in .hold }
        let collector = try await StandInServer.start { _ in .answer(status: 200) }
        let deployment = try await self.deployment([upstream.url], collector: collector.url)
        try await deployment.serving { _ in
            let client = try await RawClient.connect(port: deployment.port)
            try await client.send("GET /moved/x?token=s3cret&a=1 HTTP/1.1\r\nHost: a\r\n\r\n")
            await upstream.wait { $0.requests.count == 1 }
            await client.close()
            let metric = #"wonkey_upstream_requests_total{upstream="api",status="cancelled"}"#
            try await eventually("cancelled") { try await deployment.metric(metric) == 1 }
        }
        let spans = try Self.spans(in: collector.requests)
        #expect(spans.map { $0.attributes["url.path"] } == [nil, "/moved/x"])
        #expect(spans.first?.attributes["url.full"] == "\(upstream.url)/x?token=REDACTED&a=1")
        #expect(spans.first?.attributes["error.type"] == "cancelled")
        await upstream.shutdown()
        await collector.shutdown()
    }

    @Test("of requests without a trace one out of N is recorded; the others tell their upstream that they are not")
    func sampled() async throws {
        let upstream = try await StandInServer.start { _ in .answer(status: 200) }
        let collector = try await StandInServer.start { _ in .answer(status: 200) }
        let deployment = try await self.deployment([upstream.url], collector: collector.url, more: "sample: 4")
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                for _ in 0..<8 { _ = try await client.send("GET", "/open") }
            }
        }
        let parents = upstream.requests.compactMap { $0.header("traceparent") }
        #expect(parents.count == 8)
        #expect(parents.filter { $0.hasSuffix("-03") }.count == 2)
        #expect(parents.filter { $0.hasSuffix("-02") }.count == 6)
        #expect(try Self.spans(in: collector.requests).count == 4)
        await upstream.shutdown()
        await collector.shutdown()
    }

    @Test("a collector that is overloaded gets every span later; one that refuses or hangs costs spans, never requests")
    func badCollector() async throws {
        let upstream = try await StandInServer.start { _ in .answer(status: 200) }
        let replies = Mutex([429, 503, 400, 200])
        let collector = try await StandInServer.start { _ in
            let status = replies.withLock { $0.count > 1 ? $0.removeFirst() : $0[0] }
            return .answer(status: status, headers: [(name: "Retry-After", value: "0")])
        }
        let deployment = try await self.deployment([upstream.url], collector: collector.url)
        try await deployment.serving { _ in
            _ = try await withTestClient(port: deployment.port) { try await $0.send("GET", "/open") }
            // 429, 503, then refused for good.
            try await eventually("refused") { try await deployment.metric("wonkey_otlp_spans_refused_total") == 2 }
            #expect(try await deployment.metric("wonkey_otlp_retries_total") == 2)
            _ = try await withTestClient(port: deployment.port) { try await $0.send("GET", "/open") }
            try await eventually("exported") { try await deployment.metric("wonkey_otlp_spans_exported_total") == 2 }
        }
        await upstream.shutdown()
        await collector.shutdown()
    }

    @Test("a collector that is away or hangs drops spans beyond the queue, and delays neither requests nor the stop")
    func collectorAway() async throws {
        let upstream = try await StandInServer.start { _ in .answer(status: 200) }
        let hanging = try await StandInServer.start { _ in .hold }
        for url in [try await StandInServer.unusedURL(), hanging.url] {
            let deployment = try await self.deployment(
                [upstream.url],
                collector: url,
                more: "every: 10ms, queue: 20, batch: 10, timeout: 60s"
            )
            let outcomes = try await deployment.serving { _ in
                try await withTestClient(port: deployment.port) { client in
                    for _ in 0..<40 {
                        let status = try await client.send("GET", "/open").status
                        #expect(status == 200)
                    }
                }
                try await eventually("overflowing") {
                    try await deployment.metric("wonkey_otlp_spans_overflowed_total") == 60
                }
                #expect(try await deployment.metric("wonkey_otlp_spans_queued") == 20)
            }
            #expect(outcomes.map(\.status) == [0])
        }
        await upstream.shutdown()
        await hanging.shutdown()
    }

    @Test("with nothing configured a valid trace passes unchanged, an invalid one is replaced, and none is begun")
    func notConfigured() async throws {
        let upstream = try await StandInServer.start { _ in .answer(status: 200) }
        let deployment = try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            upstreams: {api: {url: "\(upstream.url)"}}
            routes: [{name: open, match: {prefix: /}, proxy: api, authentication: none}]
            """
        )
        let valid = "00-\(Self.trace)-\(Self.span)-01"
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                _ = try await client.send("GET", "/", headers: [("traceparent", valid), ("tracestate", "a=1")])
                _ = try await client.send("GET", "/")
                _ = try await client.send(
                    "GET",
                    "/",
                    headers: [("traceparent", valid), ("traceparent", valid), ("tracestate", "a=1")]
                )
                _ = try await client.send("GET", "/", headers: [("tracestate", "a=1")])
            }
            let metrics = try await withTestClient(port: deployment.ports[0].operations) { client in
                try await client.send("GET", "/metrics", headers: [("Accept", "application/openmetrics-text")])
            }
            #expect(metrics.header("Content-Type") == "application/openmetrics-text; version=1.0.0; charset=utf-8")
            for line in [
                #"wonkey_http_requests_total{route="open",status="2xx"} 4"#,
                #"wonkey_http_requests_total{route="open",status="5xx"} 0"#,
                #"wonkey_http_request_duration_seconds_count{route="open"} 4"#,
                #"wonkey_http_request_faults_total{route="open",fault="upstream"} 0"#,
                #"wonkey_upstream_requests_total{upstream="api",status="2xx"} 4"#,
                #"wonkey_upstream_requests_total{upstream="api",status="none"} 0"#,
                #"wonkey_upstream_request_duration_seconds_count{upstream="api"} 4"#,
            ] { #expect(metrics.text.contains("\n\(line)\n"), "\(line)") }
            #expect(!metrics.text.contains("otlp"))
        }
        let parents = upstream.requests.map { $0.header("traceparent") }
        #expect(parents[0] == valid)
        #expect(parents[1] == nil && parents[3] == nil)
        #expect(parents[2].map { $0 != valid && $0.hasPrefix("00-") && $0.hasSuffix("-02") } == true)
        #expect(upstream.requests.map { $0.header("tracestate") } == ["a=1", nil, nil, nil])
        await upstream.shutdown()
    }
}
