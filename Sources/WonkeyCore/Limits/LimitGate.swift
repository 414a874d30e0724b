/// Where a decision about limits came from.
package enum AdmissionSource: Sendable, Hashable {
    /// The counter store.
    case shared
    /// This event loop's memory of exhausted windows; the store was not asked.
    case remembered
    /// Blocks of units that this event loop took from the store before.
    case ahead
    /// This process's own counters, while the store is away (`on_outage: share`).
    case local
    /// Nobody: the store is away and everything passes (`on_outage: allow`).
    case open
}

/// What happens while the counter store is away (`counters.on_outage`).
package enum OutagePolicy: Sendable {
    /// This process counts on its own, each limit divided by the number of replicas.
    case share(LocalCounters, replicas: Int)
    /// Every limited request is turned away.
    case deny
    /// Every request passes uncounted.
    case allow
}

/// Admits requests against their limits: what is known to be exhausted, then the store, then the outage policy.
///
/// One instance per event loop, not `Sendable`; called on that loop, completes on it.
package final class LimitGate {
    /// The answer to all limits of a request together; states are in the order of the checks.
    package enum Outcome: Equatable, Sendable {
        /// Every limit fitted and was taken; with source `.open` there are no states.
        case admitted([CounterState], AdmissionSource)
        /// At least one limit did not fit (its `retryAfterMs` is above 0), and nothing was taken.
        ///
        /// `nil` stands for a limit that was not asked, as another one is known not to fit or a block had units of it.
        case refused([CounterState?], AdmissionSource)
        /// The store is away and the policy is to deny.
        case unavailable
    }

    private let store: any CounterStore
    private let outage: OutagePolicy
    private let clock: any MonotonicClock
    private let timer: any LoopTimer
    private var exhausted: ExhaustedWindows
    private var blocks: UnitBlocks
    private var isSweeping = false
    /// How often blocks nobody uses are given back.
    private static let sweepInterval = Duration.seconds(1)
    /// The leases of this loop's requests.
    package let leases: LeaseKeeper

    /// Builds the gate of one event loop.
    ///
    /// - Parameters:
    ///   - store: This loop's counter store.
    ///   - outage: What happens while it is away; local counters are shared by all loops.
    ///   - clock: Measures how long an exhausted window is remembered.
    ///   - rememberedMax: How many exhausted windows are remembered at most, and how many counters have blocks of units;
    ///     0 turns that off.
    ///   - timer: Of this loop; without one leases are neither renewed nor released, and blocks not given back.
    ///   - leaseObserver: Hears of leases.
    package init(
        store: any CounterStore,
        outage: OutagePolicy,
        clock: any MonotonicClock = SystemMonotonicClock(),
        rememberedMax: Int = 4_096,
        timer: any LoopTimer = NoTimer(),
        leaseObserver: (any LeaseObserver)? = nil
    ) {
        self.store = store
        self.outage = outage
        self.clock = clock
        self.timer = timer
        self.exhausted = ExhaustedWindows(capacity: rememberedMax)
        self.blocks = UnitBlocks(capacity: rememberedMax)
        let local: LocalCounters? =
            switch outage {
            case .share(let counters, _): counters
            case .deny, .allow: nil
            }
        self.leases = LeaseKeeper(store: store, local: local, clock: clock, timer: timer, observer: leaseObserver)
    }

    /// Takes all limits of a request, or none.
    ///
    /// - Parameters:
    ///   - checks: All with the same hash tag, no counter twice; without any the request is admitted.
    ///   - completion: Called exactly once, possibly before this returns, at the latest when the store's timeout is over.
    package func admit(_ checks: [CounterCheck], _ completion: @escaping (Outcome) -> Void) {
        guard !checks.isEmpty else { return completion(.admitted([], .shared)) }
        // Taken before asking: a window that is measured from here ends here no later than in the store.
        let askedAtMs = self.clock.nowMs
        if let states = self.exhausted.refusal(of: checks, nowMs: askedAtMs) {
            return completion(.refused(states, .remembered))
        }
        if checks.contains(where: \.takesBlocks) {
            self.admitAhead(checks, askedAtMs, completion)
        } else {
            self.ask(checks, askedAtMs, completion)
        }
    }

    private func ask(_ checks: [CounterCheck], _ askedAtMs: Int, _ completion: @escaping (Outcome) -> Void) {
        self.store.take(checks) { result in
            switch result {
            case .success(let decision):
                self.exhausted.learn(decision, of: checks, askedAtMs: askedAtMs, nowMs: self.clock.nowMs)
                completion(Outcome(decision, .shared))
            case .failure:
                completion(self.decideAlone(checks))
            }
        }
    }

    /// Gives earlier taken costs back, to where they were taken from; best effort.
    ///
    /// - Parameters:
    ///   - checks: What was admitted, or a part of it.
    ///   - source: The source of that admission.
    package func giveBack(_ checks: [CounterCheck], to source: AdmissionSource) {
        switch source {
        case .shared:
            for check in checks { self.exhausted.forget(check.counter) }
            self.store.giveBack(checks)
        case .local:
            if case .share(let counters, let replicas) = self.outage {
                counters.giveBack(checks.map { $0.share(of: replicas) })
            }
        case .remembered, .ahead, .open:
            // Blocks are of units that nobody gives back.
            break
        }
    }

    private func decideAlone(_ checks: [CounterCheck]) -> Outcome {
        switch self.outage {
        case .share(let counters, let replicas):
            Outcome(counters.take(checks.map { $0.share(of: replicas) }), .local)
        case .deny: .unavailable
        case .allow: .admitted([], .open)
        }
    }
}

