import Testing

@testable import WonkeyCore

@Suite("Which targets get requests")
struct HealthStateMachineTests {
    private func machine(_ count: Int, _ change: (inout HealthSettings) -> Void = { _ in }) -> HealthStateMachine {
        var settings = HealthSettings()
        settings.active = ActiveCheck(path: "/")
        settings.passive.ejection = .seconds(10)
        settings.passive.ejectionMax = .seconds(60)
        change(&settings)
        var machine = HealthStateMachine(settings)
        machine.replaceTargets((0..<count).map(String.init), sinceMs: nil)
        return machine
    }

    @Test("checks in a row change a target's health, others do not")
    func checks() {
        var machine = self.machine(1)
        let rows: [(HealthStateMachine.CheckOutcome, changes: Bool, TargetCondition)] = [
            (.passed, false, .available(sinceMs: nil)),
            (.failed, false, .available(sinceMs: nil)),
            (.failed, false, .available(sinceMs: nil)),
            (.passed, false, .available(sinceMs: nil)),
            (.failed, false, .available(sinceMs: nil)),
            (.failed, false, .available(sinceMs: nil)),
            (.failed, true, .unhealthy),
            (.failed, false, .unhealthy),
            (.passed, false, .unhealthy),
            (.failed, false, .unhealthy),
            (.passed, false, .unhealthy),
            (.passed, true, .available(sinceMs: 11)),
            (.passed, false, .available(sinceMs: 11)),
        ]
        for (index, row) in rows.enumerated() {
            #expect(machine.checked(row.0, of: "0", at: index) == row.changes, "row \(index)")
            #expect(machine.condition(of: "0") == row.2, "row \(index)")
        }
        #expect(machine.checked(.failed, of: "gone", at: 20) == false)
        #expect(machine.condition(of: "gone") == .unhealthy)
    }

    @Test("each ejection lasts twice as long as the one before, up to a bound, and a short one again after a good time")
    func growing() {
        var machine = self.machine(2)
        var nowMs = 0
        for length in [10_000, 20_000, 40_000, 60_000, 60_000] {
            #expect(machine.failedInRow("1", at: nowMs) == true)
            #expect(machine.condition(of: "1") == .ejected(untilMs: nowMs + length))
            nowMs += length
        }
        nowMs += 60_000
        #expect(machine.failedInRow("1", at: nowMs) == true)
        #expect(machine.condition(of: "1") == .ejected(untilMs: nowMs + 10_000))
    }

    @Test(
        "no more than the share is ejected, one always, the last one never",
        arguments: [(1, 50, 0), (2, 50, 1), (3, 1, 1), (4, 50, 2), (4, 100, 3), (10, 30, 3)]
    )
    func share(count: Int, percent: Int, expected: Int) {
        var machine = self.machine(count) { $0.passive.ejectedPercentMax = percent }
        let ejected = (0..<count).count { machine.failedInRow("\($0)", at: 0) }
        #expect(ejected == expected)
    }

    @Test("targets that are out already are not ejected again, and count towards the share")
    func twice() {
        var machine = self.machine(4)
        #expect(machine.failedInRow("0", at: 0) == true)
        #expect(machine.failedInRow("0", at: 9_999) == false)
        for now in 0..<3 { _ = machine.checked(.failed, of: "1", at: now) }
        #expect(machine.failedInRow("2", at: 9_999) == false)
        #expect(machine.failedInRow("2", at: 10_000) == true)
        #expect(machine.failedInRow("gone", at: 10_000) == false)
    }

    @Test("targets that stay keep their condition when others come and go")
    func replaced() {
        var machine = self.machine(2)
        #expect(machine.failedInRow("1", at: 0) == true)
        machine.replaceTargets(["1", "2"], sinceMs: 7)
        #expect(machine.condition(of: "0") == .unhealthy)
        #expect(machine.condition(of: "1") == .ejected(untilMs: 10_000))
        #expect(machine.condition(of: "2") == .available(sinceMs: 7))
    }

    @Test(
        "slow start grows from a tenth to the whole",
        arguments: [
            (.available(sinceMs: nil), 0, 100, true), (.available(sinceMs: 100), 100, 10, false),
            (.available(sinceMs: 100), 600, 55, false), (.available(sinceMs: 100), 1_099, 99, false),
            (.available(sinceMs: 100), 1_100, 100, true), (.unhealthy, 5, 0, true),
            (.ejected(untilMs: 100), 99, 0, false), (.ejected(untilMs: 100), 100, 10, false),
            (.ejected(untilMs: 100), 1_100, 100, true),
        ] as [(TargetCondition, Int, Int, Bool)]
    )
    func slowStart(condition: TargetCondition, nowMs: Int, percent: Int, isFinal: Bool) {
        let share = condition.share(at: nowMs, slowStart: .seconds(1))
        #expect(share == (percent, isFinal))
        #expect(condition.isAvailable(at: nowMs) == (percent > 0))
    }

    @Test("without slow start a target that is back gets its whole share at once")
    func atOnce() {
        #expect(TargetCondition.available(sinceMs: 5).share(at: 5, slowStart: .zero) == (100, true))
        #expect(TargetCondition.ejected(untilMs: 5).share(at: 5, slowStart: .zero) == (100, true))
    }
}
