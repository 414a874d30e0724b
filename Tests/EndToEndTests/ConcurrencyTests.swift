import Foundation
import Support
import Testing

@Suite("Concurrency limits, end to end", .redis, .temporaryDirectory)
struct ConcurrencyTests {
    private func deployment(_ upstream: StandInServer, proxies: Int = 1, lease: String) async throws -> Deployment {
        try await self.deployment(upstream.url, proxies: proxies, lease: lease)
    }

    private func deployment(_ upstream: String, proxies: Int = 1, lease: String) async throws -> Deployment {
        let redis = try #require(RedisServer.current)
        return try await Deployment(
            in: try #require(TemporaryDirectory.current),
            proxies: proxies,
            """
            counters: {url: "\(redis.url)", timeout: 5s}
            limits:
              streams: {algorithm: concurrency, limit: 2, lease: \(lease), by: key}
              rate: {algorithm: fixed-window, limit: 100, window: 1h, by: key}
              watched: {algorithm: concurrency, limit: 1, lease: \(lease), by: key, shadow: true}
            upstreams:
              api: {url: "\(upstream)"}
            routes:
              - {name: api, match: {prefix: /}, proxy: api, limits: [streams]}
              - {name: both, match: {prefix: /both}, proxy: api, limits: [rate, streams]}
              - {name: watched, match: {prefix: /watched}, proxy: api, limits: [watched]}
              - {name: tunnel, match: {prefix: /tunnel}, proxy: api, limits: [streams], upgrade: {}}
            """
        )
    }

    /// Holds requests to /hold until it is told otherwise.
    private func upstream() async throws -> StandInServer {
        try await StandInServer.start { $0.target.hasSuffix("/hold") ? .hold : .answer(status: 200) }
    }

    private func hold(_ key: IssuedKey, port: Int, path: String = "/hold") async throws -> RawClient {
        let client = try await RawClient.connect(port: port)
        try await client.send("GET \(path) HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(key.key)\r\n\r\n")
        return client
    }

    private func leases() async throws -> [String] {
        let redis = try #require(RedisServer.current)
        let key = try await redis.command("KEYS", "*:c")
        return key.isEmpty
            ? [] : try await redis.command("ZRANGE", key, "0", "-1").split(separator: "\n").map(String.init)
    }

