package import WonkeyCore

/// Knows our own access tokens and, if so configured, a Supabase project's.
///
/// Our own are good only while their session is: signing out, a disabled user and a password set by the operator take
/// effect at once. Users of the other issuer are made at first sight, with an organization of their own.
package struct TokenAuthenticator: Authenticator {
    private let store: any AccountStore
    private let tokens: AccessTokens
    private let supabase: SupabaseTokens?
    private let clock: any WallClock

    /// Makes an authenticator.
    ///
    /// - Parameters:
    ///   - store: Bound to the scope `.accounts`.
    ///   - tokens: Ours.
    ///   - supabase: The other issuer's, if it is accepted.
    ///   - clock: Tells what has expired.
    package init(
        store: any AccountStore,
        tokens: AccessTokens,
        supabase: SupabaseTokens? = nil,
        clock: any WallClock
    ) {
        self.store = store
        self.tokens = tokens
        self.supabase = supabase
        self.clock = clock
    }

    package func authenticate(bearer: String) async throws(AuthenticationError) -> Principal {
        guard let head = TokenHead(bearer) else {
            throw AuthenticationError(code: .invalidToken, message: "not a token that is accepted here")
        }
        if head.issuer == self.tokens.settings.issuer {
            return try await self.principal(of: self.tokens.claims(of: bearer, head: head))
        }
        guard let supabase = self.supabase, head.issuer == supabase.settings.issuer else {
            throw AuthenticationError(code: .invalidToken, message: "the token is of an unknown issuer")
        }
        return try await self.principal(of: supabase.claims(of: bearer, head: head))
    }

    private func principal(of claims: AccessClaims) async throws(AuthenticationError) -> Principal {
        let session = SessionID(rawValue: claims.sid)
        let user = try await self.found { () async throws(StoreError) in
            try await self.store.user(ofSession: session, at: self.clock.now)
        }
        guard let user, user.id.rawValue == claims.sub else {
            throw AuthenticationError(code: .invalidToken, message: "the token's session is over")
        }
        return Principal(user: user, session: session)
    }

    private func principal(of claims: SupabaseClaims) async throws(AuthenticationError) -> Principal {
        let user = try await self.found { () async throws(StoreError) in
            if let user = try await self.store.user(externalSubject: claims.sub) { return user }
            return try await self.adopt(claims)
        }
        guard let user, user.disabledAt == nil else {
            throw AuthenticationError(code: .invalidToken, message: "the issuer's user has no account here")
        }
        return Principal(user: user)
    }

    /// Makes an account for a user of the other issuer, or gives `nil` if that cannot be.
    ///
    /// One whose address is taken gets none: an address that another issuer vouches for must not open an account here.
    private func adopt(_ claims: SupabaseClaims) async throws(StoreError) -> User? {
        guard let email = claims.email.flatMap(EmailAddress.init) else { return nil }
        var generator = SystemRandomNumberGenerator()
        let name = (claims.user_metadata?.full_name ?? claims.user_metadata?.name).flatMap { name in
            try? checkedName(name, of: "user")
        }
        let registration = Registration.new(
            email: email,
            name: name,
            passwordHash: nil,
            externalSubject: claims.sub,
            at: self.clock.now,
            using: &generator
        )
        do {
            let actor = Actor(name: "user:\(registration.user.id)", source: "supabase")
            try await self.store.register(registration, by: actor)
            return registration.user
        } catch  where error.code == .conflict {
            // Two requests at once, or the address is taken by another account.
            return try await self.store.user(externalSubject: claims.sub)
        }
    }

    private func found(_ call: () async throws(StoreError) -> User?) async throws(AuthenticationError) -> User? {
        do {
            return try await call()
        } catch {
            throw AuthenticationError(code: .unavailable, message: error.message)
        }
    }
}
