import NIOCore
import Support
import Testing
import WonkeyCore

@testable import WonkeyRedis

/// One unit of one fixed window, without a script.
@Suite struct WindowCountTests {
    @Test(
        "what the two answers mean",
        arguments: [
            (
                1, -1, CounterDecision.admitted([CounterState(remaining: 2, resetMs: 604_800_000, retryAfterMs: 0)]),
                .begin
            ),
            (1, -2, .admitted([CounterState(remaining: 2, resetMs: 604_800_000, retryAfterMs: 0)]), .begin),
            (2, 400, .admitted([CounterState(remaining: 1, resetMs: 400, retryAfterMs: 0)]), []),
            (3, 0, .admitted([CounterState(remaining: 0, resetMs: 1, retryAfterMs: 0)]), []),
            (3, 604_800_001, .admitted([CounterState(remaining: 0, resetMs: 604_800_000, retryAfterMs: 0)]), []),
            (4, 400, .refused([CounterState(remaining: 0, resetMs: 400, retryAfterMs: 400)]), .putBack),
            (
                9, -1, .refused([CounterState(remaining: 0, resetMs: 604_800_000, retryAfterMs: 604_800_000)]),
                [.begin, .putBack]
            ),
        ] as [(Int, Int, CounterDecision, WindowCount.Sequel)]
    )
    func decisions(used: Int, left: Int, decision: CounterDecision, sequel: WindowCount.Sequel) throws {
        let count = try #require(WindowCount([.test("c", limit: 3)]))
        let outcome = try #require(count.decision(used: used, leftMs: left))
        #expect(outcome.decision == decision)
        #expect(outcome.sequel == sequel)
        #expect(count.decision(used: 0, leftMs: left) == nil)
        #expect(count.decision(used: -1, leftMs: left) == nil)
    }

    @Test("several limits, other costs, what may come back, shadows and other algorithms take a script")
    func scripts() {
        let one = CounterCheck.test("c", limit: 3)
        var returnable = one
        returnable.isReturnable = true
        var shadow = one
        shadow.isShadow = true
        #expect(WindowCount([one]) != nil)
        for checks in [
            [], [one, .test("d", limit: 3)], [.test("c", limit: 3, cost: 0)], [.test("c", limit: 3, cost: 2)],
            [.test("c", limit: 0)], [returnable], [shadow], [.test("c", .slidingWindow, limit: 3)],
            [.test("c", .tokenBucket, limit: 3)],
        ] { #expect(WindowCount(checks) == nil) }
    }

    @Test("counts by plain commands, gives the window its end, and keeps no refused unit", .redis)
    func counting() async throws {
        let server = try #require(RedisServer.current)
        let (harness, _) = try await StoreHarness.start(.current())
        let check = CounterCheck.test("c", limit: 5)
        #expect(try await harness.take([check], times: 9).count(where: \.isAdmitted) == 5)
        // Asked behind what was told last, on the same connection.
        #expect(try await harness.take([.test("c", limit: 7, cost: 2)]).isAdmitted)
        #expect(try await server.command("GET", "wk:{p}:c:f604800000") == "7")
        let left = try #require(Int(try await server.command("PTTL", "wk:{p}:c:f604800000")))
        #expect((600_000_000...604_800_000).contains(left))
        let scripts = try await server.command("INFO", "commandstats").split(whereSeparator: \.isNewline)
            .first { $0.hasPrefix("cmdstat_evalsha:") }
        #expect(scripts?.hasPrefix("cmdstat_evalsha:calls=1,") == true)
        try await harness.stop()
    }

    @Test("a window without an end, as somebody who was killed leaves it, gets one", .redis, arguments: [2, 20])
    func endless(used: Int) async throws {
        let server = try #require(RedisServer.current)
        let (harness, _) = try await StoreHarness.start(.current())
        try await server.command("SET", "wk:{p}:c:f604800000", "\(used)")
        #expect(try await harness.take([.test("c", limit: 10)]).isAdmitted == (used < 10))
        _ = try await harness.take([.test("other", .slidingWindow, limit: 1)])
        let left = try #require(Int(try await server.command("PTTL", "wk:{p}:c:f604800000")))
        #expect(left > 600_000_000)
        #expect(try await server.command("GET", "wk:{p}:c:f604800000") == (used < 10 ? "3" : "20"))
        try await harness.stop()
    }

    @Test("a unit that was refused in one window is not taken out of the next", .redis)
    func nextWindow() async throws {
        let server = try #require(RedisServer.current)
        let count = try #require(WindowCount([.test("c", limit: 5)]))
        var request = ByteBuffer()
        count.writePutBack(leftMs: 1_000, to: &request)
        try await RawRedis.withConnection(server.socketPath) { redis in
            // None, one that has longer to go, and the one it was counted in.
            for (window, reply) in [(nil, .null), (100_000, .null), (900, .integer(2))] as [(Int?, RedisReply)] {
                if let window {
                    try await server.command("SET", count.key, "3", "PX", "\(window)")
                }
                #expect(try await redis.send(request) == reply)
            }
        }
    }

    @Test("what is no number is left alone, and the connection stays", .redis)
    func foreign() async throws {
        let server = try #require(RedisServer.current)
        let (harness, _) = try await StoreHarness.start(.current())
        try await server.command("SET", "wk:{p}:c:f604800000", "text")
        #expect(try await harness.take([.test("c", limit: 5)]) == .failed(.unavailable))
        #expect(try await server.command("GET", "wk:{p}:c:f604800000") == "text")
        #expect(try await harness.take([.test("d", limit: 5)]).isAdmitted)
        #expect(harness.observer.counts.disconnected == [])
        try await harness.stop()
    }
}
