import Testing
import WonkeyCore

/// A store that answers what it is told, at once or later.
private final class ScriptedStore: CounterStore {
    var answer: Result<CounterDecision, CounterStoreError>
    private(set) var taken: [[CounterCheck]] = []
    private(set) var givenBack: [[CounterCheck]] = []

    init(_ answer: Result<CounterDecision, CounterStoreError>) { self.answer = answer }

    func take(
        _ checks: [CounterCheck],
        _ completion: @escaping (Result<CounterDecision, CounterStoreError>) -> Void
    ) {
        self.taken.append(checks)
        completion(self.answer)
    }

    func giveBack(_ checks: [CounterCheck]) { self.givenBack.append(checks) }

    func settle(_ change: LeaseChange, _ completion: @escaping (Bool) -> Void) { completion(true) }
}

@Suite struct LimitGateTests {
    private static let codes: [CounterStoreError.Code] = [.unavailable, .timedOut, .malformedReply]

    private func check(_ limit: Int) -> CounterCheck {
        let quota = Quota(limit: limit, window: .seconds(1))
        return CounterCheck(counter: "wk:{p}:c", algorithm: .fixedWindow, quota: quota)
    }

    private func failing(_ code: CounterStoreError.Code) -> ScriptedStore {
        ScriptedStore(.failure(CounterStoreError(code: code, message: "away")))
    }

    private func admit(_ gate: LimitGate, _ checks: [CounterCheck]) -> LimitGate.Outcome? {
        var outcome: LimitGate.Outcome?
        gate.admit(checks) { outcome = $0 }
        return outcome
    }

    private func state(_ remaining: Int, retryAfterMs: Int64 = 0) -> CounterState {
        CounterState(remaining: remaining, resetMs: 1_000, retryAfterMs: retryAfterMs)
    }

    @Test("the store's answer is the outcome")
    func answers() {
        let store = ScriptedStore(.success(.admitted([self.state(4)])))
        let gate = LimitGate(store: store, outage: .deny, clock: ManualClock())
        #expect(self.admit(gate, [self.check(5)]) == .admitted([self.state(4)], .shared))
        store.answer = .success(.refused([self.state(0, retryAfterMs: 1_000)]))
        #expect(self.admit(gate, [self.check(5)]) == .refused([self.state(0, retryAfterMs: 1_000)], .shared))
    }

    @Test("a request without limits is admitted and nobody is asked")
    func unlimited() {
        let store = self.failing(.unavailable)
        let gate = LimitGate(store: store, outage: .deny)
        #expect(self.admit(gate, []) == .admitted([], .shared))
        #expect(store.taken.isEmpty)
    }

    @Test("an exhausted fixed window is refused without asking until it ends")
    func remembered() {
        let clock = ManualClock()
        let store = ScriptedStore(.success(.refused([self.state(0, retryAfterMs: 1_000)])))
        let gate = LimitGate(store: store, outage: .deny, clock: clock)
        _ = self.admit(gate, [self.check(5)])
        clock.advance(byMs: 300)
        let left = CounterState(remaining: 0, resetMs: 700, retryAfterMs: 700)
        #expect(self.admit(gate, [self.check(5)]) == .refused([left], .remembered))
        #expect(store.taken.count == 1)
        clock.advance(byMs: 700)
        #expect(self.admit(gate, [self.check(5)]) == .refused([self.state(0, retryAfterMs: 1_000)], .shared))
        #expect(store.taken.count == 2)
    }

