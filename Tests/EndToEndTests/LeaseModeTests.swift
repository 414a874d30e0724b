import Foundation
import Support
import Testing

@Suite("Limits that take blocks ahead, end to end", .redis, .temporaryDirectory)
struct LeaseModeTests {
    private static let limit = 400

    @Test(
        "no more than the limit is admitted by several proxies together, nearly all of it, and Redis is asked less often"
    )
    func neverMore() async throws {
        let redis = try #require(RedisServer.current)
        let deployment = try await Deployment(
            in: try #require(TemporaryDirectory.current),
            proxies: 2,
            """
            counters: {url: "\(redis.url)", timeout: 5s}
            limits:
              main: {algorithm: fixed-window, limit: \(Self.limit), window: 1h, by: key, mode: leases}
            routes:
              - {name: fixed, match: {prefix: /}, limits: [main], respond: {status: 200, body: ok}}
            """
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
            let admitted = counts[200] ?? 0
            #expect(Set(counts.keys) == [200, 429])
            #expect((Self.limit * 3 / 4...Self.limit).contains(admitted), "\(admitted)")
            let calls = try await redis.command("INFO", "commandstats").split(whereSeparator: \.isNewline)
                .first { $0.hasPrefix("cmdstat_evalsha:") }
            let asked = try #require(calls?.split(separator: "=").dropFirst().first?.split(separator: ",").first)
            #expect(try #require(Int(asked)) < admitted, "\(asked)")
        }
    }
}
