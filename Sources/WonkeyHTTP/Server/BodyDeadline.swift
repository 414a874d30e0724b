internal import NIOCore

/// When the next piece of a body must be there: after so much silence, and at so many bytes per second on average.
struct BodyDeadline {
    /// Of the body that is awaited, if there is a least rate.
    private var pace: TransferPace?
    /// Since the last wait began.
    private var bytesRead = 0

    mutating func received(_ count: Int) { self.bytesRead &+= count }

    /// Begins a wait; time in which nobody waited for the body does not count.
    ///
    /// - Parameters:
    ///   - isWaiting: Whether the last wait for the same body goes on.
    ///   - loop: Knows the time and the limits.
    /// - Returns: When it is over.
    mutating func next(isWaiting: Bool, on loop: ServerLoop) -> NIODeadline {
        let limits = loop.limits
        let idle = loop.deadline(after: limits.bodyIdleTimeout)
        guard limits.bodyRateMin > 0 else { return idle }
        var pace = TransferPace(
            bytesPerSecond: limits.bodyRateMin,
            window: TimeAmount(limits.bodyIdleTimeout),
            now: loop.now
        )
        if isWaiting, let current = self.pace {
            pace = current
            pace.moved(self.bytesRead, at: loop.now)
        }
        self.pace = pace
        self.bytesRead = 0
        return min(idle, pace.deadline + loop.tick)
    }
}
