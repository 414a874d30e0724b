import WonkeyCore

extension SQLAdministrationStore {
    /// Stores a new key in an existing project, without telling anybody.
    static func insert(
        _ key: Key,
        hash: KeyHash,
        predecessor: KeyID?,
        on connection: any SQLConnection
    ) throws {
        let identity = try self.identity(of: key, at: key.createdAt, on: connection)
        try connection.execute(
            """
            INSERT INTO keys (
                id, project_id, identity_id, predecessor_id, hash, start, name, environment, state, created_at, updated_at,
                expires_at, last_used_at, version
            ) VALUES (
                \(key.id), \(key.projectID), \(identity), \(predecessor), \(hash), \(key.start), \(key.name),
                \(key.environment.rawValue), \(key.state.rawValue), \(key.createdAt), \(key.createdAt),
                \(key.expiresAt), \(key.lastUsedAt), \(key.version)
            )
            """
        )
        try self.grant(key.permissions, to: key, at: key.createdAt, on: connection)
        for (name, quota) in key.overrides.sorted(by: { $0.key < $1.key }) {
            let override = LimitOverride(subject: .key(key.id), name: name, quota: quota)
            try self.upsert(override, at: key.createdAt, on: connection)
        }
    }

    /// The identity a key belongs to, made where the organization does not have it yet.
    static func identity(
        of key: Key,
        at now: Timestamp,
        on connection: any SQLConnection
    ) throws -> IdentityID? {
        guard let externalID = key.externalID else { return nil }
        var generator = SystemRandomNumberGenerator()
        try connection.execute(
            """
            INSERT INTO identities (id, org_id, external_id, created_at, updated_at) VALUES (
                \(IdentityID.random(prefix: "id", using: &generator)), \(key.organizationID), \(externalID), \(now),
                \(now)
            ) ON CONFLICT (org_id, external_id) WHERE deleted_at IS NULL DO NOTHING
            """
        )
        let query: BoundSQL = """
            SELECT id FROM identities
            WHERE org_id = \(key.organizationID) AND external_id = \(externalID) AND deleted_at IS NULL
            """
        guard let id = try connection.first(query, { try $0.id(0) as IdentityID }) else {
            throw StoreError(code: .corrupt, message: "an identity just made is not there")
        }
        return id
    }

    /// Lets a key hold permissions that it does not hold yet.
    static func grant(
        _ permissions: [Permission],
        to key: Key,
        at now: Timestamp,
        on connection: any SQLConnection
    ) throws {
        for permission in Set(permissions).sorted() {
            let id = try self.ensure(permission, in: key.organizationID, at: now, on: connection)
            try connection.execute("INSERT INTO key_permissions (key_id, permission_id) VALUES (\(key.id), \(id))")
        }
    }

    /// The row of a permission, made where the organization does not have it yet.
    private static func ensure(
        _ permission: Permission,
        in organization: OrganizationID,
        at now: Timestamp,
        on connection: any SQLConnection
    ) throws -> String {
        var generator = SystemRandomNumberGenerator()
        let slug = permission.rawValue
        try connection.execute(
            """
            INSERT INTO permissions (id, org_id, slug, name, created_at, updated_at) VALUES (
                \(Identifier<Permission>.random(prefix: "perm", using: &generator)), \(organization), \(slug), \(slug),
                \(now), \(now)
            ) ON CONFLICT (org_id, slug) DO NOTHING
            """
        )
        let query: BoundSQL = "SELECT id FROM permissions WHERE org_id = \(organization) AND slug = \(slug)"
        guard let id = try connection.first(query, { try $0.text(0) }) else {
            throw StoreError(code: .corrupt, message: "a permission just made is not there")
        }
        return id
    }

    /// Hands over what the caller of a rotation cannot know.
    static func copyBelongings(
        of key: KeyID,
        to successor: KeyID,
        on connection: any SQLConnection
    ) throws {
        let columns: [BoundSQL] = [
            "identity_id", "meta", "credits_remaining", "refill_interval", "refill_amount", "refill_day", "refilled_at",
        ]
        // One statement, because the table demands that credits and refill come together.
        var assignments: BoundSQL = ""
        for (index, column) in columns.enumerated() {
            assignments += index == 0 ? "" : ", "
            assignments += "\(column) = (SELECT \(column) FROM keys AS old WHERE old.id = \(key))"
        }
        try connection.execute("UPDATE keys SET \(assignments) WHERE id = \(successor)")
        let roles = try connection.rows("SELECT role_id FROM key_roles WHERE key_id = \(key)") { try $0.text(0) }
        for role in roles {
            try connection.execute("INSERT INTO key_roles (key_id, role_id) VALUES (\(successor), \(role))")
        }
    }
}
