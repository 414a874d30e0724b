import NIOCore
import Support
import Testing
import WonkeyCore

@testable import WonkeyRedis

@Suite("Leases in Redis", .redis)
struct RedisLeaseTests {
    private static func check(_ lease: String, limit: Int = 2, seconds: Int = 60) -> CounterCheck {
        CounterCheck(
            counter: "wk:{p}:c",
            algorithm: .concurrency,
            quota: Quota(limit: limit, window: .seconds(seconds)),
            lease: lease
        )
    }

    private static func change(_ kind: LeaseChange.Kind, _ leases: String..., seconds: Int = 60) -> LeaseChange {
        LeaseChange(kind, counter: "wk:{p}:c", window: .seconds(seconds), leases: leases)
    }

    private static func state(_ remaining: Int, retryAfterMs: Int64 = 0) -> [CounterState] {
        [CounterState(remaining: remaining, resetMs: 0, retryAfterMs: retryAfterMs)]
    }

    @Test("places are taken, refused, released and taken again")
    func places() async throws {
        let (harness, _) = try await StoreHarness.start(.current())
        #expect(try await harness.take([Self.check("a")]) == .decision(.admitted(Self.state(1))))
        #expect(try await harness.take([Self.check("b")]) == .decision(.admitted(Self.state(0))))
        #expect(try await harness.take([Self.check("c")]) == .decision(.refused(Self.state(0, retryAfterMs: 1_000))))
        #expect(try await harness.settle(Self.change(.release, "a", "unknown")))
        #expect(try await harness.take([Self.check("c")]) == .decision(.admitted(Self.state(0))))
        try await harness.stop()
    }

    @Test("four stores on one Redis give out exactly the places there are")
    func exact() async throws {
        let settings = try RedisSettings.current(timeout: .seconds(60))
        let admitted = try await withThrowingTaskGroup(of: Int.self) { group in
            for store in 0..<4 {
                group.addTask {
                    let (harness, _) = try await StoreHarness.start(settings)
                    var admitted = 0
                    for lease in 0..<60 {
                        let answer = try await harness.take([Self.check("\(store)-\(lease)", limit: 100)])
                        admitted += answer.isAdmitted ? 1 : 0
                    }
                    try await harness.stop()
                    return admitted
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(admitted == 100)
        #expect(try await RedisServer.current?.command("ZCARD", "wk:{p}:c:c") == "100")
    }

    @Test("with other limits it is all or nothing, whichever comes first")
    func allOrNothing() async throws {
        let (harness, _) = try await StoreHarness.start(.current())
        let rates = [
            CounterCheck.test("f", .fixedWindow, limit: 1), CounterCheck.test("s", .slidingWindow, limit: 1),
            CounterCheck.test("t", .tokenBucket, limit: 1),
        ]
        #expect(try await harness.take([Self.check("a", limit: 1)]).isAdmitted)
        #expect(try await !harness.take(rates + [Self.check("b", limit: 1)]).isAdmitted)
        #expect(try await harness.settle(Self.change(.release, "a")))
        #expect(try await harness.take([Self.check("b", limit: 1)] + rates).isAdmitted)
        #expect(try await harness.settle(Self.change(.release, "b")))
        #expect(try await !harness.take([Self.check("c", limit: 1)] + rates).isAdmitted)
        #expect(try await harness.take([Self.check("d", limit: 1)]).isAdmitted)
        try await harness.stop()
    }

    @Test("a lease ends by itself, a renewed one lasts, and a forgotten one is taken up again")
    func ends() async throws {
        let server = try #require(RedisServer.current)
        let (harness, _) = try await StoreHarness.start(.current())
        #expect(try await harness.take([Self.check("short", limit: 1, seconds: 1)]).isAdmitted)
        #expect(try await !harness.take([Self.check("next", limit: 1, seconds: 1)]).isAdmitted)
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !harness.take([Self.check("next", limit: 1, seconds: 1)]).isAdmitted {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(20))
        }
        #expect(try await harness.settle(Self.change(.renew, "next", seconds: 600)))
        let left = try #require(Int(try await server.command("PTTL", "wk:{p}:c:c")))
        #expect(left > 590_000 && left <= 600_000)
        // Restarted, Redis knows neither leases nor scripts.
        try await server.command("FLUSHALL")
        try await server.command("SCRIPT", "FLUSH")
        #expect(try await harness.settle(Self.change(.renew, "next", "other")))
        #expect(try await !harness.take([Self.check("late", limit: 2)]).isAdmitted)
        try await harness.stop()
    }

    @Test("while Redis is away a change is not done, and says so")
    func away() async throws {
        let server = try #require(RedisServer.current)
        let (harness, _) = try await StoreHarness.start(.current())
        await server.kill()
        #expect(try await !harness.settle(Self.change(.release, "a")))
        #expect(try await !harness.settle(Self.change(.renew, "a")))
        try await server.start()
        try await harness.waitUntilReady()
        #expect(try await harness.settle(Self.change(.release, "a")))
        try await harness.stop()
    }
}

extension StoreHarness {
    func settle(_ change: LeaseChange) async throws -> Bool {
        let promise = self.eventLoop.makePromise(of: Bool.self)
        self.eventLoop.execute { self.store.value.settle(change) { promise.succeed($0) } }
        return try await promise.futureResult.get()
    }
}
