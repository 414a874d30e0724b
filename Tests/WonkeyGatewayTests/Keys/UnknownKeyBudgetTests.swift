import Testing
import WonkeyGateway

@Suite("Unknown key budget")
struct UnknownKeyBudgetTests {
    @Test("A11: an address that keeps guessing is held back, then may try again, others never are")
    func heldBack() {
        var budget = UnknownKeyBudget()
        for _ in 0..<UnknownKeyBudget.burst {
            #expect(budget.delay(for: "192.0.2.1", now: 0) == nil)
            budget.spend(for: "192.0.2.1", now: 0)
        }
        #expect(budget.delay(for: "192.0.2.1", now: 0) == .milliseconds(101))
        #expect(budget.delay(for: "192.0.2.2", now: 0) == nil)
        #expect(budget.delay(for: "192.0.2.1", now: 101) == nil)
        #expect(budget.delay(for: "192.0.2.1", now: 3_600_000) == nil)
    }
}
