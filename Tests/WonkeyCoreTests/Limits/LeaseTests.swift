import Testing

@testable import WonkeyCore

/// Runs what was scheduled when the test says so.
private final class ManualTimer: LoopTimer {
    private(set) var scheduled: [(delay: Duration, body: () -> Void)] = []

    func after(_ delay: Duration, _ body: @escaping () -> Void) {
        self.scheduled.append((delay, body))
    }

    /// Runs everything that is scheduled for at most this delay; what that schedules waits.
    func run(upTo delay: Duration) {
        let due = self.scheduled.filter { $0.delay <= delay }
        self.scheduled.removeAll { $0.delay <= delay }
        for entry in due { entry.body() }
    }
}

/// A store that is there or away.
private final class SwitchedStore: CounterStore {
    var isAway = false
    private(set) var changes: [LeaseChange] = []

    func take(_ checks: [CounterCheck], _ completion: @escaping (Result<CounterDecision, CounterStoreError>) -> Void) {
        completion(.failure(CounterStoreError(code: .unavailable, message: "not asked")))
    }

    func giveBack(_ checks: [CounterCheck]) {}

    func settle(_ change: LeaseChange, _ completion: @escaping (Bool) -> Void) {
        if !self.isAway { self.changes.append(change) }
        completion(!self.isAway)
    }
}

@Suite("Leases of concurrency limits")
struct LeaseTests {
    private static func check(_ name: String, limit: Int = 2, lease: String, seconds: Int = 30) -> CounterCheck {
        CounterCheck(
            counter: "wk:{p}:\(name)",
            algorithm: .concurrency,
            quota: Quota(limit: limit, window: .seconds(seconds)),
            lease: lease
        )
    }

    private static func change(_ kind: LeaseChange.Kind, _ name: String, _ leases: String...) -> LeaseChange {
        LeaseChange(kind, counter: "wk:{p}:\(name)", window: .seconds(30), leases: leases)
    }

    @Test("a place is taken until it is released or its time is over")
    func arithmetic() {
        let clock = ManualClock()
        let counters = LocalCounters(clock: clock)
        func take(_ lease: String) -> CounterDecision { counters.take([Self.check("c", lease: lease)]) }
        func state(_ remaining: Int, retryAfterMs: Int64 = 0) -> [CounterState] {
            [CounterState(remaining: remaining, resetMs: 0, retryAfterMs: retryAfterMs)]
        }
        #expect(take("a") == .admitted(state(1)))
        #expect(take("b") == .admitted(state(0)))
        #expect(take("c") == .refused(state(0, retryAfterMs: 1_000)))
        counters.settle(Self.change(.release, "c", "a", "unknown"))
        #expect(take("c") == .admitted(state(0)))
        clock.advance(.milliseconds(29_999))
        counters.settle(Self.change(.renew, "c", "b"))
        #expect(take("d") == .refused(state(0, retryAfterMs: 1_000)))
        clock.advance(.milliseconds(1))
        // "c" is over, "b" was renewed.
        #expect(take("d") == .admitted(state(0)))
        clock.advance(.milliseconds(29_999))
        #expect(take("e") == .admitted(state(0)))
    }

    @Test("a refused request takes no place, nor a unit of another limit")
    func allOrNothing() {
        let counters = LocalCounters(clock: ManualClock())
        let rate = CounterCheck(
            counter: "wk:{p}:rate",
            algorithm: .fixedWindow,
            quota: Quota(limit: 1, window: .seconds(60))
        )
        #expect(counters.take([rate, Self.check("c", limit: 1, lease: "a")]).isAdmitted)
        #expect(!counters.take([rate, Self.check("d", limit: 1, lease: "b")]).isAdmitted)
        #expect(counters.take([Self.check("d", limit: 1, lease: "b")]).isAdmitted)
        #expect(!counters.take([Self.check("c", limit: 0, lease: "b")]).isAdmitted)
    }

