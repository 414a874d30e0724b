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
            // A script takes a block, a plain count a single unit.
            let statistics = try await redis.command("INFO", "commandstats").split(whereSeparator: \.isNewline)
            let asked = ["cmdstat_evalsha:calls=", "cmdstat_incr:calls="].map { name in
                let line = statistics.first { $0.hasPrefix(name) }
                return line.flatMap { Int($0.dropFirst(name.count).prefix { $0 != "," }) } ?? 0
            }
            #expect(asked[0] > 0)
            #expect(asked.reduce(0, +) < admitted, "\(asked)")
        }
    }
}
