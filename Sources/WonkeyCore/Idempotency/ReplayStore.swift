/// One request's claim to carry out what its idempotency key stands for.
package struct ReplayClaim: Hashable, Sendable {
    /// `wk:{<project id>}:idem:<hash of key, method, route and idempotency key>`.
    package var entry: String
    /// Names the request that makes the claim; unique among all processes.
    package var token: String
    /// Tells requests with the same key apart.
    package var fingerprint: String
    /// How long the claim stands without being renewed.
    package var lease: Duration

    package init(entry: String, token: String, fingerprint: String, lease: Duration) {
        self.entry = entry
        self.token = token
        self.fingerprint = fingerprint
        self.lease = lease
    }
}

/// What becomes of a claim.
package enum ReplayChange: Hashable, Sendable {
    /// It stands for another lease.
    case renew
    /// Nothing was carried out: the next request may try.
    case abandon
    /// It is settled for this long.
    case keep(ReplayEntry.State, Duration)
}

/// Keeps what requests with an idempotency key were answered.
///
/// One instance per event loop; it is called on that loop and completes on it, exactly once, possibly before the call
/// returns.
package protocol ReplayStore: AnyObject {
    /// Makes a claim, unless there is an entry.
    ///
    /// - Parameters:
    ///   - claim: Whose.
    ///   - completion: Gets what is there already, `nil` if the claim is made.
    func claim(_ claim: ReplayClaim, _ completion: @escaping (Result<ReplayEntry?, CounterStoreError>) -> Void)

    /// Changes what a claim has made; does nothing where somebody else's entry is by now.
    ///
    /// - Parameters:
    ///   - claim: As it was made.
    ///   - change: What becomes of it.
    ///   - completion: Gets whether the store answered.
    func settle(_ claim: ReplayClaim, _ change: ReplayChange, _ completion: @escaping (Bool) -> Void)
}
