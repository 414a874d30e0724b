/// How a route treats requests with an `Idempotency-Key`; those with a safe method it does not concern.
package struct IdempotencyRules: Hashable, Sendable {
    /// What happens while answers can be neither kept nor found.
    package enum OutageMode: Hashable, Sendable {
        /// 503: nothing is carried out twice.
        case deny
        /// Requests pass as if they had no key.
        case pass
    }

    /// Whether requests without one are refused.
    package var isRequired: Bool
    /// How long answers are given again.
    package var lifetime: Duration
    /// A request's body is held in memory before anything is done: at most so many bytes.
    package var bodyBytesMax: Int64
    /// Answers above that are not kept: a repetition is told so, and not carried out.
    package var answerBytesMax: Int
    package var outageMode: OutageMode

    package init(
        isRequired: Bool = false,
        lifetime: Duration = .seconds(86_400),
        bodyBytesMax: Int64 = 1 << 20,
        answerBytesMax: Int = 256 << 10,
        outageMode: OutageMode = .deny
    ) {
        self.isRequired = isRequired
        self.lifetime = lifetime
        self.bodyBytesMax = bodyBytesMax
        self.answerBytesMax = answerBytesMax
        self.outageMode = outageMode
    }
}

/// What became of requests on routes with idempotency keys, as metrics label it.
package enum IdempotencyOutcome: String, CaseIterable, Sendable {
    case carriedOut = "carried_out"
    case replayed
    case inProgress = "in_progress"
    case otherRequest = "other_request"
    case withoutAnswer = "without_answer"
    case missing, malformed
    /// Accepted, but the value should have been in quotes.
    case unquoted
    /// The store of answers gave none.
    case unavailable
    /// What became of a request could not be kept; its claim ends by itself.
    case unsettled
}
