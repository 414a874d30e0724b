import WonkeyCore

/// Trades a refresh token for new tokens.
///
/// Each is good once: one that comes again was stolen, now or then, and its whole session ends.
package struct RefreshSession: Sendable {
    package var refreshToken: String

    package init(refreshToken: String) {
        self.refreshToken = refreshToken
    }

    /// Trades.
    ///
    /// - Parameters:
    ///   - context: Where, and from where.
    ///   - generator: Makes the tokens: the system's CSPRNG in production.
    /// - Returns: The user and new tokens.
    /// - Throws: ``OperationError``; `.unauthenticated`, or `.rateLimited`.
    package func run(
        in context: SignInContext,
        using generator: inout some RandomNumberGenerator
    ) async throws(OperationError) -> SignedIn {
        try await context.gate.admit(.refresh, from: context.clientAddress)
        let now = context.clock.now
        let successor = OpaqueToken(prefix: "wkr", using: &generator)
        let renewal = SessionRenewal(
            presented: TokenHash(of: self.refreshToken),
            successor: successor.hash,
            now: now,
            expiresAt: now + context.tokens.settings.refreshLifetime
        )
        let outcome = try await asking { () async throws(StoreError) in
            try await context.store.renewSession(renewal, by: context.actor)
        }
        switch outcome {
        case .renewed(let session, let user):
            return try await context.signedIn(user, in: session, successor, using: &generator)
        case .reused, .refused:
            throw OperationError(
                code: .unauthenticated,
                message: "the refresh token is not good any more; sign in again"
            )
        }
    }
}
