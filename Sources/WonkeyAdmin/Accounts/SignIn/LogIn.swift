import WonkeyCore

/// Signs a user in by e-mail address and password.
///
/// An unknown address, a user without password, a disabled user and a wrong password are one answer, after the same work.
package struct LogIn: Sendable {
    package var email: String
    package var password: String

    package init(email: String, password: String) {
        self.email = email
        self.password = password
    }

    /// Signs in.
    ///
    /// - Parameters:
    ///   - context: Where, and from where.
    ///   - generator: Makes ids and tokens: the system's CSPRNG in production.
    /// - Returns: The user and new tokens.
    /// - Throws: ``OperationError``; `.unauthenticated`, or `.rateLimited`.
    package func run(
        in context: SignInContext,
        using generator: inout some RandomNumberGenerator
    ) async throws(OperationError) -> SignedIn {
        let attempt = SignInAttempt.login(self.email)
        try await context.gate.admit(attempt, from: context.clientAddress)
        let credentials = try await self.credentials(in: context)
        let verdict = try await SignInContext.hashing { () async throws(PasswordHasherError) in
            try await context.hasher.verify(Secret(self.password), against: credentials?.passwordHash)
        }
        guard verdict != .wrong, let credentials, credentials.user.disabledAt == nil else {
            throw OperationError(code: .unauthenticated, message: "the e-mail address or the password is wrong")
        }
        await context.gate.succeeded(attempt, from: context.clientAddress)
        if verdict == .rightButWeaklyHashed { await self.rehash(credentials, in: context) }
        return try await context.signIn(credentials.user, using: &generator)
    }

    private func credentials(in context: SignInContext) async throws(OperationError) -> Credentials? {
        guard let email = EmailAddress(self.email) else { return nil }
        return try await asking { () async throws(StoreError) in try await context.store.credentials(email: email) }
    }

    /// Stores a stronger hash, if nothing is in the way; else the next sign-in does.
    private func rehash(_ credentials: Credentials, in context: SignInContext) async {
        guard let old = credentials.passwordHash, let password = Password(self.password),
            let hash = try? await context.hasher.hash(password)
        else { return }
        try? await context.store.replacePasswordHash(of: credentials.user.id, old, with: hash)
    }
}
