/// The arithmetic of one limit: pure functions on integers, the same in every counter store.
///
/// The script in Redis computes exactly this; a test compares the two. All numbers stay below 2^53, where Lua's numbers
/// are exact, so limits and windows are cut to ``limitMax`` and ``windowMaxMs``. Every rounding goes against the client:
/// a limit is never exceeded.
package struct LimitArithmetic: Hashable, Sendable {
    /// 2^40, more than 10^12 units.
    package static let limitMax = 1 << 40
    /// 2^36 ms, a little more than two years.
    package static let windowMaxMs = 1 << 36

    package let algorithm: LimitAlgorithm
    /// 0 up to ``limitMax``.
    package let limit: Int
    /// 1 up to ``windowMaxMs``.
    package let windowMs: Int
    /// 0 up to one more than ``limitMax``, so that what is too large stays so.
    package let cost: Int
    /// Of ``LimitAlgorithm/concurrency``.
    package let lease: String

    /// Cuts the numbers of a check to what the arithmetic holds.
    package init(_ check: borrowing CounterCheck) {
        self.algorithm = check.algorithm
        self.limit = min(max(0, check.quota.limit), Self.limitMax)
        self.windowMs = Int(min(max(1, check.quota.window.milliseconds), Int64(Self.windowMaxMs)))
        // A request holds one lease, whatever it costs otherwise.
        self.cost = min(max(0, check.cost), check.algorithm == .concurrency ? 1 : Self.limitMax + 1)
        self.lease = check.lease
    }

    /// What the counter holds at `nowMs`, before anything is taken.
    ///
    /// - Parameters:
    ///   - stored: What it held when it was last written, `nil` if never or too long ago. Of another algorithm it counts
    ///     as `nil`.
    ///   - nowMs: Milliseconds, at least 0; earlier than the last write counts as the time of the last write.
    /// - Returns: The rolled-forward content.
    package func content(_ stored: CounterContent?, nowMs: Int) -> CounterContent {
        switch self.algorithm {
        case .fixedWindow:
            guard case .fixedWindow(let window) = stored else { return .fixedWindow(FixedWindow(startMs: nowMs)) }
            return .fixedWindow(window.rolled(self, nowMs: nowMs))
        case .slidingWindow:
            guard case .slidingWindow(let window) = stored else {
                return .slidingWindow(SlidingWindow(startMs: nowMs - nowMs % self.windowMs))
            }
            return .slidingWindow(window.rolled(self, nowMs: nowMs))
        case .tokenBucket:
            guard case .tokenBucket(let bucket) = stored else {
                return .tokenBucket(TokenBucket(tokens: self.limit, atMs: nowMs))
            }
            return .tokenBucket(bucket.refilled(self, nowMs: nowMs))
        case .concurrency:
            guard case .leases(let leases) = stored else { return .leases(Leases(atMs: nowMs)) }
            return .leases(leases.rolled(nowMs: nowMs))
        }
    }

    /// Whether the cost can be taken from a content of ``content(_:nowMs:)`` at the same time.
    package func fits(_ content: CounterContent, nowMs: Int) -> Bool {
        self.cost == 0 || self.used(content, nowMs: nowMs) + self.cost <= self.limit
    }

    /// The content after taking the cost, which has to fit.
    package func taking(_ content: CounterContent) -> CounterContent {
        switch content {
        case .fixedWindow(var window):
            window.used += self.cost
            return .fixedWindow(window)
        case .slidingWindow(var window):
            window.current += self.cost
            return .slidingWindow(window)
        case .tokenBucket(var bucket):
            bucket.tokens -= self.cost
            return .tokenBucket(bucket)
        case .leases(let leases): return .leases(leases.taking(self.lease, for: self.windowMs))
        }
    }

    /// The content after giving the cost back; never more than nothing used.
    ///
    /// A lease is not given back but released, by its name (``LeaseChange``).
    ///
    /// - Parameters:
    ///   - stored: What the counter held when it was last written.
    ///   - nowMs: Milliseconds, as for ``content(_:nowMs:)``.
    /// - Returns: `nil` if nothing of this algorithm is stored, so there is nothing to give back to.
    package func givingBack(_ stored: CounterContent?, nowMs: Int) -> CounterContent? {
        guard let stored, stored.algorithm == self.algorithm else { return nil }
        switch self.content(stored, nowMs: nowMs) {
        case .fixedWindow(var window):
            window.used -= min(window.used, self.cost)
            return .fixedWindow(window)
        case .slidingWindow(let window):
            return .slidingWindow(window.givingBack(self.cost))
        case .tokenBucket(let bucket):
            return .tokenBucket(bucket.givingBack(self))
        case .leases(let leases): return .leases(leases)
        }
    }

    /// What a client is told of a content.
    ///
    /// - Parameters:
    ///   - content: At `nowMs`, after taking if the request was admitted.
    ///   - nowMs: Milliseconds, the same as for ``content(_:nowMs:)``.
    ///   - isRefused: Whether this limit did not fit; asks for `retryAfterMs`.
    /// - Returns: Exact milliseconds, provided nobody else takes meanwhile.
    package func state(_ content: CounterContent, nowMs: Int, isRefused: Bool) -> CounterState {
        let remaining = max(0, self.limit - self.used(content, nowMs: nowMs))
        guard self.limit > 0 else {
            let never = Int64(self.windowMs)
            return CounterState(remaining: 0, resetMs: never, retryAfterMs: isRefused ? never : 0)
        }
        let reset: Int
        let retry: Int
        switch content {
        case .fixedWindow(let window):
            reset = window.resetMs(self, nowMs: nowMs)
            retry = reset
        case .slidingWindow(let window):
            reset = window.resetMs(self, nowMs: nowMs)
            retry = isRefused && self.cost <= self.limit ? window.retryAfterMs(self, nowMs: nowMs) : 0
        case .tokenBucket(let bucket):
            reset = bucket.resetMs(self)
            retry = isRefused && self.cost <= self.limit ? bucket.waitMs(self, tokens: self.cost) : 0
        case .leases:
            reset = 0
            retry = Leases.retryMs
        }
        let retryAfter = !isRefused ? 0 : self.cost > self.limit ? self.windowMs : retry
        return CounterState(remaining: remaining, resetMs: Int64(reset), retryAfterMs: Int64(retryAfter))
    }

    /// How long the content matters from now on; afterwards it is the same as none.
    package func lifetimeMs(_ content: CounterContent, nowMs: Int) -> Int {
        switch content {
        case .fixedWindow(let window): self.windowMs - window.elapsedMs(nowMs)
        case .slidingWindow(let window): 2 * self.windowMs - window.elapsedMs(nowMs)
        case .tokenBucket: self.windowMs
        case .leases(let leases): leases.lastEndMs - nowMs
        }
    }

    private func used(_ content: CounterContent, nowMs: Int) -> Int {
        switch content {
        case .fixedWindow(let window): window.used
        case .slidingWindow(let window): window.current + window.weight(self, nowMs: nowMs)
        case .tokenBucket(let bucket): self.limit - bucket.tokens
        case .leases(let leases): leases.endsMs.count
        }
    }

    /// `factor` · `part` / `whole`, exact, rounded down, and what remains.
    ///
    /// - Parameters:
    ///   - factor: 0 up to 2^40.
    ///   - part: 0 up to `whole`.
    ///   - whole: 1 up to 2^40.
    /// - Returns: Quotient and remainder.
    static func divide(_ factor: Int, times part: Int, by whole: Int) -> (quotient: Int, remainder: Int) {
        let (product, isTooLarge) = factor.multipliedReportingOverflow(by: part)
        guard isTooLarge else { return product.quotientAndRemainder(dividingBy: whole) }
        return whole.dividingFullWidth(factor.multipliedFullWidth(by: part))
    }
}

/// What one counter holds between two requests.
package enum CounterContent: Hashable, Sendable {
    case fixedWindow(FixedWindow)
    case slidingWindow(SlidingWindow)
    case tokenBucket(TokenBucket)
    case leases(Leases)

    fileprivate var algorithm: LimitAlgorithm {
        switch self {
        case .fixedWindow: .fixedWindow
        case .slidingWindow: .slidingWindow
        case .tokenBucket: .tokenBucket
        case .leases: .concurrency
        }
    }
}
