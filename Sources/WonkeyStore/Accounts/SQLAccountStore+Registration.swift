package import WonkeyCore

extension SQLAccountStore {
    package func register(_ registration: Registration, by actor: Actor) async throws(StoreError) {
        try self.requireAccounts()
        try await self.database.write { connection in
            try Self.insert(registration.user, passwordHash: registration.passwordHash, on: connection)
            try Self.insert(registration.organization, ownedBy: registration.user, on: connection)
            try Self.insert(registration.project, asDefaultOf: registration.user, on: connection)
            try Self.audit(registration, by: actor, on: connection)
        }
    }

    package func credentials(email: EmailAddress) async throws(StoreError) -> Credentials? {
        try self.requireAccounts()
        return try await self.database.read { connection in
            try connection.first(
                "SELECT \(Self.userColumns), users.password_hash FROM users WHERE email_folded = \(email.folded)"
            ) { Credentials(user: try Self.user($0), passwordHash: try $0.optionalText(6)) }
        }
    }

    package func user(id: UserID) async throws(StoreError) -> User? {
        try self.requireAccounts()
        return try await self.database.read { try Self.user(id, on: $0) }
    }

    package func user(externalSubject: String) async throws(StoreError) -> User? {
        try self.requireAccounts()
        return try await self.database.read { connection in
            try connection.first(
                "SELECT \(Self.userColumns) FROM users WHERE external_subject = \(externalSubject)"
            ) { try Self.user($0) }
        }
    }

    package func replacePasswordHash(of user: UserID, _ old: String, with new: String) async throws(StoreError) {
        try self.requireAccounts()
        try await self.database.write { connection in
            _ = try connection.execute(
                "UPDATE users SET password_hash = \(new) WHERE id = \(user) AND password_hash = \(old)"
            )
        }
    }

    /// The user of that id, within a transaction.
    static func user(_ id: UserID, on connection: any SQLConnection) throws -> User? {
        try connection.first("SELECT \(Self.userColumns) FROM users WHERE id = \(id)") { try Self.user($0) }
    }

    private static func insert(_ user: User, passwordHash: String?, on connection: any SQLConnection) throws {
        // No look before: of two at once, the second waits here and then changes nothing.
        let made = try connection.execute(
            """
            INSERT INTO users (
                id, email, email_folded, name, password_hash, external_subject, created_at, updated_at, disabled_at
            ) VALUES (
                \(user.id), \(user.email.text), \(user.email.folded), \(user.name), \(passwordHash),
                \(user.externalSubject), \(user.createdAt), \(user.createdAt), \(user.disabledAt)
            ) ON CONFLICT DO NOTHING
            """
        )
        guard made == 1 else {
            throw StoreError(code: .conflict, message: "the e-mail address or the external subject is taken")
        }
    }

    private static func insert(
        _ organization: Organization,
        ownedBy user: User,
        on connection: any SQLConnection
    ) throws {
        try connection.execute(
            """
            INSERT INTO orgs (id, name, created_at, updated_at) VALUES (
                \(organization.id), \(organization.name), \(organization.createdAt), \(organization.createdAt)
            )
            """
        )
        try connection.execute(
            """
            INSERT INTO memberships (org_id, user_id, role, created_at) VALUES (
                \(organization.id), \(user.id), \(Role.owner.rawValue), \(organization.createdAt)
            )
            """
        )
    }

    private static func insert(
        _ project: Project,
        asDefaultOf user: User,
        on connection: any SQLConnection
    ) throws {
        try connection.execute(
            """
            INSERT INTO projects (id, org_id, name, default_of, created_at, updated_at) VALUES (
                \(project.id), \(project.organizationID), \(project.name), \(user.id), \(project.createdAt),
                \(project.createdAt)
            )
            """
        )
        try Outbox.append(.project, project: project.id, at: project.createdAt, on: connection)
    }

    private static func audit(
        _ registration: Registration,
        by actor: Actor,
        on connection: any SQLConnection
    ) throws {
        let (user, organization, project) = (registration.user, registration.organization, registration.project)
        let entries = [
            AuditEntry(
                event: .userRegister,
                subject: .user(user.id),
                organization: organization.id,
                after: AuditedUser(user)
            ),
            AuditEntry(
                event: .organizationCreate,
                subject: .organization(organization.id),
                organization: organization.id,
                after: ["name": organization.name]
            ),
            AuditEntry(
                event: .memberCreate,
                subject: .user(user.id),
                organization: organization.id,
                after: ["role": Role.owner.rawValue]
            ),
            AuditEntry(
                event: .projectCreate,
                subject: .project(project.id),
                organization: organization.id,
                project: project.id,
                after: ["name": project.name]
            ),
        ]
        for entry in entries {
            try entry.append(by: actor, at: user.createdAt, on: connection)
        }
    }
}
