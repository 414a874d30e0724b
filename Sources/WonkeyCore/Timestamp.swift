/// A point in time with millisecond resolution, counted from the Unix epoch.
package struct Timestamp: Hashable, Comparable, Sendable {
    /// Milliseconds since 1970-01-01T00:00:00Z; negative before it.
    package var millisecondsSinceEpoch: Int64

    package init(millisecondsSinceEpoch: Int64) {
        self.millisecondsSinceEpoch = millisecondsSinceEpoch
    }

    package static func < (lhs: Self, rhs: Self) -> Bool {
        lhs.millisecondsSinceEpoch < rhs.millisecondsSinceEpoch
    }

    package static func + (lhs: Self, rhs: Duration) -> Self {
        Self(millisecondsSinceEpoch: lhs.millisecondsSinceEpoch + rhs.milliseconds)
    }

    package static func - (lhs: Self, rhs: Self) -> Duration {
        .milliseconds(lhs.millisecondsSinceEpoch - rhs.millisecondsSinceEpoch)
    }

    /// Days since 1970-01-01 in UTC, rounded down.
    package var daysSinceEpoch: Int64 {
        let day: Int64 = 86_400_000
        let quotient = self.millisecondsSinceEpoch / day
        return self.millisecondsSinceEpoch % day < 0 ? quotient - 1 : quotient
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero.
    package var milliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}

/// Tells the time of day; injected wherever "now" matters, so that tests hold the clock.
package protocol WallClock: Sendable {
    /// The current time.
    var now: Timestamp { get }
}
