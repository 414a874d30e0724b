package import WonkeyCore

/// Looks keys up by hash: two prepared statements in one read transaction.
package struct SQLKeyDirectory: KeyDirectory {
    private let database: any SQLDatabase

    init(_ database: any SQLDatabase) {
        self.database = database
    }

    package func keyRecord(hash: KeyHash) async throws(StoreError) -> KeyRecord? {
        try await self.database.read { connection in
            guard var record = try connection.first(Self.keyQuery(hash), Self.key) else { return nil }
            try connection.forEachRow(of: Self.grantsQuery(record)) { row in
                if row.isNull(1) {
                    record.permissions.insert(try row.named(0))
                } else {
                    // The rows come from the widest subject to the narrowest: the last one counts.
                    record.overrides[try row.text(0)] = try row.quota(1)
                }
            }
            return record
        }
    }

    static func keyQuery(_ hash: KeyHash) -> BoundSQL {
        """
        SELECT keys.id, keys.project_id, projects.org_id, keys.name, keys.start, keys.environment, keys.state,
            keys.expires_at, keys.identity_id, identities.external_id
        FROM keys JOIN projects ON projects.id = keys.project_id
            LEFT JOIN identities ON identities.id = keys.identity_id AND identities.deleted_at IS NULL
        WHERE keys.hash = \(hash) AND keys.deleted_at IS NULL AND projects.deleted_at IS NULL
        """
    }

    private static func key(_ row: SQLRow) throws -> KeyRecord {
        KeyRecord(
            id: try row.id(0),
            projectID: try row.id(1),
            organizationID: try row.id(2),
            name: try row.text(3),
            start: try row.text(4),
            environment: try row.named(5),
            state: try row.named(6),
            expiresAt: try row.optionalTime(7),
            identityID: try row.optionalID(8),
            externalID: try row.optionalText(9)
        )
    }

    /// Permissions held directly and through roles, then overrides: project, identity, key.
    ///
    /// The casts are PostgreSQL's: it takes two bare NULLs of a `UNION` for text.
    static func grantsQuery(_ key: KeyRecord) -> BoundSQL {
        """
        SELECT permissions.slug, CAST(NULL AS BIGINT) AS quota, CAST(NULL AS BIGINT) AS window_ms, 0 AS rank
        FROM key_permissions JOIN permissions ON permissions.id = key_permissions.permission_id
        WHERE key_permissions.key_id = \(key.id)
        UNION ALL
        SELECT permissions.slug, CAST(NULL AS BIGINT), CAST(NULL AS BIGINT), 0
        FROM key_roles JOIN role_permissions ON role_permissions.role_id = key_roles.role_id
            JOIN permissions ON permissions.id = role_permissions.permission_id
        WHERE key_roles.key_id = \(key.id)
        UNION ALL
        SELECT name, quota, window_ms, 1 FROM limit_overrides WHERE project_id = \(key.projectID)
        UNION ALL
        SELECT name, quota, window_ms, 2 FROM limit_overrides WHERE identity_id = \(key.identityID)
        UNION ALL
        SELECT name, quota, window_ms, 3 FROM limit_overrides WHERE key_id = \(key.id)
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
