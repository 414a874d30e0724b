import NIOCore
import Support
import Testing
import WonkeyCore

@testable import WonkeyRedis

@Suite("Kept answers in Redis", .redis)
struct RedisReplayTests {
    private static func claim(_ token: String, _ fingerprint: String = "f", lease: Duration = .seconds(60))
        -> ReplayClaim
    {
        ReplayClaim(entry: "wk:{p}:idem:k", token: token, fingerprint: fingerprint, lease: lease)
    }

    private static let answer = ReplayAnswer(
        status: 200,
        fields: [.init(name: "A", value: "1")],
        body: [0, 13, 10, 255]
    )

    @Test("the first claim is made, others see it, and the bytes of its answer afterwards")
    func claims() async throws {
        let (harness, _) = try await StoreHarness.start(.current())
        #expect(try await harness.claim(Self.claim("a")) == .made)
        let running = ReplayEntry(fingerprint: "f", state: .running(token: "a"))
        #expect(try await harness.claim(Self.claim("b", "g")) == .found(running))
        #expect(try await harness.settle(Self.claim("b"), .keep(.withoutAnswer, .seconds(60))))
        #expect(try await harness.settle(Self.claim("a"), .renew))
        #expect(try await harness.claim(Self.claim("b")) == .found(running))
        #expect(try await harness.settle(Self.claim("a"), .keep(.answered(Self.answer), .seconds(600))))
        let answered = ReplayEntry(fingerprint: "f", state: .answered(Self.answer))
        #expect(try await harness.claim(Self.claim("b")) == .found(answered))
        let left = try #require(Int(try await RedisServer.current?.command("PTTL", "wk:{p}:idem:k") ?? ""))
        #expect(left > 590_000 && left <= 600_000)
        try await harness.stop()
    }

    @Test("an abandoned claim, and one that nobody renews, may be made again")
    func ends() async throws {
        let (harness, _) = try await StoreHarness.start(.current())
        #expect(try await harness.claim(Self.claim("a")) == .made)
        #expect(try await harness.settle(Self.claim("a"), .abandon))
        #expect(try await harness.claim(Self.claim("b", lease: .milliseconds(50))) == .made)
        let deadline = ContinuousClock.now + .seconds(20)
        while try await harness.claim(Self.claim("c")) != .made {
            try #require(ContinuousClock.now < deadline)
            try await Task.sleep(for: .milliseconds(10))
        }
        // Too late: it is another's by now.
        #expect(try await harness.settle(Self.claim("b"), .keep(.withoutAnswer, .seconds(60))))
        let running = ReplayEntry(fingerprint: "f", state: .running(token: "c"))
        #expect(try await harness.claim(Self.claim("d")) == .found(running))
        try await harness.stop()
    }

    @Test("forgotten scripts are sent again, foreign values and an absent Redis are told apart")
    func faults() async throws {
        let server = try #require(RedisServer.current)
        let (harness, _) = try await StoreHarness.start(.current())
        try await server.command("SCRIPT", "FLUSH")
        #expect(try await harness.claim(Self.claim("a")) == .made)
        try await server.command("SCRIPT", "FLUSH")
        #expect(try await harness.settle(Self.claim("a"), .abandon))
        try await server.command("SET", "wk:{p}:idem:k", "foreign")
        #expect(try await harness.claim(Self.claim("a")) == .failed(.malformedReply))
        await server.kill()
        #expect(try await harness.claim(Self.claim("a")) == .failed(.unavailable))
        #expect(try await !harness.settle(Self.claim("a"), .abandon))
        try await harness.stop()
    }
}

extension StoreHarness {
    fileprivate enum Claimed: Equatable, Sendable {
        case made
        case found(ReplayEntry)
        case failed(CounterStoreError.Code)
    }

    fileprivate func claim(_ claim: ReplayClaim) async throws -> Claimed {
        let promise = self.eventLoop.makePromise(of: Claimed.self)
        self.eventLoop.execute {
            self.store.value.claim(claim) { result in
                switch result {
                case .success(nil): promise.succeed(.made)
                case .success(let entry?): promise.succeed(.found(entry))
                case .failure(let error): promise.succeed(.failed(error.code))
                }
            }
        }
        return try await promise.futureResult.get()
    }

    fileprivate func settle(_ claim: ReplayClaim, _ change: ReplayChange) async throws -> Bool {
        let promise = self.eventLoop.makePromise(of: Bool.self)
        self.eventLoop.execute { self.store.value.settle(claim, change) { promise.succeed($0) } }
        return try await promise.futureResult.get()
    }
}
