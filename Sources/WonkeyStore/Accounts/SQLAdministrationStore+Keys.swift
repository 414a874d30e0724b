package import WonkeyCore

extension SQLAdministrationStore {
    package func createKey(_ key: Key, hash: KeyHash, by actor: Actor) async throws(StoreError) {
        try await self.database.write { connection in
            try Self.insert(key, hash: hash, predecessor: nil, on: connection)
            try Outbox.append(.key, project: key.projectID, keyHash: hash, at: key.createdAt, on: connection)
            let entry = AuditEntry(
                event: .keyCreate,
                subject: .key(key.id),
                organization: key.organizationID,
                project: key.projectID,
                after: AuditedKey(key)
            )
            try entry.append(by: actor, at: key.createdAt, on: connection)
        }
    }

    package func keys(of project: ProjectID) async throws(StoreError) -> [Key] {
        try await self.database.read { try KeyRows(connection: $0).keys(.project(project)) }
    }

    /// The key of that id.
    ///
    /// Its `permissions` are those it holds itself; what roles add, only ``SQLKeyDirectory`` tells.
    package func key(id: KeyID) async throws(StoreError) -> Key? {
        try await self.database.read { try KeyRows(connection: $0).keys(.id(id)).first }
    }

    package func key(hash: KeyHash) async throws(StoreError) -> Key? {
        try await self.database.read { try KeyRows(connection: $0).keys(.hash(hash)).first }
    }

    /// Sets a key's state; one that it has already is no change, and leaves no trace.
    package func setState(
        _ state: KeyState,
        of key: KeyID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        try await self.database.write { connection in
            let (old, hash) = try Self.existingKey(key, on: connection)
            guard old.state != state else { return }
            guard old.state != .revoked else {
                throw StoreError(code: .conflict, message: "\(key) is revoked, which is final")
            }
            // The condition holds off a second writer on engines where writers do not wait for each other.
            let changed = try connection.execute(
                """
                UPDATE keys SET state = \(state.rawValue), updated_at = \(now)
                WHERE id = \(key) AND state = \(old.state.rawValue)
                """
            )
            guard changed == 1 else { throw Self.raced(key) }
            var new = old
            new.state = state
            try Outbox.append(.key, project: old.projectID, keyHash: hash, at: now, on: connection)
            try Self.audit(.keyUpdate, from: old, to: new, by: actor, at: now, on: connection)
        }
    }

    /// Stores `successor` and lets the old key expire at `oldExpiresAt`, or when it does anyway if that is sooner.
    ///
    /// What the caller cannot know goes over too: the old key's identity, metadata, roles and credits.
    package func rotateKey(
        _ key: KeyID,
        to successor: Key,
        hash: KeyHash,
        oldExpiresAt: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        let now = successor.createdAt
        try await self.database.write { connection in
            let (old, oldHash) = try Self.existingKey(key, on: connection)
            guard old.state == .active, successor.projectID == old.projectID else {
                throw StoreError(code: .conflict, message: "\(key) is not active, or not of the successor's project")
            }
            var expiring = old
            expiring.expiresAt = min(old.expiresAt ?? oldExpiresAt, oldExpiresAt)
            let changed = try connection.execute(
                """
                UPDATE keys SET expires_at = \(expiring.expiresAt), updated_at = \(now)
                WHERE id = \(key) AND state = \(KeyState.active.rawValue)
                """
            )
            guard changed == 1 else { throw Self.raced(key) }
            try Self.insert(successor, hash: hash, predecessor: key, on: connection)
            try Self.copyBelongings(of: key, to: successor.id, on: connection)
            try Outbox.append(.key, project: old.projectID, keyHash: oldHash, at: now, on: connection)
            try Outbox.append(.key, project: old.projectID, keyHash: hash, at: now, on: connection)
            try Self.audit(.keyRotate, from: old, to: expiring, by: actor, at: now, on: connection)
            try Self.audit(.keyCreate, from: nil, to: successor, by: actor, at: now, on: connection)
        }
    }

    /// The key and its hash, or `.notFound`.
    static func existingKey(_ id: KeyID, on connection: any SQLConnection) throws -> (key: Key, hash: KeyHash) {
        guard let key = try KeyRows(connection: connection).keys(.id(id)).first,
            let hash = try connection.first("SELECT hash FROM keys WHERE id = \(id)", { try $0.hash(0) })
        else { throw StoreError(code: .notFound, message: "there is no key \(id)") }
        return (key, hash)
    }

    private static func raced(_ key: KeyID) -> StoreError {
        StoreError(code: .conflict, message: "\(key) was changed by somebody else meanwhile")
    }

    private static func audit(
        _ event: AuditEntry.Event,
        from old: Key?,
        to new: Key,
        by actor: Actor,
        at now: Timestamp,
        on connection: any SQLConnection
    ) throws {
        let entry = AuditEntry(
            event: event,
            subject: .key(new.id),
            organization: new.organizationID,
            project: new.projectID,
            before: old.map(AuditedKey.init),
            after: AuditedKey(new)
        )
        try entry.append(by: actor, at: now, on: connection)
    }
}

// MARK: - Rows of a new key

extension SQLAdministrationStore {
    private static func insert(
        _ key: Key,
        hash: KeyHash,
        predecessor: KeyID?,
        on connection: any SQLConnection
    ) throws {
        guard let project = try self.project(key.projectID, on: connection) else {
            throw StoreError(code: .notFound, message: "there is no project \(key.projectID)")
        }
        try connection.execute(
            """
            INSERT INTO keys (
                id, project_id, predecessor_id, hash, start, name, environment, state, created_at, updated_at,
                expires_at, last_used_at
            ) VALUES (
                \(key.id), \(key.projectID), \(predecessor), \(hash), \(key.start), \(key.name),
                \(key.environment.rawValue), \(key.state.rawValue), \(key.createdAt), \(key.createdAt),
                \(key.expiresAt), \(key.lastUsedAt)
            )
            """
        )
        for permission in Set(key.permissions).sorted() {
            let id = try self.ensure(permission, in: project.organizationID, at: key.createdAt, on: connection)
            try connection.execute("INSERT INTO key_permissions (key_id, permission_id) VALUES (\(key.id), \(id))")
        }
        for (name, quota) in key.overrides.sorted(by: { $0.key < $1.key }) {
            let override = LimitOverride(subject: .key(key.id), name: name, quota: quota)
            try self.upsert(override, at: key.createdAt, on: connection)
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

    private static func copyBelongings(
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