    @Test("places are shared by all proxies, and free when an answer is complete or its client has left")
    func places() async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(upstream, proxies: 2, lease: "1h")
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            let ports = deployment.ports.map(\.proxy)
            let first = try await self.hold(key, port: ports[0])
            let second = try await self.hold(key, port: ports[1])
            await upstream.wait { $0.requests.count == 2 }
            try await withTestClient(port: ports[1]) { client in
                let refused = try await client.send("GET", "/", headers: key.headers)
                #expect(refused.status == 429)
                #expect(refused.header("Retry-After") == "1")
                #expect(refused.header("RateLimit-Policy") == #""streams";q=2;qu="concurrent-requests""#)
                #expect(refused.header("RateLimit") == #""streams";r=0"#)
                #expect(refused.text.contains(#""violated-policies":["streams"]"#))
                // What does not fit takes nothing of the other limit either.
                #expect(try await client.send("GET", "/both", headers: key.headers).status == 429)
                await first.close()
                try await eventually("free") {
                    try await client.send("GET", "/both", headers: key.headers).header("RateLimit")?
                        .hasPrefix(#""rate";r=99;"#) == true
                }
                #expect(
                    try await client.send("GET", "/", headers: key.headers).header("RateLimit") == #""streams";r=0"#
                )
                upstream.answerHeld(.answer(status: 200))
                _ = try await second.read(through: "\r\n\r\n")
                try await eventually("both free") {
                    try await client.send("GET", "/", headers: key.headers).header("RateLimit") == #""streams";r=1"#
                }
            }
            await second.close()
        }
        #expect(try await self.leases() == [])
        await upstream.shutdown()
    }

    @Test("a limit in shadow refuses nobody, says what it would have refused, and gives its places back")
    func shadow() async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(upstream, lease: "1h")
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            let held = try await self.hold(key, port: deployment.port, path: "/watched/hold")
            await upstream.wait { $0.requests.count == 1 }
            try await withTestClient(port: deployment.port) { client in
                let answer = try await client.send("GET", "/watched", headers: key.headers)
                #expect(answer.status == 200)
                #expect(answer.header("RateLimit") == nil)
                #expect(try await deployment.metric(#"wonkey_limit_shadow_refusals_total{limit="watched"}"#) == 1)
                #expect(try await self.leases().count == 1)
                await held.close()
                try await eventually("free") { try await self.leases() == [] }
                #expect(try await client.send("GET", "/watched", headers: key.headers).status == 200)
                #expect(try await deployment.metric(#"wonkey_limit_shadow_refusals_total{limit="watched"}"#) == 1)
            }
        }
        await upstream.shutdown()
    }

    @Test("a tunnel keeps its place while it is open, for all proxies")
    func tunnels() async throws {
        let origin = try await OriginServer.start([
            .await("\r\n\r\n"),
            .send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
            .await("bye"), .close,
        ])
        let deployment = try await self.deployment("http://127.0.0.1:\(origin.port)", proxies: 2, lease: "1h")
        let key = try await deployment.issueKey()
        let request =
            "GET /tunnel HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(key.key)\r\nConnection: Upgrade\r\n"
            + "Upgrade: websocket\r\n\r\n"
        try await deployment.serving { _ in
            let ports = deployment.ports.map(\.proxy)
            var tunnels: [RawClient] = []
            for port in ports {
                let client = try await RawClient.connect(port: port)
                try await client.send(request)
                #expect(try await client.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 101 "))
                tunnels.append(client)
            }
            #expect(try await self.leases().count == 2)
            let third = try await RawClient.connect(port: ports[1])
            try await third.send(request)
            #expect(try await third.read(through: "\r\n\r\n").hasPrefix("HTTP/1.1 429 "))
            await third.close()
            try await tunnels[0].send("bye")
            _ = try await tunnels[0].readToEnd()
            try await eventually("one place free") { try await self.leases().count == 1 }
            await tunnels[1].close()
            try await eventually("both places free") { try await self.leases() == [] }
        }
        await origin.stop()
    }

    @Test("a proxy that is killed keeps its places no longer than a lease")
    func killed() async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(upstream, proxies: 2, lease: "2s")
        let key = try await deployment.issueKey()
        try await deployment.serving { proxies in
            let ports = deployment.ports.map(\.proxy)
            let clients = [try await self.hold(key, port: ports[0]), try await self.hold(key, port: ports[0])]
            await upstream.wait { $0.requests.count == 2 }
            try await withTestClient(port: ports[1]) { client in
                #expect(try await client.send("GET", "/", headers: key.headers).status == 429)
                proxies.signal(.kill, proxy: 0)
                for connection in clients { _ = try await connection.readToEnd() }
                #expect(try await self.leases().count == 2)
                let killedAt = ContinuousClock.now
                try await eventually("free") { try await client.send("GET", "/", headers: key.headers).status == 200 }
                #expect(ContinuousClock.now - killedAt < .seconds(10))
            }
        }
        await upstream.shutdown()
    }

    @Test("a request that runs longer than a lease keeps its place, and gives it back when the proxy drains")
    func renewed() async throws {
        let upstream = try await self.upstream()
        let deployment = try await self.deployment(upstream, lease: "1s")
        let key = try await deployment.issueKey()
        let redis = try #require(RedisServer.current)
        try await deployment.serving { _ in
            let client = try await self.hold(key, port: deployment.port)
            await upstream.wait { $0.requests.count == 1 }
            let counter = try await redis.command("KEYS", "*:c")
            func end() async throws -> Double {
                Double(
                    try await redis.command("ZRANGE", counter, "0", "-1", "WITHSCORES").split(separator: "\n").last
                        ?? ""
                )
                    ?? 0
            }
            let firstEnd = try await end()
            try await eventually("renewed twice a lease later") { try await end() > firstEnd + 2_000 }
            #expect(try await self.leases().count == 1)
            #expect(try await deployment.metric("wonkey_leases_held") == 1)
            await client.close()
        }
        #expect(try await self.leases() == [])
        await upstream.shutdown()
    }
}
