package import WonkeyCore

/// What signing up and in works on: before it is known who asks.
package struct SignInContext: Sendable {
    /// Bound to the scope `.accounts`.
    package var store: any AccountStore
    package var hasher: any PasswordHasher
    package var tokens: AccessTokens
    package var gate: SignInGate
    package var clock: any WallClock
    package var actor: Actor
    package var clientAddress: String

    package init(
        store: any AccountStore,
        hasher: any PasswordHasher,
        tokens: AccessTokens,
        gate: SignInGate,
        clock: any WallClock,
        actor: Actor,
        clientAddress: String
    ) {
        self.store = store
        self.hasher = hasher
        self.tokens = tokens
        self.gate = gate
        self.clock = clock
        self.actor = actor
        self.clientAddress = clientAddress
    }
}

/// Somebody signed in, with the tokens that prove it.
package struct SignedIn: Sendable {
    package var user: User
    package var accessToken: String
    package var accessLifetime: Duration
    package var refreshToken: OpaqueToken
    package var refreshExpiresAt: Timestamp
}

extension SignInContext {
    /// Starts a session and hands out its tokens.
    func signIn(_ user: User, using generator: inout some RandomNumberGenerator) async throws(OperationError)
        -> SignedIn
    {
        let now = self.clock.now
        let refreshToken = OpaqueToken(prefix: "wkr", using: &generator)
        let session = Session(
            id: .random(prefix: "ses", using: &generator),
            userID: user.id,
            createdAt: now,
            expiresAt: now + self.tokens.settings.refreshLifetime
        )
        try await asking { () async throws(StoreError) in
            try await self.store.startSession(session, token: refreshToken.hash, by: self.actor)
        }
        return try await self.signedIn(user, in: session, refreshToken, using: &generator)
    }

    /// The answer of a session that is stored.
    func signedIn(
        _ user: User,
        in session: Session,
        _ refreshToken: OpaqueToken,
        using generator: inout some RandomNumberGenerator
    ) async throws(OperationError) -> SignedIn {
        SignedIn(
            user: user,
            accessToken: try await self.tokens.issue(for: user.id, in: session.id, using: &generator),
            accessLifetime: self.tokens.settings.accessLifetime,
            refreshToken: refreshToken,
            refreshExpiresAt: session.expiresAt
        )
    }

    /// Hashes or verifies; too many at once are told to come again.
    static func hashing<Value>(
        _ call: () async throws(PasswordHasherError) -> Value
    ) async throws(OperationError) -> Value {
        do {
            return try await call()
        } catch {
            switch error.code {
            case .busy:
                let message = "too many are signing in just now; try again"
                throw OperationError(code: .rateLimited, message: message, retryAfter: .seconds(2))
            case .failed:
                throw OperationError(
                    code: .storeUnavailable,
                    message: "passwords cannot be checked",
                    detail: error.message
                )
            }
        }
    }
}
