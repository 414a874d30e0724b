package import WonkeyCore

extension SQLAccountStore {
    package func users(after address: EmailAddress?, limit: Int) async throws(StoreError) -> [User] {
        try self.requireOperator()
        return try await self.database.read { connection in
            // No address is empty, so that all come after it.
            try connection.rows(
                """
                SELECT \(Self.userColumns) FROM users WHERE email_folded > \(address?.folded ?? "")
                ORDER BY email_folded LIMIT \(limit)
                """
            ) { try Self.user($0) }
        }
    }

    package func setPasswordHash(
        _ hash: String,
        of user: UserID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        try self.requireOperator()
        try await self.database.write { connection in
            let user = try Self.existingUser(user, on: connection)
            try connection.execute(
                "UPDATE users SET password_hash = \(hash), updated_at = \(now) WHERE id = \(user.id)"
            )
            try connection.execute("DELETE FROM sessions WHERE user_id = \(user.id)")
            try Self.audit(.userSetPassword, of: user, at: now, by: actor, on: connection)
        }
    }

    package func setDisabled(
        _ isDisabled: Bool,
        user: UserID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> User {
        try self.requireOperator()
        return try await self.database.write { connection in
            let old = try Self.existingUser(user, on: connection)
            guard isDisabled != (old.disabledAt != nil) else { return old }
            var new = old
            new.disabledAt = isDisabled ? now : nil
            try connection.execute(
                "UPDATE users SET disabled_at = \(new.disabledAt), updated_at = \(now) WHERE id = \(user)"
            )
            if isDisabled { try connection.execute("DELETE FROM sessions WHERE user_id = \(user)") }
            let event: AuditEntry.Event = isDisabled ? .userDisable : .userEnable
            try Self.audit(event, of: old, at: now, by: actor, on: connection)
            return new
        }
    }

    private static func existingUser(_ id: UserID, on connection: any SQLConnection) throws -> User {
        guard let user = try self.user(id, on: connection) else {
            throw StoreError(code: .notFound, message: "there is no user \(id)")
        }
        return user
    }

    /// Writes what befell a user to the audit log of each of their organizations.
    static func audit(
        _ event: AuditEntry.Event,
        of user: User,
        at now: Timestamp,
        by actor: Actor,
        on connection: any SQLConnection
    ) throws {
        let found: [OrganizationID] = try connection.rows(
            "SELECT org_id FROM memberships WHERE user_id = \(user.id) ORDER BY org_id",
            { try $0.id(0) }
        )
        for organization in found.isEmpty ? [AuditEntry.noOrganization] : found {
            let entry = AuditEntry(
                event: event,
                subject: .user(user.id),
                organization: organization,
                after: ["email": user.email.text]
            )
            try entry.append(by: actor, at: now, on: connection)
        }
    }
}
