import WonkeyCore

/// Signs somebody up: a user with an organization of their own and its first project, signed in at once.
package struct Register: Sendable {
    package var email: String
    package var password: String
    package var name: String?

    package init(email: String, password: String, name: String? = nil) {
        self.email = email
        self.password = password
        self.name = name
    }

    /// Signs up.
    ///
    /// - Parameters:
    ///   - context: Where, and from where.
    ///   - generator: Makes ids and tokens: the system's CSPRNG in production.
    /// - Returns: The user and their tokens.
    /// - Throws: ``OperationError``; `.conflict` if the address is taken, `.rateLimited`. Nothing was made.
    package func run(
        in context: SignInContext,
        using generator: inout some RandomNumberGenerator
    ) async throws(OperationError) -> SignedIn {
        let email = try checkedEmail(self.email)
        let password = try checkedPassword(self.password)
        let name = try checkedUserName(self.name)
        try await context.gate.admit(.register(email), from: context.clientAddress)
        let hash = try await SignInContext.hashing { () async throws(PasswordHasherError) in
            try await context.hasher.hash(password)
        }
        let registration = Registration.new(
            email: email,
            name: name,
            passwordHash: hash,
            at: context.clock.now,
            using: &generator
        )
        let actor = Actor(name: "user:\(registration.user.id)", source: context.actor.source)
        try await store(registration, in: context.store, by: actor)
        return try await context.signIn(registration.user, using: &generator)
    }
}

/// Stores a registration; a taken address is named as such.
func store(
    _ registration: Registration,
    in store: any AccountStore,
    by actor: Actor
) async throws(OperationError) {
    do {
        try await store.register(registration, by: actor)
    } catch  where error.code == .conflict {
        let message = "there is an account with that e-mail address already"
        throw OperationError(code: .conflict, message: message, field: "email", detail: error.message)
    } catch {
        throw OperationError(error)
    }
}

func checkedEmail(_ text: String) throws(OperationError) -> EmailAddress {
    guard let email = EmailAddress(text) else {
        throw .invalid("an e-mail address is needed, such as alice@example.com", field: "email")
    }
    return email
}

func checkedPassword(_ text: String) throws(OperationError) -> Password {
    guard let password = Password(text) else {
        let range = Password.lengthRange
        throw .invalid("a password has \(range.lowerBound) to \(range.upperBound) characters", field: "password")
    }
    return password
}

func checkedUserName(_ text: String?) throws(OperationError) -> String? {
    guard let text else { return nil }
    do {
        return try checkedName(text, of: "user")
    } catch {
        throw .invalid(error.message, field: "name")
    }
}
