/// Why a request is turned away: an ordinary answer, returned and never thrown.
package enum Refusal: Equatable, Sendable {
    // Identification
    case missingKey
    /// The `Authorization` field is not one well-formed `Bearer` credential (RFC 6750 §3.1 `invalid_request`).
    case malformedCredentials
    case malformedKey, unknownKey, expiredKey, disabledKey, revokedKey
    case insufficientScope(required: [Permission])
    /// This client address presented too many unknown keys lately.
    case tooManyUnknownKeys(retryAfter: Duration)
    /// The key store gave no answer and nothing usable is cached: 503, never 401.
    case keyStoreUnavailable
    // Admission
    /// `violated` names the limits that did not fit.
    case rateLimited(retryAfter: Duration, violated: [String])
    /// The counter store is away and the configuration says `on_outage: deny`.
    case counterStoreUnavailable
    // The request itself
    case noRoute
    case methodNotAllowed(allowed: [String])
    case bodyTooLarge(limit: Int)
    /// Too many requests are under way.
    case overloaded
}
