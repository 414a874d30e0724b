package import WonkeyCore

extension SQLAccountStore {
    package func organizations(of user: UserID) async throws(StoreError) -> [OrganizationMembership] {
        try await self.database.read { connection in
            try connection.rows(
                """
                SELECT orgs.id, orgs.name, orgs.created_at, memberships.role
                FROM orgs JOIN memberships ON memberships.org_id = orgs.id
                WHERE memberships.user_id = \(user) AND orgs.deleted_at IS NULL AND \(self.reaches("orgs.id"))
                ORDER BY orgs.name, orgs.id
                """
            ) { row in
                OrganizationMembership(
                    organization: Organization(id: try row.id(0), name: try row.text(1), createdAt: try row.time(2)),
                    role: try row.named(3)
                )
            }
        }
    }

    package func members(of organization: OrganizationID) async throws(StoreError) -> [Member] {
        try await self.database.read { connection in
            _ = try self.actingRole(in: organization, on: connection)
            return try Self.members("memberships.org_id = \(organization)", on: connection)
        }
    }

    package func member(_ user: UserID, of organization: OrganizationID) async throws(StoreError) -> Member? {
        try await self.database.read { connection in
            try Self.member(user, of: organization, self.reaches("\(organization)"), on: connection)
        }
    }

    package func setRole(_ change: RoleChange, by actor: Actor) async throws(StoreError) -> Member {
        try await self.database.write { connection in
            let acting = try self.actingRole(in: change.organization, on: connection)
            try Self.lockOwners(of: change.organization, on: connection)
            let old = try Self.existingMember(change.user, of: change.organization, on: connection)
            guard acting.administers(old.role), acting.administers(change.role) else { throw Self.forbidden(acting) }
            if let version = change.version, version != old.version { throw Self.outdated(old) }
            guard old.role != change.role else { return old }
            if old.role == .owner { try Self.requireAnotherOwner(than: old, on: connection) }
            let changed = try connection.execute(
                """
                UPDATE memberships SET role = \(change.role.rawValue), version = version + 1
                WHERE org_id = \(change.organization) AND user_id = \(change.user) AND version = \(old.version)
                """
            )
            guard changed == 1 else { throw Self.outdated(old) }
            let entry = AuditEntry(
                event: .memberUpdate,
                subject: .user(old.userID),
                organization: old.organizationID,
                before: ["role": old.role.rawValue],
                after: ["role": change.role.rawValue]
            )
            try entry.append(by: actor, at: change.now, on: connection)
            var new = old
            new.role = change.role
            new.version += 1
            return new
        }
    }

    package func removeMember(
        _ user: UserID,
        of organization: OrganizationID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        try await self.database.write { connection in
            let acting = try self.actingRole(in: organization, on: connection)
            try Self.lockOwners(of: organization, on: connection)
            let old = try Self.existingMember(user, of: organization, on: connection)
            // Everybody may leave.
            guard self.scope == .member(user) || acting.administers(old.role) else { throw Self.forbidden(acting) }
            if old.role == .owner { try Self.requireAnotherOwner(than: old, on: connection) }
            let entry = AuditEntry(
                event: .memberDelete,
                subject: .user(user),
                organization: organization,
                before: ["email": old.email.text, "role": old.role.rawValue]
            )
            // First, because who has left writes nothing there any more.
            try entry.append(by: actor, at: now, on: connection)
            try connection.execute("DELETE FROM memberships WHERE org_id = \(organization) AND user_id = \(user)")
        }
    }

    /// ``StoreScope/reaches(_:)``, and everything for those who sign people in.
    private func reaches(_ organization: BoundSQL) -> BoundSQL {
        self.scope == .accounts ? "1 = 1" : self.scope.reaches(organization)
    }
}

// MARK: - Within a transaction

extension SQLAccountStore {
    static func member(
        _ user: UserID,
        of organization: OrganizationID,
        _ condition: BoundSQL = "1 = 1",
        on connection: any SQLConnection
    ) throws -> Member? {
        try self.members(
            "memberships.org_id = \(organization) AND memberships.user_id = \(user) AND \(condition)",
            on: connection
        ).first
    }

    private static func members(_ condition: BoundSQL, on connection: any SQLConnection) throws -> [Member] {
        try connection.rows(
            """
            SELECT memberships.org_id, users.id, users.email, users.name, memberships.role, memberships.created_at,
                memberships.version
            FROM memberships JOIN users ON users.id = memberships.user_id
            WHERE \(condition) ORDER BY memberships.created_at, users.id
            """
        ) { row in
            Member(
                organizationID: try row.id(0),
                userID: try row.id(1),
                email: try Self.email(row, 2),
                name: try row.optionalText(3),
                role: try row.named(4),
                joinedAt: try row.time(5),
                version: try row.integer(6)
            )
        }
    }

    private static func existingMember(
        _ user: UserID,
        of organization: OrganizationID,
        on connection: any SQLConnection
    ) throws -> Member {
        guard let member = try self.member(user, of: organization, on: connection) else {
            throw StoreError(code: .notFound, message: "\(user) is no member of \(organization)")
        }
        return member
    }

    /// Makes others who would change the owners wait, where writers do not anyway.
    ///
    /// Two owners who demote each other at once would otherwise both still see the other one.
    private static func lockOwners(of organization: OrganizationID, on connection: any SQLConnection) throws {
        try connection.execute(
            """
            UPDATE memberships SET version = version
            WHERE org_id = \(organization) AND role = \(Role.owner.rawValue)
            """
        )
    }

    private static func requireAnotherOwner(than member: Member, on connection: any SQLConnection) throws {
        let hasAnother = try connection.hasRow(
            """
            SELECT 1 FROM memberships
            WHERE org_id = \(member.organizationID) AND role = \(Role.owner.rawValue) AND user_id <> \(member.userID)
            """
        )
        guard hasAnother else {
            throw StoreError(code: .conflict, message: "an organization needs an owner, and this is the last one")
        }
    }

    private static func outdated(_ member: Member) -> StoreError {
        StoreError(code: .outdated, message: "the membership of \(member.userID) is at version \(member.version)")
    }
}
