package import WonkeyCore

/// Makes a user as signing up does, at the operator's.
package struct CreateUser: Sendable {
    package var email: String
    package var password: String
    package var name: String?

    package init(email: String, password: String, name: String? = nil) {
        self.email = email
        self.password = password
        self.name = name
    }

    /// Makes the user, their organization and its first project.
    ///
    /// - Parameters:
    ///   - context: Bound to the operator.
    ///   - hasher: Hashes the password.
    ///   - generator: Makes the ids.
    /// - Returns: The user as stored.
    /// - Throws: ``OperationError``; `.conflict` if the address is taken.
    package func run(
        in context: AccountContext,
        hasher: any PasswordHasher,
        using generator: inout some RandomNumberGenerator
    ) async throws(OperationError) -> User {
        let email = try checkedEmail(self.email)
        let name = try checkedUserName(self.name)
        let password = try checkedPassword(self.password)
        let hash = try await SignInContext.hashing { () async throws(PasswordHasherError) in
            try await hasher.hash(password)
        }
        let registration = Registration.new(
            email: email,
            name: name,
            passwordHash: hash,
            at: context.clock.now,
            using: &generator
        )
        try await store(registration, in: context.store, by: context.actor)
        return registration.user
    }
}
