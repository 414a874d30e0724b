/// A bucket of `limit` tokens that refills evenly, `limit` per window.
///
/// A token is `window` fractions and a millisecond brings `limit` of them, so nothing is ever rounded away.
package struct TokenBucket: Hashable, Sendable {
    package var tokens: Int
    /// Fractions of the next token, below the window in milliseconds.
    package var fraction: Int
    /// When it was last refilled.
    package var atMs: Int

    package init(tokens: Int, fraction: Int = 0, atMs: Int) {
        self.tokens = tokens
        self.fraction = fraction
        self.atMs = atMs
    }

    func refilled(_ limit: LimitArithmetic, nowMs: Int) -> Self {
        let elapsed = max(0, nowMs - self.atMs)
        guard elapsed < limit.windowMs else { return Self(tokens: limit.limit, atMs: nowMs) }
        let gain = LimitArithmetic.divide(limit.limit, times: elapsed, by: limit.windowMs)
        var tokens = self.tokens + gain.quotient
        // The window may be shorter than when the fraction was written.
        var fraction = min(self.fraction, limit.windowMs - 1) + gain.remainder
        if fraction >= limit.windowMs {
            tokens += 1
            fraction -= limit.windowMs
        }
        let isFull = tokens >= limit.limit
        return Self(
            tokens: isFull ? limit.limit : tokens,
            fraction: isFull ? 0 : fraction,
            atMs: max(self.atMs, nowMs)
        )
    }

    func givingBack(_ limit: LimitArithmetic) -> Self {
        let tokens = self.tokens + limit.cost
        guard tokens < limit.limit else { return Self(tokens: limit.limit, atMs: self.atMs) }
        return Self(tokens: tokens, fraction: self.fraction, atMs: self.atMs)
    }

    /// Milliseconds until the next whole token, 0 if the bucket is full.
    func resetMs(_ limit: LimitArithmetic) -> Int {
        self.tokens >= limit.limit ? 0 : self.waitMs(limit, tokens: self.tokens + 1)
    }

    /// Milliseconds until there are `tokens`, which are more than there are now and not above the limit.
    func waitMs(_ limit: LimitArithmetic, tokens: Int) -> Int {
        let wait = LimitArithmetic.divide(limit.windowMs, times: tokens - self.tokens, by: limit.limit)
        let rest = wait.remainder - self.fraction
        // Rounded up; the fraction at hand may be worth several milliseconds.
        let (quotient, remainder) = rest.quotientAndRemainder(dividingBy: limit.limit)
        return wait.quotient + quotient + (remainder > 0 ? 1 : 0)
    }
}
