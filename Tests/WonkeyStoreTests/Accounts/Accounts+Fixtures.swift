import WonkeyCore

@testable import WonkeyStore

let webActor = Actor(name: "anonymous", source: "192.0.2.1")

func email(_ text: String) throws -> EmailAddress {
    struct Invalid: Error {}
    guard let email = EmailAddress(text) else { throw Invalid() }
    return email
}

/// Alice signing up: `usr_alice`, `org_alice`, `proj_alice`.
func registration(
    _ name: String,
    email address: String? = nil,
    passwordHash: String? = "hash",
    externalSubject: String? = nil
) throws -> Registration {
    let organization = Organization(id: .init(rawValue: "org_" + name), name: name, createdAt: at(10))
    return Registration(
        user: User(
            id: .init(rawValue: "usr_" + name),
            email: try email(address ?? name + "@example.com"),
            name: name,
            externalSubject: externalSubject,
            createdAt: at(10)
        ),
        passwordHash: passwordHash,
        organization: organization,
        project: Project(
            id: .init(rawValue: "proj_" + name),
            organizationID: organization.id,
            name: "default",
            createdAt: at(10)
        )
    )
}

extension TestStore {
    var accounts: SQLAccountStore { self.store.accounts(for: .accounts) }

    func accounts(of name: String) -> SQLAccountStore {
        self.store.accounts(for: .member(UserID(rawValue: "usr_" + name)))
    }

    /// Signs somebody up.
    func register(_ name: String) async throws -> Registration {
        let registration = try registration(name)
        try await self.accounts.register(registration, by: webActor)
        return registration
    }

    /// Signs somebody up and makes them a member of another one's organization.
    func register(_ name: String, as role: Role, of owner: Registration) async throws -> Registration {
        let registration = try await self.register(name)
        let invitation = try invitation(to: name, as: role, of: owner)
        let token = TokenHash(of: "invitation of " + name)
        try await self.store.accounts(for: .member(owner.user.id)).invite(invitation, token: token, by: webActor)
        _ = try await self.accounts.acceptInvitation(token: token, as: registration.user.id, at: at(20), by: webActor)
        return registration
    }
}

/// An invitation by an organization's owner that ends at 1000.
func invitation(to name: String, as role: Role, of owner: Registration) throws -> Invitation {
    Invitation(
        id: .init(rawValue: "inv_" + name),
        organizationID: owner.organization.id,
        email: try email(name + "@example.com"),
        role: role,
        invitedBy: owner.user.id,
        createdAt: at(15),
        expiresAt: at(1_000)
    )
}
