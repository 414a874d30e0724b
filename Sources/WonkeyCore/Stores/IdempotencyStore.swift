/// A request that its client may repeat, and that must be carried out once.
package struct IdempotencyClaim: Equatable, Sendable {
    /// SHA-256 of who asks and the client's key: the key itself is never stored.
    package var keyHash: [UInt8]
    /// SHA-256 of what is asked.
    package var requestHash: [UInt8]
    /// Who asks; `nil` for nobody who is signed in.
    package var userID: UserID?
    package var now: Timestamp
    /// Whoever held a claim from before then is gone: it counts for nothing, unless something was changed under it.
    package var abandonedBefore: Timestamp
    /// When the answer is forgotten.
    package var expiresAt: Timestamp

    package init(
        keyHash: [UInt8],
        requestHash: [UInt8],
        userID: UserID?,
        now: Timestamp,
        abandonedBefore: Timestamp,
        expiresAt: Timestamp
    ) {
        self.keyHash = keyHash
        self.requestHash = requestHash
        self.userID = userID
        self.now = now
        self.abandonedBefore = abandonedBefore
        self.expiresAt = expiresAt
    }
}

/// Remembers which requests were carried out, and how they were answered.
package protocol IdempotencyStore: Sendable {
    /// Takes a key for one request, atomically: of several callers at once, one gets `.claimed`.
    func claim(_ claim: IdempotencyClaim) async throws(StoreError) -> IdempotencyOutcome
    /// Keeps the answer of a request that was claimed.
    ///
    /// - Parameters:
    ///   - claim: As it was taken; nothing happens if another one has taken its place.
    ///   - answer: Encrypted by the caller.
    /// - Throws: ``StoreError``; nothing was kept.
    func complete(_ claim: IdempotencyClaim, answer: [UInt8]) async throws(StoreError)
    /// Gives a claim back, so that the request may be made anew.
    func release(_ claim: IdempotencyClaim, _ condition: IdempotencyRelease) async throws(StoreError)
}

/// When a claim may be given back.
package enum IdempotencyRelease: Sendable {
    /// The request was refused: whatever it changed on its way there, it may be made anew.
    case refused
    /// Nobody knows how far the request came: it may be made anew only if nothing was changed under its claim.
    case failed
}

/// What became of a claim.
package enum IdempotencyOutcome: Equatable, Sendable {
    /// The caller is to carry the request out, and then to complete or release the claim.
    case claimed
    /// Another caller is carrying the same request out.
    case inFlight
    /// The key was used for another request.
    case otherRequest
    /// The same request was carried out; this is its encrypted answer.
    case answered([UInt8])
    /// The same request changed something, and whoever carried it out left no answer.
    case answerLost
}
