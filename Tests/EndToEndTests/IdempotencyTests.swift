import Foundation
import Support
import Testing

@Suite("Idempotency keys, end to end", .redis, .temporaryDirectory)
struct IdempotencyEndToEndTests {
    /// Route settings, and the counters' URL where it is not the test's Redis.
    private func deployment(
        _ upstream: String,
        _ settings: String = "",
        counters: String? = nil,
        proxies: Int = 1
    ) async throws -> Deployment {
        let url = try counters ?? #require(RedisServer.current).url
        return try await Deployment(
            in: try #require(TemporaryDirectory.current),
            proxies: proxies,
            environment: ["GOOGLE_API_KEY": "stand-in-key"],
            """
            counters: {url: "\(url)", timeout: 2s}
            limits:
              rate: {algorithm: fixed-window, limit: 10, window: 1h, by: key}
              images: {algorithm: fixed-window, limit: 10, window: 1h, by: key, unit: images}
            upstreams:
              api: {url: "\(upstream)"}
            images:
              banana: {provider: gemini, base_url: "\(upstream)", api_key: "${GOOGLE_API_KEY:-}", timeout: 5s}
            routes:
              - {name: api, match: {prefix: /}, proxy: api, limits: [rate], idempotency: {\(settings)}}
              - name: generate
                match: {path: /v1/generate, methods: [POST]}
                generate: banana
                limits: [images]
                idempotency: {}
            """
        )
    }

    private func post(
        _ client: TestClient,
        _ key: IssuedKey,
        _ idempotencyKey: String?,
        path: String = "/pay",
        body: String = "one"
    ) async throws -> TestResponse {
        let fields = key.headers + (idempotencyKey.map { [("Idempotency-Key", $0)] } ?? [])
        return try await client.send("POST", path, headers: fields, body: Array(body.utf8))
    }

