import Testing

@testable import WonkeyCore

@Suite struct ExhaustedWindowsTests {
    private static func check(
        _ limit: Int,
        cost: Int = 1,
        windowMs: Int = 1_000,
        _ algorithm: LimitAlgorithm = .fixedWindow,
        counter: String = "c",
        isReturnable: Bool = false
    ) -> CounterCheck {
        CounterCheck(
            counter: counter,
            algorithm: algorithm,
            quota: Quota(limit: limit, window: .milliseconds(windowMs)),
            cost: cost,
            isReturnable: isReturnable
        )
    }

    private static let full = CounterState(remaining: 0, resetMs: 400, retryAfterMs: 400)

    /// Learned at 1000: limit 10, all used, window of 1 s with 400 ms left.
    @Test(
        "only a request that cannot fit is refused without asking",
        arguments: [
            (check(10), 1_000, CounterState(remaining: 0, resetMs: 400, retryAfterMs: 400)),
            (check(10), 1_399, CounterState(remaining: 0, resetMs: 1, retryAfterMs: 1)),
            (check(10), 1_400, nil),
            (check(10, cost: 0), 1_000, nil),
            (check(10, cost: 3), 1_000, CounterState(remaining: 0, resetMs: 400, retryAfterMs: 400)),
            (check(10, cost: 11), 1_000, CounterState(remaining: 0, resetMs: 400, retryAfterMs: 1_000)),
            // An override raised the limit: somebody has to ask.
            (check(11), 1_000, nil),
            (check(11, cost: 2), 1_000, CounterState(remaining: 1, resetMs: 400, retryAfterMs: 400)),
            (check(9), 1_000, CounterState(remaining: 0, resetMs: 400, retryAfterMs: 400)),
            // A window of another length is another one.
            (check(10, windowMs: 999), 1_000, nil),
            (check(10, windowMs: 2_000), 1_000, nil),
            (check(10, .slidingWindow), 1_000, nil),
            (check(10, .tokenBucket), 1_000, nil),
            (check(10, counter: "other"), 1_000, nil),
            (check(10, isReturnable: true), 1_000, nil),
        ] as [(CounterCheck, Int, CounterState?)]
    )
    func refusal(_ check: CounterCheck, _ nowMs: Int, _ expected: CounterState?) {
        var windows = ExhaustedWindows(capacity: 8)
        windows.learn(.refused([Self.full]), of: [Self.check(10)], askedAtMs: 1_000, nowMs: 1_005)
        #expect(windows.refusal(of: [check], nowMs: nowMs) == expected.map { [$0] })
    }

    @Test(
        "only what shows a fixed window to be used up is remembered",
        arguments: [
            (CounterDecision.refused([full]), check(10), 1),
            (.admitted([CounterState(remaining: 0, resetMs: 400, retryAfterMs: 0)]), check(10), 1),
            (.admitted([CounterState(remaining: 1, resetMs: 400, retryAfterMs: 0)]), check(10), 0),
            (.refused([CounterState(remaining: 4, resetMs: 400, retryAfterMs: 400)]), check(10, cost: 5), 1),
            (.refused([CounterState(remaining: 10, resetMs: 0, retryAfterMs: 1_000)]), check(10, cost: 11), 0),
            (.refused([CounterState(remaining: 0, resetMs: 5, retryAfterMs: 5)]), check(10), 0),
            (.refused([full]), check(10, .tokenBucket), 0),
            (.refused([full]), check(10, .slidingWindow), 0),
            (.refused([full]), check(10, isReturnable: true), 0),
        ] as [(CounterDecision, CounterCheck, Int)]
    )
    func learning(_ decision: CounterDecision, _ check: CounterCheck, _ count: Int) {
        var windows = ExhaustedWindows(capacity: 8)
        windows.learn(decision, of: [check], askedAtMs: 1_000, nowMs: 1_005)
        #expect(windows.count == count)
    }

    @Test("a refusal says nothing of limits that were not asked")
    func others() {
        var windows = ExhaustedWindows(capacity: 8)
        windows.learn(.refused([Self.full]), of: [Self.check(10)], askedAtMs: 1_000, nowMs: 1_000)
        let checks = [Self.check(5, counter: "other"), Self.check(10)]
        #expect(windows.refusal(of: checks, nowMs: 1_000) == [nil, Self.full])
    }

    @Test("what was given back is forgotten")
    func forgetting() {
        var windows = ExhaustedWindows(capacity: 8)
        windows.learn(.refused([Self.full]), of: [Self.check(10)], askedAtMs: 1_000, nowMs: 1_000)
        windows.forget("c")
        #expect(windows.refusal(of: [Self.check(10)], nowMs: 1_000) == nil)
    }

    @Test("the table is bounded and makes room when windows end")
    func bound() {
        var windows = ExhaustedWindows(capacity: 2)
        func learn(_ counter: String, at nowMs: Int) {
            windows.learn(.refused([Self.full]), of: [Self.check(10, counter: counter)], askedAtMs: nowMs, nowMs: nowMs)
        }
        for (counter, nowMs) in [("a", 1_000), ("b", 1_100), ("c", 1_200)] { learn(counter, at: nowMs) }
        #expect(windows.refusal(of: [Self.check(10, counter: "c")], nowMs: 1_200) == nil)
        learn("d", at: 1_450)
        #expect(windows.refusal(of: [Self.check(10, counter: "d")], nowMs: 1_450) == [Self.full])
        #expect(windows.count == 2)
    }
}
