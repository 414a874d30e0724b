package import WonkeyCore

extension SQLAccountStore {
    /// How many invitations of an organization may be open.
    static let invitationsMax = 1_000

    package func invite(_ invitation: Invitation, token: TokenHash, by actor: Actor) async throws(StoreError) {
        try await self.database.write { connection in
            let acting = try self.actingRole(in: invitation.organizationID, on: connection)
            guard acting.administers(invitation.role) else { throw Self.forbidden(acting) }
            try Self.requireRoom(for: invitation, on: connection)
            try connection.execute(
                """
                INSERT INTO invitations (
                    id, org_id, email, email_folded, role, token_hash, invited_by, created_at, expires_at
                ) VALUES (
                    \(invitation.id), \(invitation.organizationID), \(invitation.email.text),
                    \(invitation.email.folded), \(invitation.role.rawValue), \(token), \(invitation.invitedBy),
                    \(invitation.createdAt), \(invitation.expiresAt)
                )
                """
            )
            let entry = AuditEntry(
                event: .invitationCreate,
                subject: .invitation(invitation.id),
                organization: invitation.organizationID,
                after: AuditedInvitation(invitation)
            )
            try entry.append(by: actor, at: invitation.createdAt, on: connection)
        }
    }

    package func invitations(
        of organization: OrganizationID,
        at now: Timestamp
    ) async throws(StoreError) -> [Invitation] {
        try await self.database.read { connection in
            _ = try self.actingRole(in: organization, on: connection)
            return try Self.invitations(
                "invitations.org_id = \(organization) AND invitations.expires_at > \(now)",
                on: connection
            )
        }
    }

    package func revokeInvitation(
        _ invitation: InvitationID,
        of organization: OrganizationID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        try await self.database.write { connection in
            let acting = try self.actingRole(in: organization, on: connection)
            let isIt: BoundSQL = "invitations.id = \(invitation) AND invitations.org_id = \(organization)"
            guard let old = try Self.invitations(isIt, on: connection).first else {
                throw Self.noInvitation
            }
            guard acting.administers(old.role) else { throw Self.forbidden(acting) }
            guard try connection.execute("DELETE FROM invitations WHERE \(isIt)") == 1 else { throw Self.noInvitation }
            let entry = AuditEntry(
                event: .invitationDelete,
                subject: .invitation(invitation),
                organization: organization,
                before: AuditedInvitation(old)
            )
            try entry.append(by: actor, at: now, on: connection)
        }
    }

    package func acceptInvitation(
        token: TokenHash,
        as user: UserID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> OrganizationMembership {
        try self.requireAccounts()
        return try await self.database.write { connection in
            let isGood: BoundSQL = "invitations.token_hash = \(token) AND invitations.expires_at > \(now)"
            guard let invitation = try Self.invitations(isGood, on: connection).first,
                let organization = try Self.organization(invitation.organizationID, on: connection),
                let invited = try Self.user(user, on: connection),
                invited.email == invitation.email,
                // Used up by whoever deletes it.
                try connection.execute("DELETE FROM invitations WHERE id = \(invitation.id)") == 1
            else { throw Self.noInvitation }
            let role = try Self.join(invitation, as: invited, at: now, by: actor, on: connection)
            return OrganizationMembership(organization: organization, role: role)
        }
    }

    private static let noInvitation = StoreError(code: .notFound, message: "there is no such invitation")

    /// Makes or raises the membership.
    private static func join(
        _ invitation: Invitation,
        as user: User,
        at now: Timestamp,
        by actor: Actor,
        on connection: any SQLConnection
    ) throws -> Role {
        let old = try self.member(user.id, of: invitation.organizationID, on: connection)
        if let old, old.role >= invitation.role { return old.role }
        try connection.execute(
            """
            INSERT INTO memberships (org_id, user_id, role, created_at)
            VALUES (\(invitation.organizationID), \(user.id), \(invitation.role.rawValue), \(now))
            ON CONFLICT (org_id, user_id) DO UPDATE SET role = excluded.role, version = memberships.version + 1
            """
        )
        let entry = AuditEntry(
            event: old == nil ? .memberCreate : .memberUpdate,
            subject: .user(user.id),
            organization: invitation.organizationID,
            before: old.map { ["role": $0.role.rawValue] },
            after: ["email": user.email.text, "role": invitation.role.rawValue]
        )
        try entry.append(by: actor, at: now, on: connection)
        return invitation.role
    }

    /// Refuses what is a member's address; takes away the address's earlier invitation and expired ones.
    private static func requireRoom(for invitation: Invitation, on connection: any SQLConnection) throws {
        let isMember = try connection.hasRow(
            """
            SELECT 1 FROM memberships JOIN users ON users.id = memberships.user_id
            WHERE memberships.org_id = \(invitation.organizationID) AND users.email_folded = \(invitation.email.folded)
            """
        )
        guard !isMember else {
            throw StoreError(code: .conflict, message: "the address is a member's already")
        }
        try connection.execute(
            """
            DELETE FROM invitations WHERE org_id = \(invitation.organizationID)
                AND (email_folded = \(invitation.email.folded) OR expires_at <= \(invitation.createdAt))
            """
        )
        let count: BoundSQL = "SELECT count(*) FROM invitations WHERE org_id = \(invitation.organizationID)"
        guard try connection.first(count, { try $0.integer(0) }) ?? 0 < Self.invitationsMax else {
            throw StoreError(code: .conflict, message: "the organization has too many open invitations")
        }
    }

    private static func invitations(_ condition: BoundSQL, on connection: any SQLConnection) throws -> [Invitation] {
        try connection.rows(
            """
            SELECT id, org_id, email, role, invited_by, created_at, expires_at
            FROM invitations WHERE \(condition) ORDER BY created_at, id
            """
        ) { row in
            Invitation(
                id: try row.id(0),
                organizationID: try row.id(1),
                email: try Self.email(row, 2),
                role: try row.named(3),
                invitedBy: try row.id(4),
                createdAt: try row.time(5),
                expiresAt: try row.time(6)
            )
        }
    }

    private static func organization(
        _ id: OrganizationID,
        on connection: any SQLConnection
    ) throws -> Organization? {
        try connection.first(
            "SELECT id, name, created_at FROM orgs WHERE id = \(id) AND deleted_at IS NULL"
        ) { Organization(id: try $0.id(0), name: try $0.text(1), createdAt: try $0.time(2)) }
    }
}