    @Test("a request is carried out once and answered as before, by any proxy, at no cost")
    func replay() async throws {
        let upstream = try await StandInServer.start { request in
            .answer(status: 201, headers: [(name: "X-Made", value: "1")], body: Array("made ".utf8) + request.body)
        }
        let deployment = try await self.deployment(upstream.url, "required: true", proxies: 2)
        let key = try await deployment.issueKey()
        let other = try await deployment.issueKey()
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.ports[0].proxy) { client in
                let first = try await self.post(client, key, #""k-1""#)
                #expect(first.status == 201)
                #expect(first.header("Idempotency-Replayed") == nil)
                #expect(first.header("RateLimit")?.hasPrefix(#""rate";r=9;"#) == true)
                #expect(try await self.post(client, key, nil).status == 400)
                #expect(try await self.post(client, key, #""k"#).status == 400)
                #expect(try await self.post(client, key, #""k-1""#, body: "two").status == 422)
                #expect(try await self.post(client, key, #""k-1""#, path: "/pay/2").status == 422)
                // A key of its own for everybody; and reading needs none.
                #expect(try await self.post(client, other, #""k-1""#).header("Idempotency-Replayed") == nil)
                #expect(try await client.send("GET", "/pay", headers: key.headers).status == 201)
                #expect(try await deployment.metric(#"wonkey_idempotency_total{result="other_request"}"#) == 2)
            }
            try await withTestClient(port: deployment.ports[1].proxy) { client in
                let again = try await self.post(client, key, "k-1")
                #expect(again.status == 201)
                #expect(again.text == "made one")
                #expect(again.header("X-Made") == "1")
                #expect(again.header("Idempotency-Replayed") == "true")
                #expect(again.headers.filter { $0.name.lowercased() == "x-request-id" }.count == 1)
                #expect(again.headers.filter { $0.name.lowercased() == "date" }.count == 1)
                #expect(
                    try await self.post(client, key, #""k-2""#).header("RateLimit")?.hasPrefix(#""rate";r=7;"#) == true
                )
                let metric = #"wonkey_idempotency_total{result="#
                #expect(try await deployment.metric(metric + #""unquoted"}"#, proxy: 1) == 1)
                #expect(try await deployment.metric(metric + #""replayed"}"#, proxy: 1) == 1)
            }
        }
        #expect(upstream.requests.count == 4)
        #expect(try await deployment.admin("--output", "json", "logs", "--project", "shop").contains("replayed"))
        await upstream.shutdown()
    }

    @Test("while it is carried out a repetition is told so, and it goes on when its client leaves")
    func inProgress() async throws {
        let upstream = try await StandInServer.start { _ in .hold }
        let deployment = try await self.deployment(upstream.url)
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            let impatient = try await RawClient.connect(port: deployment.port)
            try await impatient.send(
                "POST /pay HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(key.key)\r\nIdempotency-Key: \"k\"\r\n"
                    + "Content-Length: 3\r\n\r\none"
            )
            await upstream.wait { $0.requests.count == 1 }
            try await withTestClient(port: deployment.port) { client in
                let early = try await self.post(client, key, #""k""#)
                #expect(early.status == 409)
                #expect(early.header("Retry-After") == "1")
                #expect(try await self.post(client, key, #""k""#, body: "two").status == 422)
                await impatient.close()
                #expect(try await self.post(client, key, #""k""#).status == 409)
                upstream.answerHeld(.answer(status: 200, body: Array("done".utf8)))
                try await eventually("answered") { try await self.post(client, key, #""k""#).text == "done" }
                // Client and repetition left their records, and one unit was taken.
                #expect(try await deployment.metric(#"wonkey_idempotency_total{result="carried_out"}"#) == 1)
            }
        }
        #expect(upstream.requests.count == 1)
        #expect(try await deployment.logCount("--status", "499") == 1)
        await upstream.shutdown()
    }

    @Test("a proxy that is killed while it carries a request out frees the key with its claim's lease, and not before")
    func killed() async throws {
        let upstream = try await StandInServer.start { _ in .hold }
        let deployment = try await self.deployment(upstream.url, proxies: 2)
        let key = try await deployment.issueKey()
        let redis = try #require(RedisServer.current)
        try await deployment.serving { proxies in
            let client = try await RawClient.connect(port: deployment.ports[0].proxy)
            try await client.send(
                "POST /pay HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(key.key)\r\nIdempotency-Key: \"k\"\r\n"
                    + "Content-Length: 3\r\n\r\none"
            )
            await upstream.wait { $0.requests.count == 1 }
            proxies.signal(.kill, proxy: 0)
            _ = try await client.readToEnd()
            try await withTestClient(port: deployment.ports[1].proxy) { client in
                #expect(try await self.post(client, key, #""k""#).status == 409)
                let entry = try await redis.command("KEYS", "*:idem:*")
                let left = try #require(Int(try await redis.command("PTTL", entry)))
                #expect((1...60_000).contains(left))
                // As if that time had passed.
                #expect(try await redis.command("PEXPIRE", entry, "1") == "1")
                try await eventually("gone") { try await redis.command("EXISTS", entry) == "0" }
                let answering = Task {
                    await upstream.wait { $0.requests.count == 2 }
                    upstream.answerHeld(.answer(status: 200, body: Array("done".utf8)))
                }
                let again = try await self.post(client, key, #""k""#)
                #expect([again.text] == ["done"])
                await answering.value
            }
        }
        await upstream.shutdown()
    }

    @Test(
        "what cannot be given again is not carried out again, unless nothing was done",
        arguments: [
            ("/large", 200, 409, 1), ("/broken", 502, 409, 1), ("/busy", 503, 503, 2), ("/limited", 429, 429, 2),
            ("/failed", 500, 500, 1),
        ]
    )
    func withoutAnswer(path: String, first: Int, second: Int, requests: Int) async throws {
        let upstream = try await StandInServer.start { request in
            switch request.target {
            case "/large": .answer(status: 200, body: [UInt8](repeating: 0x61, count: 5_000))
            case "/broken": .close
            case "/busy": .answer(status: 503)
            case "/limited": .answer(status: 429)
            default: .answer(status: 500)
            }
        }
        let deployment = try await self.deployment(
            upstream.url,
            "max_response: 4KiB, max_body: 1KiB",
            counters: "memory:"
        )
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                let answers = [
                    try await self.post(client, key, #""k""#, path: path),
                    try await self.post(client, key, #""k""#, path: path),
                ]
                #expect(answers.map(\.status) == [first, second])
            }
            try await withTestClient(port: deployment.port) { client in
                let large = String(repeating: "b", count: 1_025)
                let refused = try await self.post(client, key, #""other""#, path: path, body: large)
                #expect(refused.status == 413)
            }
        }
        #expect(upstream.requests.count == requests)
        await upstream.shutdown()
    }

    @Test(
        "with Redis away, requests with a key are refused, or pass as if they had none",
        arguments: [("deny", 503), ("pass", 200)]
    )
    func outage(mode: String, status: Int) async throws {
        let upstream = try await StandInServer.start { .answer(status: 200, body: $0.body) }
        let deployment = try await self.deployment(upstream.url, "on_outage: \(mode)")
        let key = try await deployment.issueKey()
        let redis = try #require(RedisServer.current)
        try await deployment.serving { _ in
            await redis.kill()
            try await withTestClient(port: deployment.port) { client in
                let answers = [
                    try await self.post(client, key, #""k""#), try await self.post(client, key, nil),
                ]
                #expect(answers.map(\.status) == [status, 200])
                #expect(try await deployment.metric(#"wonkey_idempotency_total{result="unavailable"}"#) == 1)
            }
        }
        await upstream.shutdown()
    }

    @Test("an image is drawn and charged once")
    func generated() async throws {
        let gemini = try await GeminiStandIn.start()
        let deployment = try await self.deployment(gemini.url)
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                let prompt = #"{"prompt":"a banana"}"#
                let fields = key.headers + [("Content-Type", "application/json"), ("Idempotency-Key", #""k""#)]
                let answers = [
                    try await client.send("POST", "/v1/generate", headers: fields, body: Array(prompt.utf8)),
                    try await client.send("POST", "/v1/generate", headers: fields, body: Array(prompt.utf8)),
                ]
                #expect(answers.map(\.status) == [200, 200])
                #expect(answers[0].body == answers[1].body)
                #expect(answers.map { $0.header("Idempotency-Replayed") } == [nil, "true"])
                #expect(try await deployment.metric("wonkey_images_returned_total") == 1)
            }
        }
        let usage = try await deployment.admin("--output", "json", "usage", "--project", "shop")
        #expect(usage.replacingOccurrences(of: " ", with: "").contains(#""images":1"#))
        #expect(usage.replacingOccurrences(of: " ", with: "").contains(#""requests":1"#))
        await gemini.shutdown()
    }
}
