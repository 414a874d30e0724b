import WonkeyCore

/// Keys as the control plane reads them, with the permissions and overrides that hang on them directly.
struct KeyRows {
    let connection: any SQLConnection

    /// Which keys a query is about.
    enum Selection {
        case id(KeyID)
        case hash(KeyHash)
        case project(ProjectID)
    }

    /// The keys selected, oldest first.
    func keys(_ selection: Selection) throws -> [Key] {
        let condition = self.condition(selection)
        var keys = try self.connection.rows(
            """
            SELECT keys.id, keys.project_id, projects.org_id, keys.name, keys.start, keys.environment, keys.state,
                keys.created_at, keys.expires_at, keys.last_used_at
            FROM keys JOIN projects ON projects.id = keys.project_id
            WHERE \(condition) ORDER BY keys.created_at, keys.id
            """,
            self.key
        )
        let permissions = try self.permissions(condition)
        let overrides = try self.overrides(condition)
        for index in keys.indices {
            keys[index].permissions = permissions[keys[index].id] ?? []
            keys[index].overrides = overrides[keys[index].id] ?? [:]
        }
        return keys
    }

    private func condition(_ selection: Selection) -> BoundSQL {
        switch selection {
        case .id(let id): "keys.id = \(id) AND keys.deleted_at IS NULL"
        case .hash(let hash): "keys.hash = \(hash) AND keys.deleted_at IS NULL"
        case .project(let project): "keys.project_id = \(project) AND keys.deleted_at IS NULL"
        }
    }

    private func key(_ row: SQLRow) throws -> Key {
        Key(
            id: try row.id(0),
            projectID: try row.id(1),
            organizationID: try row.id(2),
            name: try row.text(3),
            start: try row.text(4),
            environment: try row.named(5),
            state: try row.named(6),
            createdAt: try row.time(7),
            expiresAt: try row.optionalTime(8),
            lastUsedAt: try row.optionalTime(9)
        )
    }

    private func permissions(_ condition: BoundSQL) throws -> [KeyID: [Permission]] {
        var permissions: [KeyID: [Permission]] = [:]
        let query: BoundSQL = """
            SELECT keys.id, permissions.slug
            FROM keys JOIN key_permissions ON key_permissions.key_id = keys.id
                JOIN permissions ON permissions.id = key_permissions.permission_id
            WHERE \(condition) ORDER BY permissions.slug
            """
        try self.connection.forEachRow(of: query) { permissions[try $0.id(0), default: []].append(try $0.named(1)) }
        return permissions
    }

    private func overrides(_ condition: BoundSQL) throws -> [KeyID: [String: Quota]] {
        var overrides: [KeyID: [String: Quota]] = [:]
        let query: BoundSQL = """
            SELECT keys.id, limit_overrides.name, limit_overrides.quota, limit_overrides.window_ms
            FROM keys JOIN limit_overrides ON limit_overrides.key_id = keys.id
            WHERE \(condition)
            """
        try self.connection.forEachRow(of: query) { row in
            overrides[try row.id(0), default: [:]][try row.text(1)] = try row.quota(2)
        }
        return overrides
    }
}