// MARK: - Blocks of units

extension LimitGate {
    /// Takes from blocks what is there, and asks the store for the rest and for new blocks.
    private func admitAhead(
        _ checks: [CounterCheck],
        _ askedAtMs: Int,
        _ completion: @escaping (Outcome) -> Void
    ) {
        let known = checks.map { $0.takesBlocks ? self.blocks.take($0, nowMs: askedAtMs) : nil }
        var asked: [CounterCheck] = []
        for (check, state) in zip(checks, known) where state == nil {
            asked.append(check)
            if check.takesBlocks {
                asked[asked.count - 1].cost = self.blocks.beginAsking(check, nowMs: askedAtMs)
            }
        }
        guard !asked.isEmpty else { return completion(.admitted(known.compactMap { $0 }, .ahead)) }
        self.store.take(asked) { result in
            switch result {
            case .success(.admitted(let states)):
                self.exhausted.learn(.admitted(states), of: asked, askedAtMs: askedAtMs, nowMs: self.clock.nowMs)
                completion(.admitted(self.merge(known, asked, states, askedAtMs), .shared))
            case .success(.refused(let states)):
                self.returnUnits(checks, known, asked)
                if asked.contains(where: { $0.takesBlocks && $0.cost > 1 }) {
                    // A single unit may still fit.
                    self.ask(checks, askedAtMs, completion)
                } else {
                    self.exhausted.learn(.refused(states), of: asked, askedAtMs: askedAtMs, nowMs: self.clock.nowMs)
                    var rest = states[...]
                    completion(.refused(known.map { $0 == nil ? rest.popFirst() : nil }, .shared))
                }
            case .failure:
                self.returnUnits(checks, known, asked)
                completion(self.decideAlone(checks))
            }
        }
    }

    /// The states of all checks, in their order.
    private func merge(
        _ known: [CounterState?],
        _ asked: [CounterCheck],
        _ states: [CounterState],
        _ askedAtMs: Int
    ) -> [CounterState] {
        var rest = zip(asked, states).makeIterator()
        let merged = known.compactMap { state -> CounterState? in
            if let state { return state }
            guard let (check, answer) = rest.next() else { return nil }
            return check.takesBlocks ? self.blocks.taken(check, answer, askedAtMs: askedAtMs) : answer
        }
        self.sweepLater()
        return merged
    }

    private func returnUnits(_ checks: [CounterCheck], _ known: [CounterState?], _ asked: [CounterCheck]) {
        for (check, state) in zip(checks, known) where state != nil { self.blocks.putBack(check) }
        for check in asked where check.takesBlocks { self.blocks.notTaken(check) }
    }

    private func sweepLater() {
        guard !self.isSweeping, !self.blocks.isEmpty else { return }
        self.isSweeping = true
        self.timer.after(Self.sweepInterval) {
            self.isSweeping = false
            let leftOver = self.blocks.sweep(nowMs: self.clock.nowMs)
            for check in leftOver { self.exhausted.forget(check.counter) }
            // One by one: counters of several requests need not be in one place.
            for check in leftOver { self.store.giveBack([check]) }
            self.sweepLater()
        }
    }
}

/// Never calls back: for limits without leases.
package struct NoTimer: LoopTimer {
    package init() {}

    package func after(_ delay: Duration, _ body: @escaping () -> Void) {}
}

extension LimitGate.Outcome {
    fileprivate init(_ decision: CounterDecision, _ source: AdmissionSource) {
        switch decision {
        case .admitted(let states): self = .admitted(states, source)
        case .refused(let states): self = .refused(states, source)
        }
    }
}

extension CounterCheck {
    /// The part of the limit that one of several equal processes may hand out on its own.
    ///
    /// Rounded down, so that all together stay within the limit, but never to 0: a limit of 3 on 4 replicas gives 1 to
    /// each, since the other choice would close the route to everybody.
    fileprivate func share(of replicas: Int) -> CounterCheck {
        var share = self
        share.quota.limit = self.quota.limit < 1 ? self.quota.limit : max(1, self.quota.limit / max(1, replicas))
        return share
    }
}
