package import WonkeyCore

/// All users, by address.
package struct ListUsers: Sendable {
    /// How many are read at a time.
    private static let pageSize = 500

    package init() {}

    package func run(in context: AccountContext) async throws(OperationError) -> [User] {
        var users: [User] = []
        while true {
            let last = users.last?.email
            let page = try await asking { () async throws(StoreError) in
                try await context.store.users(after: last, limit: Self.pageSize)
            }
            users += page
            guard page.count == Self.pageSize else { return users }
        }
    }
}

/// One user and what they are a member of.
package struct ShowUser: Sendable {
    package struct Outcome: Equatable, Sendable {
        package var user: User
        package var organizations: [OrganizationMembership]

        package init(user: User, organizations: [OrganizationMembership]) {
            self.user = user
            self.organizations = organizations
        }
    }

    package var idOrEmail: String

    package init(idOrEmail: String) {
        self.idOrEmail = idOrEmail
    }

    package func run(in context: AccountContext) async throws(OperationError) -> Outcome {
        let user = try await context.user(self.idOrEmail)
        let organizations = try await ListOrganizations(user: user.id).run(in: context)
        return Outcome(user: user, organizations: organizations)
    }
}

/// Shuts a user out at once, or lets them in again.
package struct SetUserDisabled: Sendable {
    package var idOrEmail: String
    package var isDisabled: Bool

    package init(idOrEmail: String, isDisabled: Bool) {
        self.idOrEmail = idOrEmail
        self.isDisabled = isDisabled
    }

    /// Does it; a user who is so already stays so.
    package func run(in context: AccountContext) async throws(OperationError) -> User {
        let user = try await context.user(self.idOrEmail)
        return try await asking { () async throws(StoreError) in
            try await context.store.setDisabled(
                self.isDisabled,
                user: user.id,
                at: context.clock.now,
                by: context.actor
            )
        }
    }
}

/// Sets a user's password and ends all their sessions.
package struct SetUserPassword: Sendable {
    package var idOrEmail: String
    package var password: String

    package init(idOrEmail: String, password: String) {
        self.idOrEmail = idOrEmail
        self.password = password
    }

    package func run(
        in context: AccountContext,
        hasher: any PasswordHasher
    ) async throws(OperationError) -> User {
        let password = try checkedPassword(self.password)
        let user = try await context.user(self.idOrEmail)
        let hash = try await SignInContext.hashing { () async throws(PasswordHasherError) in
            try await hasher.hash(password)
        }
        try await asking { () async throws(StoreError) in
            try await context.store.setPasswordHash(hash, of: user.id, at: context.clock.now, by: context.actor)
        }
        return user
    }
}

extension AccountContext {
    /// The user of that id or address.
    ///
    /// - Throws: ``OperationError`` with code `.notFound`.
    func user(_ idOrEmail: String) async throws(OperationError) -> User {
        let found = try await asking { () async throws(StoreError) in
            if let email = EmailAddress(idOrEmail) { return try await self.store.credentials(email: email)?.user }
            return try await self.store.user(id: UserID(rawValue: idOrEmail))
        }
        guard let found else {
            let message = "no user \(quoted(idOrEmail)); list the users to see their ids and addresses"
            throw OperationError(code: .notFound, message: message)
        }
        return found
    }
}