    @Test("leases are renewed after a third of their time, for as long as the request runs")
    func renewal() {
        let (clock, timer, store) = (ManualClock(), ManualTimer(), SwitchedStore())
        let keeper = LeaseKeeper(store: store, local: nil, clock: clock, timer: timer)
        keeper.taken("a", [Self.check("c", lease: "a")], from: .shared)
        clock.advance(.seconds(9))
        timer.run(upTo: .seconds(5))
        #expect(store.changes == [])
        clock.advance(.seconds(1))
        timer.run(upTo: .seconds(5))
        #expect(store.changes == [Self.change(.renew, "c", "a")])
        clock.advance(.seconds(10))
        store.isAway = true
        timer.run(upTo: .seconds(5))
        store.isAway = false
        clock.advance(.seconds(10))
        timer.run(upTo: .seconds(5))
        #expect(store.changes.count == 2)
        keeper.ended("a")
        timer.run(upTo: .seconds(5))
        #expect(store.changes.last == Self.change(.release, "c", "a"))
        #expect(timer.scheduled.isEmpty)
    }

    @Test("releases of one turn go out together, one message per counter")
    func batching() {
        let (clock, timer, store) = (ManualClock(), ManualTimer(), SwitchedStore())
        let keeper = LeaseKeeper(store: store, local: nil, clock: clock, timer: timer)
        for lease in ["a", "b"] {
            keeper.taken(lease, [Self.check("c", lease: lease), Self.check("d", lease: lease)], from: .shared)
        }
        #expect(keeper.heldCount == 2)
        keeper.ended("a")
        keeper.ended("b")
        keeper.ended("b")
        #expect(store.changes == [])
        timer.run(upTo: .zero)
        #expect(
            Set(store.changes) == [Self.change(.release, "c", "a", "b"), Self.change(.release, "d", "a", "b")]
        )
        #expect(keeper.unsettledCount == 0)
    }

    @Test("a release is tried until the store answers or the lease is over")
    func outage() {
        let (clock, timer, store) = (ManualClock(), ManualTimer(), SwitchedStore())
        let keeper = LeaseKeeper(store: store, local: nil, clock: clock, timer: timer)
        keeper.taken("a", [Self.check("c", lease: "a")], from: .shared)
        keeper.taken("b", [Self.check("c", lease: "b", seconds: 1)], from: .shared)
        store.isAway = true
        keeper.ended("a")
        keeper.ended("b")
        timer.run(upTo: .zero)
        #expect(keeper.unsettledCount == 2)
        clock.advance(.seconds(2))
        store.isAway = false
        timer.run(upTo: LeaseKeeper.retryDelay)
        #expect(store.changes == [Self.change(.release, "c", "a")])
        #expect(keeper.unsettledCount == 0)
    }

    @Test("more releases than the bound are given up and counted, and so are none else")
    func bound() {
        var book = LeaseBook(waitingMax: 2)
        for lease in ["a", "b", "c"] {
            book.taken(lease, from: [Self.check("c", lease: lease)], at: .store, nowMs: 0)
            book.ended(lease)
        }
        #expect(book.lostCount == 1)
        #expect(book.releases(nowMs: 1).map(\.change) == [Self.change(.release, "c", "a", "b")])
        #expect(book.waitingCount == 0)
    }

    @Test("leases that this process took by itself are released here, and of an open door there are none")
    func local() {
        let (clock, timer, store) = (ManualClock(), ManualTimer(), SwitchedStore())
        let counters = LocalCounters(clock: clock)
        let keeper = LeaseKeeper(store: store, local: counters, clock: clock, timer: timer)
        let check = Self.check("c", limit: 1, lease: "a")
        #expect(counters.take([check]).isAdmitted)
        keeper.taken("a", [check], from: .local)
        keeper.taken("b", [Self.check("c", lease: "b")], from: .open)
        #expect(keeper.heldCount == 1)
        keeper.ended("a")
        keeper.ended("b")
        timer.run(upTo: .zero)
        #expect(store.changes == [])
        #expect(counters.take([Self.check("c", limit: 1, lease: "z")]).isAdmitted)
    }
}

extension CounterDecision {
    fileprivate var isAdmitted: Bool {
        switch self {
        case .admitted: true
        case .refused: false
        }
    }
}

extension ManualClock {
    fileprivate func advance(_ duration: Duration) { self.advance(byMs: Int(duration.milliseconds)) }
}
