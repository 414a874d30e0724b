/// A person, or a script, that signs in to the control plane.
package struct User: Hashable, Sendable {
    package var id: UserID
    package var email: EmailAddress
    /// 1–64 characters.
    package var name: String?
    /// Who it is to an outside issuer of tokens (Supabase).
    package var externalSubject: String?
    package var createdAt: Timestamp
    /// Signs in no more from then on.
    package var disabledAt: Timestamp?

    package init(
        id: UserID,
        email: EmailAddress,
        name: String? = nil,
        externalSubject: String? = nil,
        createdAt: Timestamp,
        disabledAt: Timestamp? = nil
    ) {
        self.id = id
        self.email = email
        self.name = name
        self.externalSubject = externalSubject
        self.createdAt = createdAt
        self.disabledAt = disabledAt
    }
}

/// Everything that signing up makes, in one transaction.
package struct Registration: Sendable {
    package var user: User
    /// `nil` for those who sign in elsewhere.
    package var passwordHash: String?
    /// The user's own; they become its owner.
    package var organization: Organization
    /// The organization's first project, which keys go to where none is named.
    package var project: Project

    package init(user: User, passwordHash: String?, organization: Organization, project: Project) {
        self.user = user
        self.passwordHash = passwordHash
        self.organization = organization
        self.project = project
    }
}

/// A user and what their password is checked against.
package struct Credentials: Sendable {
    package var user: User
    /// `nil` for those who have no password.
    package var passwordHash: String?

    package init(user: User, passwordHash: String?) {
        self.user = user
        self.passwordHash = passwordHash
    }
}

/// A sign-in that lasts: what one refresh token and its successors belong to.
package struct Session: Hashable, Sendable {
    package var id: SessionID
    package var userID: UserID
    package var createdAt: Timestamp
    /// When its newest refresh token ends, and it with that.
    package var expiresAt: Timestamp

    package init(id: SessionID, userID: UserID, createdAt: Timestamp, expiresAt: Timestamp) {
        self.id = id
        self.userID = userID
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

/// A secret that access tokens are signed with (HMAC).
package struct SigningKey: Hashable, Sendable {
    /// Stands as `kid` in the tokens.
    package var id: String
    /// At least 32 bytes.
    package var secret: [UInt8]
    package var createdAt: Timestamp
    /// From then on nothing signed with it is good; `nil` for one that signs.
    package var retiresAt: Timestamp?

    package init(id: String, secret: [UInt8], createdAt: Timestamp, retiresAt: Timestamp? = nil) {
        self.id = id
        self.secret = secret
        self.createdAt = createdAt
        self.retiresAt = retiresAt
    }
}

extension SigningKey: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    package var description: String { "signing key \(self.id)" }
    package var debugDescription: String { self.description }
    package var customMirror: Mirror { Mirror(self, children: [], displayStyle: .struct) }
}
