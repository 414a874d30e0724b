import Foundation
import Support
import Testing

@Suite("The gate, end to end", .redis, .temporaryDirectory)
struct GateTests {
    private func deployment(_ upstream: StandInServer, proxies: Int = 1, limits: String) async throws -> Deployment {
        let redis = try #require(RedisServer.current)
        return try await Deployment(
            in: try #require(TemporaryDirectory.current),
            proxies: proxies,
            """
            counters: {url: "\(redis.url)", timeout: 1s}
            limits:
              main: \(limits)
            upstreams:
              api: {url: "\(upstream.url)", headers: {Authorization: Bearer upstream-secret}}
            routes:
              - {name: images, match: {path: /images}, proxy: api, limits: [main], permissions: [images.create]}
              - {name: api, match: {prefix: /}, proxy: api, limits: [main]}
            """
        )
    }

    private func upstream() async throws -> StandInServer {
        try await StandInServer.start { _ in .answer(status: 200, body: Array("hello".utf8)) }
    }

    @Test("a key is issued, admitted, limited, logged, counted, and refused within a second of its revocation")
    func wholeFlow() async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(
            upstream,
            limits: "{algorithm: fixed-window, limit: 3, window: 1h, by: key}"
        )
        let key = try await deployment.issueKey()
        let outcomes = try await deployment.serving { proxies in
            try await withTestClient(port: deployment.port) { client in
                #expect(try await client.send("GET", "/x").status == 401)
                let admitted = try await client.send("GET", "/x?secret=1", headers: key.headers)
                #expect(admitted.status == 200)
                #expect(admitted.text == "hello")
                #expect(admitted.header("RateLimit-Policy") == #""main";q=3;w=3600"#)
                #expect(admitted.header("RateLimit")?.hasPrefix(#""main";r=2;t="#) == true)
                let forbidden = try await client.send("GET", "/images", headers: key.headers)
                #expect(forbidden.status == 403)
                #expect(forbidden.header("WWW-Authenticate")?.contains(#"error="insufficient_scope""#) == true)
                #expect(forbidden.header("RateLimit") == nil)
                // Not forwarded, and so not counted (L10).
                #expect(try await client.send("TRACE", "/x", headers: key.headers).status == 405)
                for expected in [200, 200, 429, 429] {
                    let answer = try await client.send("GET", "/x", headers: key.headers)
                    #expect(answer.status == expected)
                    if expected == 429 {
                        #expect(answer.header("Retry-After").flatMap { Int($0) } ?? 0 >= 3_500)
                        #expect(answer.header("Content-Type") == "application/problem+json")
                    }
                }
                #expect(try await deployment.metric(#"wonkey_limit_refusals_total{limit="main"}"#) == 2)
                try await deployment.admin("key", "revoke", key.id, "--yes")
                let revokedAt = ContinuousClock.now
                try await eventually("refused") {
                    try await client.send("GET", "/x", headers: key.headers).status == 401
                }
                #expect(ContinuousClock.now - revokedAt < .seconds(5))
            }
        }
        #expect(outcomes.map(\.status) == [0])
        #expect(upstream.requests.count == 3)
        #expect(upstream.requests.allSatisfy { $0.header("Authorization") == "Bearer upstream-secret" })
        #expect(try await deployment.logCount("--status", "200") == 3)
        #expect(try await deployment.logCount("--status", "429") >= 2)
        #expect(try await deployment.logCount("--status", "403") == 1)
        let usage = try await deployment.admin("--output", "json", "usage", "--project", "shop")
        #expect(usage.replacingOccurrences(of: " ", with: "").contains(#""requests":3"#))
        let logs = try await deployment.admin("logs", "--project", "shop")
        #expect(!logs.contains(key.key))
        #expect(!logs.contains("secret"))
        #expect(!outcomes[0].standardError.contains(key.key))
        await upstream.shutdown()
    }

    @Test("requests beyond server.requests are answered 503 at once, and served again when others have ended")
    func overloaded() async throws {
        let upstream = try await StandInServer.start { $0.target == "/hold" ? .hold : .answer(status: 200) }
        let deployment = try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            server: {loops: 1, requests: 2}
            upstreams: {api: {url: "\(upstream.url)"}}
            routes: [{name: api, match: {prefix: /}, proxy: api, authentication: none}]
            """
        )
        try await deployment.serving { _ in
            var held: [RawClient] = []
            for count in 1...2 {
                let client = try await RawClient.connect(port: deployment.port)
                try await client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n")
                await upstream.wait { $0.requests.count == count }
                held.append(client)
            }
            try await withTestClient(port: deployment.port) { client in
                let refused = try await client.send("GET", "/")
                #expect([refused.status, Int(refused.header("Retry-After") ?? "")] == [503, 1])
                #expect(refused.text.contains(#""code":"overloaded""#))
                #expect(try await deployment.metric(#"wonkey_decisions_total{result="overloaded"}"#) == 1)
                await held[0].close()
                try await eventually("room") { try await client.send("GET", "/").status == 200 }
            }
            await held[1].close()
        }
        await upstream.shutdown()
    }

    @Test(
        "four proxies before one Redis admit exactly the limit, whatever the algorithm",
        arguments: ["fixed-window", "sliding-window", "token-bucket"]
    )
    func exact(algorithm: String) async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(
            upstream,
            proxies: 4,
            limits: "{algorithm: \(algorithm), limit: 250, window: 7d, by: key}"
        )
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            let counts = await load(
                ports: deployment.ports.map(\.proxy),
                connections: 32,
                requests: 20,
                path: "/",
                headers: key.headers
            )
            #expect(counts == [200: 250, 429: 390])
        }
        #expect(upstream.requests.count == 250)
        await upstream.shutdown()
    }

    @Test("a key that is revoked under load is refused by every proxy within a second")
    func revocationUnderLoad() async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(
            upstream,
            proxies: 2,
            limits: "{algorithm: fixed-window, limit: 1000000, window: 1h, by: key}"
        )
        let revoked = try await deployment.issueKey()
        let other = try await deployment.issueKey()
        try await deployment.serving { _ in
            async let counts = load(
                ports: deployment.ports.map(\.proxy),
                connections: 8,
                requests: 300,
                path: "/",
                headers: other.headers
            )
            for ports in deployment.ports {
                try await withTestClient(port: ports.proxy) { client in
                    let answer = try await client.send("GET", "/", headers: revoked.headers)
                    #expect(answer.status == 200)
                }
            }
            try await deployment.admin("key", "revoke", revoked.id, "--yes")
            for ports in deployment.ports {
                try await withTestClient(port: ports.proxy) { client in
                    try await eventually("refused") {
                        try await client.send("GET", "/", headers: revoked.headers).status == 401
                    }
                }
            }
            #expect(await counts == [200: 2_400])
        }
        await upstream.shutdown()
    }

    @Test("A11: an address that guesses keys is held back before the store is asked, known keys of it are not")
    func guessing() async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(
            upstream,
            limits: "{algorithm: fixed-window, limit: 1000, window: 1h, by: key}"
        )
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                #expect(try await client.send("GET", "/", headers: key.headers).status == 200)
                var statuses: [Int: Int] = [:]
                for index in 0..<400 {
                    let guess = "nb_live_" + String(repeating: "0", count: 29) + String(index + 100, radix: 10)
                    let answer = try await client.send("GET", "/", headers: [("Authorization", "Bearer \(guess)")])
                    statuses[answer.status, default: 0] += 1
                    if answer.status == 429 { #expect(answer.header("Retry-After") != nil) }
                }
                #expect(Set(statuses.keys) == [401, 429])
                #expect(statuses[429] ?? 0 > 0)
                #expect(try await client.send("GET", "/", headers: key.headers).status == 200)
            }
        }
        await upstream.shutdown()
    }

    @Test("overrides of a key and of its project replace a configured limit, at once and without a restart")
    func overrides() async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(
            upstream,
            limits: "{algorithm: fixed-window, limit: 2, window: 1h, by: key}"
        )
        let plain = try await deployment.issueKey()
        let own = try await deployment.issueKey("--limit", "main=4/1h")
        try await deployment.serving { _ in
            let before = await deployment.load(connections: 1, requests: 6, own)
            #expect(before == [200: 4, 429: 2])
            try await deployment.admin("limit", "set", "--project", "shop", "main=3/1h")
            try await withTestClient(port: deployment.port) { client in
                try await eventually("taken over") {
                    try await client.send("GET", "/", headers: plain.headers).header("RateLimit-Policy")
                        == #""main";q=3;w=3600"#
                }
            }
        }
        await upstream.shutdown()
    }
}
