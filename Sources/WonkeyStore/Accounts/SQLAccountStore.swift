package import WonkeyCore

/// Users, sessions, organizations and members in the database, for one ``WonkeyCore/StoreScope``.
///
/// Split by subject: `+Sessions`, `+SigningKeys`, `+Members`, `+Invitations`, `+Users`. What a member's role has to say is
/// asked in the transaction of the change.
package struct SQLAccountStore: AccountStore {
    let database: any SQLDatabase
    let scope: StoreScope

    init(_ database: any SQLDatabase, for scope: StoreScope) {
        self.database = database.scoped(to: scope)
        self.scope = scope
    }
}

// MARK: - What the scope allows

extension SQLAccountStore {
    /// Refuses those who are signed in already: they have no business with credentials and sessions.
    func requireAccounts() throws(StoreError) {
        switch self.scope {
        case .accounts, .operator: return
        case .member, .proxy:
            throw StoreError(code: .forbidden, message: "a scope of a user does not reach credentials")
        }
    }

    func requireOperator() throws(StoreError) {
        guard case .operator = self.scope else {
            throw StoreError(code: .forbidden, message: "only the operator reaches all users")
        }
    }

    /// What the acting user is in an organization.
    ///
    /// - Throws: ``WonkeyCore/StoreError``; `.notFound` where the scope does not reach the organization.
    func actingRole(in organization: OrganizationID, on connection: any SQLConnection) throws -> Role {
        let role: Role?
        switch self.scope {
        case .operator:
            role =
                try connection.hasRow("SELECT 1 FROM orgs WHERE id = \(organization) AND deleted_at IS NULL")
                ? .owner : nil
        case .member(let user):
            role = try connection.first(
                """
                SELECT memberships.role FROM memberships JOIN orgs ON orgs.id = memberships.org_id
                WHERE memberships.org_id = \(organization) AND memberships.user_id = \(user) AND orgs.deleted_at IS NULL
                """,
                { try $0.named(0) }
            )
        case .accounts, .proxy: role = nil
        }
        guard let role else { throw Self.noOrganization(organization) }
        return role
    }

    static func noOrganization(_ id: OrganizationID) -> StoreError {
        StoreError(code: .notFound, message: "there is no organization \(id)")
    }

    static func forbidden(_ role: Role) -> StoreError {
        StoreError(code: .forbidden, message: "the role \(role.rawValue) does not allow this")
    }
}

// MARK: - Rows

extension SQLAccountStore {
    /// The columns that ``user(_:from:)`` reads.
    static let userColumns: BoundSQL = """
        users.id, users.email, users.name, users.external_subject, users.created_at, users.disabled_at
        """

    /// A user out of the columns from `column` on.
    static func user(_ row: SQLRow, from column: Int = 0) throws -> User {
        User(
            id: try row.id(column),
            email: try Self.email(row, column + 1),
            name: try row.optionalText(column + 2),
            externalSubject: try row.optionalText(column + 3),
            createdAt: try row.time(column + 4),
            disabledAt: try row.optionalTime(column + 5)
        )
    }

    static func email(_ row: SQLRow, _ column: Int) throws -> EmailAddress {
        guard let email = EmailAddress(try row.text(column)) else {
            throw StoreError(code: .corrupt, message: "a stored e-mail address is none")
        }
        return email
    }
}

extension TokenHash: SQLBindable {
    var sqlValue: SQLValue { .bytes(self.bytes) }
}
