import Testing

@testable import WonkeyCore

@Suite("What is tried again")
struct RetryRulesTests {
    @Test("F12: only what was not sent or may be repeated is tried again, never after a byte of an answer")
    func everyCase() {
        var rules = RetryRules()
        rules.causes = Set(RetryCause.allCases)
        for cause in RetryCause.allCases {
            for isIdempotent in [true, false] {
                for body in [RetryRules.Body.untouched, .kept, .spent] {
                    for hasAnswered in [true, false] {
                        let attempt = RetryRules.Attempt(
                            number: 1,
                            isIdempotent: isIdempotent,
                            body: body,
                            hasAnswered: hasAnswered
                        )
                        let expected = !hasAnswered && body != .spent && (cause == .connect || isIdempotent)
                        #expect(rules.allow(cause, after: attempt) == expected, "\(cause) \(attempt)")
                    }
                }
            }
        }
    }

    @Test("attempts and causes are those configured", arguments: RetryCause.allCases)
    func configured(cause: RetryCause) {
        var rules = RetryRules()
        rules.causes = [cause]
        rules.attempts = 3
        let allowed = (1...4).map { number in
            let attempt = RetryRules.Attempt(number: number, isIdempotent: true, body: .untouched, hasAnswered: false)
            return RetryCause.allCases.filter { rules.allow($0, after: attempt) }
        }
        #expect(allowed == [[cause], [cause], [], []])
    }

    @Test("retries stay a share of requests, but for a few at the start", arguments: [(20, 10, 20), (100, 10, 100)])
    func budget(percent: Int, lent: Int, earned: Int) {
        var budget = RetryBudget(percent: percent)
        #expect((0..<50).count { _ in budget.take() } == lent)
        for _ in 0..<100 { budget.requestBegan() }
        #expect((0..<500).count { _ in budget.take() } == earned)
        for _ in 0..<1_000_000 { budget.requestBegan() }
        #expect((0..<5_000).count { _ in budget.take() } == percent * 10)
    }

    @Test("a budget of nothing lends nothing")
    func noBudget() {
        var budget = RetryBudget(percent: 0)
        for _ in 0..<1_000 { budget.requestBegan() }
        #expect(budget.take() == false)
    }
}
