internal import NIOCore

/// Decides whether bytes come fast enough on average, so that a trickle does not hold a connection for ever.
///
/// Each byte buys time; at most one window of it can be saved.
struct TransferPace {
    private let nanosecondsPerByte: Int64
    private let window: TimeAmount
    /// When too few bytes will have come.
    private(set) var deadline: NIODeadline

    /// Begins with a whole window.
    ///
    /// - Parameters:
    ///   - bytesPerSecond: At least 1.
    ///   - window: How long nothing at all may come.
    ///   - now: The time.
    init(bytesPerSecond: Int, window: TimeAmount, now: NIODeadline) {
        self.nanosecondsPerByte = 1_000_000_000 / Int64(max(1, bytesPerSecond))
        self.window = window
        self.deadline = now + window
    }

    mutating func moved(_ bytes: Int, at now: NIODeadline) {
        let (bought, overflows) = Int64(bytes).multipliedReportingOverflow(by: self.nanosecondsPerByte)
        let saved = overflows ? self.window : min(.nanoseconds(bought), self.window)
        self.deadline = min(max(self.deadline, now) + saved, now + self.window)
    }
}
