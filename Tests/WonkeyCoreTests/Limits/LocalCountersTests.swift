import Synchronization
import Testing
import WonkeyCore

/// A clock that tests move by hand.
final class ManualClock: MonotonicClock {
    private let time: Mutex<Int>

    init(nowMs: Int = 1_000_000) { self.time = Mutex(nowMs) }

    var nowMs: Int { self.time.withLock { $0 } }

    func advance(byMs milliseconds: Int) { self.time.withLock { $0 += milliseconds } }
}

@Suite struct LocalCountersTests {
    private func check(
        _ name: String,
        _ limit: Int,
        _ algorithm: LimitAlgorithm = .fixedWindow,
        cost: Int = 1,
        isShadow: Bool = false
    ) -> CounterCheck {
        let quota = Quota(limit: limit, window: .seconds(1))
        return CounterCheck(
            counter: "wk:{p}:\(name)",
            algorithm: algorithm,
            quota: quota,
            cost: cost,
            isShadow: isShadow
        )
    }

    @Test("a shadow counts as if it refused, and refuses nothing; a refusal of another limit takes nothing from it")
    func shadow() {
        let counters = LocalCounters(clock: ManualClock())
        let wide = self.check("wide", 3)
        let narrow = self.check("narrow", 1, isShadow: true)
        func state(_ remaining: Int, retry: Int64 = 0) -> CounterState {
            CounterState(remaining: remaining, resetMs: 1_000, retryAfterMs: retry)
        }
        #expect(counters.take([narrow, wide]) == .admitted([state(0), state(2)]))
        for remaining in [1, 0] {
            #expect(counters.take([narrow, wide]) == .admitted([state(0, retry: 1_000), state(remaining)]))
        }
        #expect(counters.take([wide, narrow]) == .refused([state(0, retry: 1_000), state(0, retry: 1_000)]))
        let fresh = self.check("fresh", 1, isShadow: true)
        #expect(
            counters.take([wide, fresh])
                == .refused([state(0, retry: 1_000), CounterState(remaining: 1, resetMs: 0, retryAfterMs: 0)])
        )
    }

    @Test("a request that does not fit one limit takes from none")
    func allOrNothing() {
        let counters = LocalCounters(clock: ManualClock())
        let wide = self.check("wide", 10)
        let narrow = self.check("narrow", 1)
        #expect(
            counters.take([wide, narrow])
                == .admitted([
                    CounterState(remaining: 9, resetMs: 1_000, retryAfterMs: 0),
                    CounterState(remaining: 0, resetMs: 1_000, retryAfterMs: 0),
                ])
        )
        let refused = CounterDecision.refused([
            CounterState(remaining: 9, resetMs: 1_000, retryAfterMs: 0),
            CounterState(remaining: 0, resetMs: 1_000, retryAfterMs: 1_000),
        ])
        #expect(counters.take([wide, narrow]) == refused)
        #expect(counters.take([wide, narrow]) == refused)
    }

    @Test("concurrent requests admit exactly the limit", arguments: LimitAlgorithm.perWindow)
    func exact(_ algorithm: LimitAlgorithm) async {
        let counters = LocalCounters(clock: ManualClock())
        let check = self.check("c", 1_000, algorithm)
        let admitted = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    (0..<500).reduce(into: 0) { count, _ in
                        if case .admitted = counters.take([check]) { count += 1 }
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(admitted == 1_000)
    }

    @Test("a window that is over starts anew")
    func expiry() {
        let clock = ManualClock()
        let counters = LocalCounters(clock: clock)
        let check = self.check("c", 1)
        let admitted = CounterDecision.admitted([CounterState(remaining: 0, resetMs: 1_000, retryAfterMs: 0)])
        #expect(counters.take([check]) == admitted)
        clock.advance(byMs: 999)
        #expect(
            counters.take([check]) == .refused([CounterState(remaining: 0, resetMs: 1, retryAfterMs: 1)])
        )
        clock.advance(byMs: 1)
        #expect(counters.take([check]) == admitted)
    }

    @Test("what was given back can be taken again, and no more")
    func giveBack() {
        let counters = LocalCounters(clock: ManualClock())
        let two = self.check("c", 2, cost: 2)
        let one = self.check("c", 2)
        _ = counters.take([two])
        counters.giveBack([one])
        counters.giveBack([self.check("unknown", 2)])
        let states = [CounterState(remaining: 0, resetMs: 1_000, retryAfterMs: 0)]
        #expect(counters.take([one]) == .admitted(states))
        #expect(counters.take([one]) == .refused([CounterState(remaining: 0, resetMs: 1_000, retryAfterMs: 1_000)]))
        #expect(counters.count == 1)
    }

    @Test("counters are bounded, and those that are over leave first")
    func bound() {
        let clock = ManualClock()
        let counters = LocalCounters(countersMax: 8, shardCount: 1, clock: clock)
        for index in 0..<4 { _ = counters.take([self.check("old\(index)", 1)]) }
        clock.advance(byMs: 900)
        for index in 0..<4 { _ = counters.take([self.check("young\(index)", 1)]) }
        clock.advance(byMs: 200)
        for index in 0..<4 { _ = counters.take([self.check("new\(index)", 1)]) }
        #expect(counters.count == 8)
        for index in 0..<4 {
            guard case .refused = counters.take([self.check("young\(index)", 1)]) else {
                Issue.record("young\(index) was dropped although others were over")
                continue
            }
        }
        for index in 0..<100 { _ = counters.take([self.check("flood\(index)", 1)]) }
        #expect(counters.count == 8)
    }
}
