package import WonkeyCore

/// Looks keys up by hash: two prepared statements in one read transaction.
package struct SQLKeyDirectory: KeyDirectory {
    private let database: any SQLDatabase

    init(_ database: any SQLDatabase) {
        self.database = database
    }

    package func keyRecord(hash: KeyHash) async throws(StoreError) -> KeyRecord? {
        try await self.database.read { connection in
            guard var found = try connection.first(Self.keyQuery(hash), Self.key) else { return nil }
            try connection.forEachRow(of: Self.grantsQuery(found)) { row in
                if row.isNull(1) {
                    found.record.permissions.insert(try row.named(0))
                } else {
                    // The rows come from the widest subject to the narrowest: the last one counts.
                    found.record.overrides[try row.text(0)] = try row.quota(1)
                }
            }
            return found.record
        }
    }

    struct Found {
        var record: KeyRecord
        var identity: IdentityID?
    }

    static func keyQuery(_ hash: KeyHash) -> BoundSQL {
        """
        SELECT keys.id, keys.project_id, projects.org_id, keys.name, keys.start, keys.environment, keys.state,
            keys.expires_at, keys.identity_id
        FROM keys JOIN projects ON projects.id = keys.project_id
        WHERE keys.hash = \(hash) AND keys.deleted_at IS NULL AND projects.deleted_at IS NULL
        """
    }

    private static func key(_ row: SQLRow) throws -> Found {
        let record = KeyRecord(
            id: try row.id(0),
            projectID: try row.id(1),
            organizationID: try row.id(2),
            name: try row.text(3),
            start: try row.text(4),
            environment: try row.named(5),
            state: try row.named(6),
            expiresAt: try row.optionalTime(7)
        )
        return Found(record: record, identity: try row.optionalID(8))
    }

    /// Permissions held directly and through roles, then overrides: project, identity, key.
    ///
    /// The casts are PostgreSQL's: it takes two bare NULLs of a `UNION` for text.
    static func grantsQuery(_ key: Found) -> BoundSQL {
        """
        SELECT permissions.slug, CAST(NULL AS BIGINT) AS quota, CAST(NULL AS BIGINT) AS window_ms, 0 AS rank
        FROM key_permissions JOIN permissions ON permissions.id = key_permissions.permission_id
        WHERE key_permissions.key_id = \(key.record.id)
        UNION ALL
        SELECT permissions.slug, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), 0
        FROM key_roles JOIN role_permissions ON role_permissions.role_id = key_roles.role_id
            JOIN permissions ON permissions.id = role_permissions.permission_id
        WHERE key_roles.key_id = \(key.record.id)
        UNION ALL
        SELECT name, quota, window_ms, 1 FROM limit_overrides WHERE project_id = \(key.record.projectID)
        UNION ALL
        SELECT name, quota, window_ms, 2 FROM limit_overrides WHERE identity_id = \(key.identity)
        UNION ALL
        SELECT name, quota, window_ms, 3 FROM limit_overrides WHERE key_id = \(key.record.id)
        ORDER BY rank
        """
    }
}

extension SQLRow {
    /// A quota stored as two columns, units and milliseconds.
    func quota(_ column: Int) throws(StoreError) -> Quota {
        Quota(limit: Int(try self.integer(column)), window: .milliseconds(try self.integer(column + 1)))
    }
}