    @Test("while the store is away, share counts here with the limit divided by the replicas", arguments: codes)
    func share(_ code: CounterStoreError.Code) {
        let clock = ManualClock()
        let counters = LocalCounters(clock: clock)
        let gate = LimitGate(store: self.failing(code), outage: .share(counters, replicas: 2), clock: clock)
        let outcomes = (0..<3).map { _ in self.admit(gate, [self.check(5)]) }
        #expect(
            outcomes == [
                .admitted([self.state(1)], .local), .admitted([self.state(0)], .local),
                .refused([self.state(0, retryAfterMs: 1_000)], .local),
            ]
        )
    }

    @Test(
        "a share is at least one, unless the limit is zero",
        arguments: [(3, 4, true), (1, 100, true), (0, 4, false)]
    )
    func smallestShare(_ limit: Int, _ replicas: Int, _ isAdmitted: Bool) {
        let outage = OutagePolicy.share(LocalCounters(clock: ManualClock()), replicas: replicas)
        let outcome = self.admit(LimitGate(store: self.failing(.unavailable), outage: outage), [self.check(limit)])
        guard case .admitted = outcome else { return #expect(!isAdmitted) }
        #expect(isAdmitted)
    }

    @Test("while the store is away, deny refuses and allow admits", arguments: codes)
    func denyAndAllow(_ code: CounterStoreError.Code) {
        #expect(self.admit(LimitGate(store: self.failing(code), outage: .deny), [self.check(5)]) == .unavailable)
        let open = LimitGate(store: self.failing(code), outage: .allow)
        #expect(self.admit(open, [self.check(5)]) == .admitted([], .open))
    }

    @Test("the store is used again as soon as it answers")
    func recovery() {
        let store = self.failing(.timedOut)
        let gate = LimitGate(store: store, outage: .allow)
        #expect(self.admit(gate, [self.check(5)]) == .admitted([], .open))
        store.answer = .success(.admitted([self.state(4)]))
        #expect(self.admit(gate, [self.check(5)]) == .admitted([self.state(4)], .shared))
    }

    @Test("costs go back to where they were taken from")
    func giveBack() {
        let counters = LocalCounters(clock: ManualClock())
        let store = self.failing(.unavailable)
        let gate = LimitGate(store: store, outage: .share(counters, replicas: 1), clock: ManualClock())
        _ = self.admit(gate, [self.check(1)])
        gate.giveBack([self.check(1)], to: .local)
        #expect(self.admit(gate, [self.check(1)]) == .admitted([self.state(0)], .local))
        #expect(store.givenBack.isEmpty)
        gate.giveBack([self.check(1)], to: .open)
        gate.giveBack([self.check(1)], to: .remembered)
        #expect(store.givenBack.isEmpty)
        gate.giveBack([self.check(1)], to: .shared)
        #expect(store.givenBack == [[self.check(1)]])
    }

    @Test("giving back opens a remembered window again")
    func giveBackForgets() {
        let store = ScriptedStore(.success(.admitted([self.state(0)])))
        let gate = LimitGate(store: store, outage: .deny, clock: ManualClock())
        _ = self.admit(gate, [self.check(1)])
        gate.giveBack([self.check(1)], to: .shared)
        #expect(self.admit(gate, [self.check(1)]) == .admitted([self.state(0)], .shared))
    }

    // MARK: Blocks of units

    private func leased(_ limit: Int = 1_000, counter: String = "wk:{p}:b", cost: Int = 1) -> CounterCheck {
        let quota = Quota(limit: limit, window: .seconds(60))
        return CounterCheck(counter: counter, algorithm: .fixedWindow, quota: quota, cost: cost, takesBlocks: true)
    }

    private func left(_ remaining: Int, resetMs: Int64 = 60_000) -> CounterState {
        CounterState(remaining: remaining, resetMs: resetMs, retryAfterMs: 0)
    }

    @Test(
        "a block serves requests without the store; another limit is still asked, and takes the unit back if it refuses"
    )
    func blocks() {
        let store = ScriptedStore(.success(.admitted([self.left(999)])))
        let gate = LimitGate(store: store, outage: .deny, clock: ManualClock())
        #expect(self.admit(gate, [self.leased()]) == .admitted([self.left(999)], .shared))
        store.answer = .success(.admitted([self.left(997)]))
        #expect(self.admit(gate, [self.leased()]) == .admitted([self.left(998)], .shared))
        store.answer = .success(.refused([self.state(0, retryAfterMs: 1_000)]))
        let exact = self.check(5)
        #expect(
            self.admit(gate, [self.leased(), exact]) == .refused([nil, self.state(0, retryAfterMs: 1_000)], .shared)
        )
        #expect(self.admit(gate, [self.leased()]) == .admitted([self.left(997)], .ahead))
        #expect(store.taken == [[self.leased()], [self.leased(cost: 2)], [exact]])
    }

    @Test("where a block does not fit, a single unit is asked for; its refusal is remembered")
    func lastUnits() {
        let store = ScriptedStore(.success(.admitted([self.left(999)])))
        let gate = LimitGate(store: store, outage: .deny, clock: ManualClock())
        _ = self.admit(gate, [self.leased()])
        let refused = CounterState(remaining: 0, resetMs: 60_000, retryAfterMs: 60_000)
        store.answer = .success(.refused([refused]))
        #expect(self.admit(gate, [self.leased()]) == .refused([refused], .shared))
        #expect(self.admit(gate, [self.leased()]) == .refused([refused], .remembered))
        #expect(store.taken == [[self.leased()], [self.leased(cost: 2)], [self.leased()]])
    }

    @Test("blocks go on while the store is away; then the outage policy decides")
    func blocksWithoutStore() {
        let store = ScriptedStore(.success(.admitted([self.left(999)])))
        let gate = LimitGate(store: store, outage: .deny, clock: ManualClock())
        _ = self.admit(gate, [self.leased()])
        store.answer = .success(.admitted([self.left(997)]))
        _ = self.admit(gate, [self.leased()])
        store.answer = .failure(CounterStoreError(code: .unavailable, message: "away"))
        #expect(self.admit(gate, [self.leased()]) == .admitted([self.left(997)], .ahead))
        #expect(self.admit(gate, [self.leased()]) == .unavailable)
    }
}
