/// One limit of one request, resolved: which counter, under which rule, at what cost.
package struct CounterCheck: Hashable, Sendable {
    /// `wk:{<project id>}:<limit name>:<partition value>`.
    ///
    /// The braces are Redis Cluster's hash tag: all counters of one request share a slot.
    package var counter: String
    package var algorithm: LimitAlgorithm
    package var quota: Quota
    /// Units to take, at least 0.
    ///
    /// Zero asks without taking.
    package var cost: Int
    /// Whether the cost may be given back later, such as an image that was not returned.
    ///
    /// An exhausted window of such a counter may open again before its end, so the store is always asked.
    package var isReturnable: Bool
    /// Whether it has no say: it is taken if it fits, and left alone if it does not, whatever the others do.
    package var isShadow: Bool
    /// Whether units may be taken ahead of need; see ``LimitMode/leases``.
    package var takesBlocks: Bool
    /// Names the lease that a concurrency limit gives: unique among all requests of all processes.
    package var lease: String

    package init(
        counter: String,
        algorithm: LimitAlgorithm,
        quota: Quota,
        cost: Int = 1,
        isReturnable: Bool = false,
        isShadow: Bool = false,
        takesBlocks: Bool = false,
        lease: String = ""
    ) {
        self.counter = counter
        self.algorithm = algorithm
        self.quota = quota
        self.cost = cost
        self.isReturnable = isReturnable
        self.isShadow = isShadow
        self.takesBlocks = takesBlocks
        self.lease = lease
    }
}

/// One counter after a decision.
package struct CounterState: Hashable, Sendable {
    /// Units left, 0 up to the limit, after taking if the request was admitted.
    package var remaining: Int
    /// Milliseconds until more quota comes, at least 0 (`t` of the RateLimit draft).
    package var resetMs: Int64
    /// Milliseconds until the same request would fit this limit; 0 if it was admitted or fits now.
    ///
    /// A cost above the limit never fits: the whole window is given then.
    package var retryAfterMs: Int64

    package init(remaining: Int, resetMs: Int64, retryAfterMs: Int64) {
        self.remaining = remaining
        self.resetMs = resetMs
        self.retryAfterMs = retryAfterMs
    }
}

/// The answer to all limits of a request together; states are in the order of the checks.
package enum CounterDecision: Equatable, Sendable {
    /// Every check fitted and was taken, shadows apart: one that did not fit has a `retryAfterMs` above 0.
    case admitted([CounterState])
    /// At least one check that is no shadow did not fit (its `retryAfterMs` is above 0); nothing was taken from any.
    case refused([CounterState])
}

/// The counter store gave no usable answer; meant for the log, never for a client.
package struct CounterStoreError: Error {
    package enum Code: Sendable { case unavailable, timedOut, malformedReply }
    package var code: Code
    package var message: String
    package var cause: (any Error)?

    package init(code: Code, message: String, cause: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.cause = cause
    }
}

/// Takes all limits of a request at once, or none.
///
/// One instance per event loop; it is called on that loop and completes on it, so neither it nor the completion is
/// `Sendable`. The completion may run before `take` returns.
package protocol CounterStore: AnyObject {
    /// Checks every limit and takes all costs, or takes nothing.
    ///
    /// - Parameters:
    ///   - checks: At least one; all with the same hash tag, no counter twice.
    ///   - completion: Called exactly once, at the latest when the store's timeout is over. Nothing was taken after an
    ///     error, unless its code is `.timedOut`.
    func take(
        _ checks: [CounterCheck],
        _ completion: @escaping (Result<CounterDecision, CounterStoreError>) -> Void
    )

    /// Gives earlier taken costs back, as far as the same window still runs; best effort, never above the limit.
    func giveBack(_ checks: [CounterCheck])

    /// Releases or renews leases of one counter; harmless if done twice.
    ///
    /// - Parameters:
    ///   - change: What is to be done.
    ///   - completion: Called exactly once, with whether the store has done it.
    func settle(_ change: LeaseChange, _ completion: @escaping (Bool) -> Void)
}
