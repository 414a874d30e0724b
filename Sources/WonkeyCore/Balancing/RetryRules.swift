/// What went wrong with an attempt.
package enum RetryCause: String, Hashable, Sendable, CaseIterable {
    /// No connection, so that no byte of the request was sent.
    case connect
    /// The connection ended before the answer began.
    case closed
    /// No answer in time.
    case timeout
    /// The answer was no HTTP.
    case invalid
    /// An answer whose status says that another target may do better.
    case status
}

/// When a request is tried again (RFC 9110 §9.2.2).
package struct RetryRules: Hashable, Sendable {
    /// What is left of a request's body.
    package enum Body: Hashable, Sendable {
        /// There is none, or the client was not asked for it yet.
        case untouched
        /// All that was read of it is kept.
        case kept
        case spent
    }

    /// Where a failed attempt stands.
    package struct Attempt: Hashable, Sendable {
        /// Counted from 1.
        package var number: Int
        package var isIdempotent: Bool
        package var body: Body
        /// Whether a byte of an answer went to the client.
        package var hasAnswered: Bool

        package init(number: Int, isIdempotent: Bool, body: Body, hasAnswered: Bool) {
            self.number = number
            self.isIdempotent = isIdempotent
            self.body = body
            self.hasAnswered = hasAnswered
        }
    }

    /// In all, the first one included.
    package var attempts = 2
    /// Retries in percent of requests; see ``RetryBudget``.
    package var budgetPercent = 20
    package var causes: Set<RetryCause> = [.connect, .closed]
    /// Answers that are tried again, with ``RetryCause/status``.
    package var statuses: Set<Int> = [502, 503, 504]

    package init() {}

    /// Whether another attempt is allowed, as far as the request goes.
    ///
    /// A request that may have had an effect is repeated only if its method is idempotent; one that was answered, or
    /// whose body is gone, never is.
    package func allow(_ cause: RetryCause, after attempt: Attempt) -> Bool {
        guard attempt.number < self.attempts, !attempt.hasAnswered, self.causes.contains(cause) else { return false }
        switch attempt.body {
        case .spent: return false
        case .untouched, .kept: break
        }
        switch cause {
        case .connect: return true
        case .closed, .timeout, .invalid, .status: return attempt.isIdempotent
        }
    }
}

/// Keeps retries a share of requests, so that a failing upstream does not get more of them.
///
/// Every request pays in that share of a retry, every retry takes out one. A few are lent at the start; what the last
/// thousand requests left over is kept.
package struct RetryBudget: Sendable {
    private static let lent = 10
    private static let requestsKept = 1_000

    private let percent: Int
    /// In hundredths of a retry.
    private var credit: Int

    package init(percent: Int) {
        self.percent = percent
        self.credit = percent == 0 ? 0 : Self.lent * 100
    }

    package mutating func requestBegan() {
        self.credit = min(self.credit + self.percent, max(Self.lent * 100, self.percent * Self.requestsKept))
    }

    /// Takes out one retry.
    ///
    /// - Returns: Whether there was one.
    package mutating func take() -> Bool {
        guard self.credit >= 100 else { return false }
        self.credit -= 100
        return true
    }
}
