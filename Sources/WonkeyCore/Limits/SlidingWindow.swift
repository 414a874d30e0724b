/// Two counters; the previous window weighs in by the share of it that still overlaps, rounded up.
///
/// Approximate: the previous window is taken as evenly used.
package struct SlidingWindow: Hashable, Sendable {
    package var current: Int
    package var previous: Int
    /// Start of the current window, a multiple of its length unless the length was changed meanwhile.
    package var startMs: Int

    package init(current: Int = 0, previous: Int = 0, startMs: Int) {
        self.current = current
        self.previous = previous
        self.startMs = startMs
    }

    func elapsedMs(_ nowMs: Int) -> Int { max(0, nowMs - self.startMs) }

    func rolled(_ limit: LimitArithmetic, nowMs: Int) -> Self {
        let start = nowMs - nowMs % limit.windowMs
        guard self.startMs < start else { return self }
        let previous = self.startMs >= start - limit.windowMs ? self.current : 0
        return Self(current: 0, previous: previous, startMs: start)
    }

    /// What the previous window still counts, at least 0.
    func weight(_ limit: LimitArithmetic, nowMs: Int) -> Int {
        let overlap = limit.windowMs - self.elapsedMs(nowMs)
        let share = LimitArithmetic.divide(self.previous, times: overlap, by: limit.windowMs)
        return share.quotient + (share.remainder > 0 ? 1 : 0)
    }

    /// Milliseconds until the sum falls by one unit, 0 if nothing is used.
    func resetMs(_ limit: LimitArithmetic, nowMs: Int) -> Int {
        let elapsed = self.elapsedMs(nowMs)
        let weight = self.weight(limit, nowMs: nowMs)
        if weight > 0 { return Self.fallMs(of: self.previous, to: weight - 1, limit) - elapsed }
        guard self.current > 0 else { return 0 }
        return limit.windowMs - elapsed + Self.fallMs(of: self.current, to: self.current - 1, limit)
    }

    /// Milliseconds until a refused cost that is not above the limit would fit.
    func retryAfterMs(_ limit: LimitArithmetic, nowMs: Int) -> Int {
        let elapsed = self.elapsedMs(nowMs)
        let room = limit.limit - limit.cost
        if self.current <= room {
            return Self.fallMs(of: self.previous, to: room - self.current, limit) - elapsed
        }
        return limit.windowMs - elapsed + Self.fallMs(of: self.current, to: room, limit)
    }

    /// The cost may have been taken in the previous window by now, so that is where the rest goes.
    func givingBack(_ cost: Int) -> Self {
        let fromCurrent = min(self.current, cost)
        let fromPrevious = min(self.previous, cost - fromCurrent)
        return Self(
            current: self.current - fromCurrent,
            previous: self.previous - fromPrevious,
            startMs: self.startMs
        )
    }

    /// Milliseconds from the end of a window with `count` units until it weighs `weight`, which is less than `count`.
    private static func fallMs(of count: Int, to weight: Int, _ limit: LimitArithmetic) -> Int {
        limit.windowMs - LimitArithmetic.divide(limit.windowMs, times: weight, by: count).quotient
    }
}
