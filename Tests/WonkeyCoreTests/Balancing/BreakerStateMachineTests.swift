import Testing

@testable import WonkeyCore

@Suite("When a target is left alone")
struct BreakerStateMachineTests {
    private static let settings = {
        var settings = BreakerSettings()
        settings.window = .seconds(1)
        settings.requests = 4
        settings.failurePercent = 50
        settings.open = .seconds(5)
        settings.probes = 2
        return settings
    }()

    private func run(
        _ breaker: inout BreakerStateMachine,
        _ results: [BreakerStateMachine.Result],
        at nowMs: Int
    ) {
        for result in results {
            let ticket = breaker.begin(at: nowMs)
            breaker.end(ticket, result, at: nowMs)
        }
    }

    private func open(at nowMs: Int) -> BreakerStateMachine {
        var breaker = BreakerStateMachine(Self.settings, nowMs: nowMs)
        self.run(&breaker, [.failed, .failed, .failed, .failed], at: nowMs)
        return breaker
    }

    @Test(
        "it opens when enough of enough results failed",
        arguments: [
            ([.failed, .failed, .failed], true), ([.succeeded, .succeeded, .failed, .failed], false),
            ([.succeeded, .succeeded, .succeeded, .failed, .failed], true),
            ([.succeeded, .succeeded, .succeeded, .failed, .failed, .failed], false),
            ([.abandoned, .abandoned, .failed, .failed], true), ([.failed, .failed, .failed, .failed], false),
            ([.succeeded, .succeeded, .succeeded, .succeeded, .succeeded], true),
        ] as [([BreakerStateMachine.Result], Bool)]
    )
    func opens(results: [BreakerStateMachine.Result], staysClosed: Bool) {
        var breaker = BreakerStateMachine(Self.settings, nowMs: 0)
        self.run(&breaker, results, at: 0)
        #expect(breaker.isClosed == staysClosed)
        #expect(breaker.refusal(at: 0) == (staysClosed ? nil : .seconds(5)))
    }

    @Test("failures of an earlier window do not count")
    func window() {
        var breaker = BreakerStateMachine(Self.settings, nowMs: 0)
        self.run(&breaker, [.failed, .failed, .failed], at: 999)
        self.run(&breaker, [.failed, .failed, .failed], at: 1_000)
        #expect(breaker.isClosed)
        self.run(&breaker, [.failed], at: 1_999)
        #expect(!breaker.isClosed)
    }

    @Test("it tells how long to wait, then lets probes through and no more")
    func probes() {
        var breaker = self.open(at: 0)
        #expect(breaker.refusal(at: 1_000) == .seconds(4))
        #expect(breaker.refusal(at: 5_000) == nil)
        let first = breaker.begin(at: 5_000)
        #expect(breaker.refusal(at: 5_000) == nil)
        let second = breaker.begin(at: 5_000)
        #expect(breaker.refusal(at: 5_000) == .seconds(1))
        breaker.end(first, .succeeded, at: 5_001)
        #expect(breaker.refusal(at: 5_001) == .seconds(1))
        #expect(!breaker.isClosed)
        breaker.end(second, .succeeded, at: 5_002)
        #expect(breaker.isClosed)
        #expect(breaker.refusal(at: 5_002) == nil)
    }

    @Test("a probe that fails opens it again, one whose client left makes room for another")
    func failedProbe() {
        var breaker = self.open(at: 0)
        self.run(&breaker, [.abandoned, .abandoned, .abandoned], at: 5_000)
        #expect(breaker.refusal(at: 5_000) == nil)
        self.run(&breaker, [.failed], at: 5_000)
        #expect(breaker.refusal(at: 5_000) == .seconds(5))
        #expect(breaker.refusal(at: 10_000) == nil)
    }

    @Test("what began before it opened or closed says nothing afterwards")
    func lateResults() {
        var breaker = BreakerStateMachine(Self.settings, nowMs: 0)
        let early = breaker.begin(at: 0)
        self.run(&breaker, [.failed, .failed, .failed, .failed], at: 0)
        breaker.end(early, .failed, at: 4_000)
        #expect(breaker.refusal(at: 4_000) == .seconds(1))
        let probe = breaker.begin(at: 5_000)
        breaker.end(early, .failed, at: 5_000)
        breaker.end(probe, .succeeded, at: 5_000)
        self.run(&breaker, [.succeeded], at: 5_000)
        #expect(breaker.isClosed)
    }
}
