import WonkeyHTTP

/// What clients are told about their idempotency keys.
///
/// - SeeAlso: draft-ietf-httpapi-idempotency-key-header-07 §2.7.
extension ProblemAnswer {
    static let idempotencyKeyMissing = ProblemAnswer(
        400,
        code: "idempotency_key_missing",
        detail: #"Send 'Idempotency-Key: "<a new UUID>"', and the same one again if you repeat the request."#
    )

    static let idempotencyKeyMalformed = ProblemAnswer(
        400,
        code: "idempotency_key_malformed",
        detail: #"Send one 'Idempotency-Key: "<1 to 255 ASCII characters>"', such as a UUID."#
    )

    static let idempotencyInProgress = ProblemAnswer(
        409,
        code: "idempotency_in_progress",
        detail: "A request with this Idempotency-Key is still being carried out. Try again soon.",
        fields: [(.retryAfter, "1")]
    )

    static let idempotencyWithoutAnswer = ProblemAnswer(
        409,
        code: "idempotency_without_answer",
        detail: "A request with this Idempotency-Key may have been carried out, but its answer was not kept. "
            + "Look at what is there now, then use a new key if need be."
    )

    static let idempotencyOtherRequest = ProblemAnswer(
        422,
        code: "idempotency_other_request",
        detail: "This Idempotency-Key was used for another request. Use a new one."
    )

    static let idempotencyUnavailable = ProblemAnswer(
        503,
        code: "idempotency_unavailable",
        detail: "Idempotency keys cannot be checked at the moment.",
        type: "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
        title: "Temporarily Reduced Capacity",
        fields: [(.retryAfter, "1")]
    )
}
