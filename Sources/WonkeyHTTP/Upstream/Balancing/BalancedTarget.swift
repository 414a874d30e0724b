internal import WonkeyCore

/// One target on one event loop: its pool and what its requests told.
final class BalancedTarget {
    enum Outcome {
        case succeeded, failed
        /// It says nothing about the target: the client left, or the request never reached it.
        case none
    }

    let name: String
    let authority: String
    let pool: UpstreamPool
    /// Its place in the balancer's table; `nil` once it is gone from there.
    var slot: Int?
    /// Requests under way.
    private(set) var load = 0
    private var failuresInRow = 0
    private var breaker: BreakerStateMachine?
    private let counters: UpstreamMetrics.TargetCounters

    init(
        _ entry: TargetTable.Entry,
        pool: UpstreamPool,
        breaker: BreakerStateMachine?,
        counters: UpstreamMetrics.TargetCounters
    ) {
        self.name = entry.name
        self.authority = entry.definition.authority
        self.pool = pool
        self.breaker = breaker
        self.counters = counters
    }

    deinit {
        if let breaker = self.breaker, !breaker.isClosed { self.counters.breakersOpen.add(-1) }
    }

    /// How long its breaker wants it left alone; `nil` if it does not.
    func refusal(at nowMs: Int) -> Duration? { self.breaker?.refusal(at: nowMs) }

    /// A request goes to it.
    func begin(at nowMs: Int) -> BreakerStateMachine.Ticket? {
        self.load += 1
        self.counters.requests.increment()
        return self.withBreaker { $0.begin(at: nowMs) }
    }

    /// What became of a request is known; once per request, and again if a good one breaks off.
    ///
    /// - Returns: Whether so many failed in a row that the target should be ejected.
    func settle(
        _ outcome: Outcome,
        _ ticket: BreakerStateMachine.Ticket?,
        failuresMax: Int,
        at nowMs: @autoclosure () -> Int
    ) -> Bool {
        if let ticket {
            let now = nowMs()
            self.withBreaker { $0.end(ticket, outcome.result, at: now) }
        }
        switch outcome {
        case .none: return false
        case .succeeded:
            if self.failuresInRow > 0 { self.failuresInRow = 0 }
            return false
        case .failed:
            self.counters.failures.increment()
            self.failuresInRow += 1
            guard failuresMax > 0, self.failuresInRow >= failuresMax else { return false }
            self.failuresInRow = 0
            return true
        }
    }

    /// A request is over.
    func end() { self.load -= 1 }

    @discardableResult
    private func withBreaker<Value>(_ body: (inout BreakerStateMachine) -> Value) -> Value? {
        guard var breaker = self.breaker else { return nil }
        let wasClosed = breaker.isClosed
        let value = body(&breaker)
        self.breaker = breaker
        if wasClosed != breaker.isClosed { self.counters.breakersOpen.add(wasClosed ? 1 : -1) }
        return value
    }
}

extension BalancedTarget.Outcome {
    fileprivate var result: BreakerStateMachine.Result {
        switch self {
        case .succeeded: .succeeded
        case .failed: .failed
        case .none: .abandoned
        }
    }
}
