import Support
import Testing

@Suite("Redis away, end to end", .redis, .temporaryDirectory)
struct OutageTests {
    private func deployment(_ upstream: StandInServer, onOutage: String, replicas: Int = 1) async throws -> Deployment {
        let redis = try #require(RedisServer.current)
        return try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "\(redis.url)", timeout: 100ms, on_outage: \(onOutage), replicas: \(replicas)}
            limits:
              main: {algorithm: fixed-window, limit: 40, window: 1h, by: key}
            upstreams:
              api: {url: "\(upstream.url)"}
            routes:
              - {name: api, match: {prefix: /}, proxy: api, limits: [main]}
            """
        )
    }

    @Test(
        "a killed Redis is survived as configured, and taken up again without a restart",
        arguments: [
            ("share", 2, [200: 20, 429: 30], 200),
            ("allow", 1, [200: 50], 200),
            ("deny", 1, [503: 50], 503),
        ] as [(String, Int, [Int: Int], Int)]
    )
    func killed(onOutage: String, replicas: Int, expected: [Int: Int], readiness: Int) async throws {
        let redis = try #require(RedisServer.current)
        let upstream = try await StandInServer.start { _ in .answer(status: 200) }
        let deployment = try await self.deployment(upstream, onOutage: onOutage, replicas: replicas)
        let key = try await deployment.issueKey()
        let outcomes = try await deployment.serving { _ in
            let before = await deployment.load(connections: 2, requests: 5, key)
            #expect(before == [200: 10])
            await redis.kill()
            try await eventually("degraded") { try await deployment.metric("wonkey_counter_store_degraded") == 1 }
            let away = await deployment.load(connections: 5, requests: 10, key)
            #expect(away == expected)
            let status = try await deployment.ready().status
            #expect(status == readiness)
            try await redis.start()
            try await eventually("recovered") { try await deployment.metric("wonkey_counter_store_degraded") == 0 }
            let after = await deployment.load(connections: 5, requests: 10, key)
            #expect(after == [200: 40, 429: 10])
        }
        #expect(outcomes.map(\.status) == [0])
        await upstream.shutdown()
    }

    @Test("a Redis that is paused under load delays no request beyond the timeout, and is taken up again")
    func paused() async throws {
        let redis = try #require(RedisServer.current)
        let upstream = try await StandInServer.start { _ in .answer(status: 200) }
        let deployment = try await self.deployment(upstream, onOutage: "allow")
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            try await redis.pause()
            // Were a request to wait for Redis, the load would not end before the test resumes it.
            let away = await deployment.load(connections: 8, requests: 25, key)
            try await redis.resume()
            #expect(away == [200: 200])
            try await eventually("recovered") { try await deployment.metric("wonkey_counter_store_degraded") == 0 }
            let after = await deployment.load(connections: 1, requests: 100, key)
            #expect(after[429] ?? 0 >= 60)
        }
        await upstream.shutdown()
    }

    @Test("a Redis that is not there at the start does not keep the sidecar from serving")
    func awayAtStart() async throws {
        let redis = try #require(RedisServer.current)
        let upstream = try await StandInServer.start { _ in .answer(status: 200) }
        let deployment = try await self.deployment(upstream, onOutage: "share")
        let key = try await deployment.issueKey()
        await redis.kill()
        try await deployment.serving { _ in
            let away = await deployment.load(connections: 5, requests: 10, key)
            #expect(away == [200: 40, 429: 10])
            let readiness = try await deployment.ready()
            #expect(readiness.text.contains(#""counters":"local""#))
        }
        await upstream.shutdown()
    }
}
