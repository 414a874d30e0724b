import WonkeyCore

/// Keys as the control plane reads them, with the permissions and overrides that hang on them directly.
struct KeyRows {
    let connection: any SQLConnection
    /// Keys outside it do not exist, nor do deleted ones and those of deleted projects.
    let scope: StoreScope

    /// Which keys a query is about.
    enum Selection {
        case id(KeyID)
        case hash(KeyHash)
        case project(ProjectID)
    }

    /// The one key selected.
    func key(_ selection: Selection) throws -> Key? {
        try self.keys(selection).first
    }

    /// The keys selected, oldest first.
    ///
    /// - Parameters:
    ///   - selection: Which.
    ///   - start: Only those after it.
    ///   - limit: How many at most; `nil` for all.
    /// - Returns: The keys, whole.
    /// - Throws: ``WonkeyCore/StoreError``.
    func keys(_ selection: Selection, after start: ListPlace? = nil, limit: Int? = nil) throws -> [Key] {
        var condition = self.condition(selection)
        if let start { condition += " AND (keys.created_at, keys.id) > (\(start.time), \(start.id))" }
        var query: BoundSQL = """
            SELECT keys.id, keys.project_id, projects.org_id, keys.name, keys.start, keys.environment, keys.state,
                keys.created_at, keys.expires_at, keys.last_used_at, keys.version, identities.external_id
            FROM keys JOIN projects ON projects.id = keys.project_id
                LEFT JOIN identities ON identities.id = keys.identity_id AND identities.deleted_at IS NULL
            WHERE \(condition) ORDER BY keys.created_at, keys.id
            """
        if let limit { query += " LIMIT \(limit)" }
        var keys = try self.connection.rows(query, self.key)
        guard let last = keys.last else { return [] }
        // What hangs on the keys of this page, and on none behind it.
        condition += " AND (keys.created_at, keys.id) <= (\(last.createdAt), \(last.id))"
        let permissions = try self.permissions(condition)
        let overrides = try self.overrides(condition)
        for index in keys.indices {
            keys[index].permissions = permissions[keys[index].id] ?? []
            keys[index].overrides = overrides[keys[index].id] ?? [:]
        }
        return keys
    }

    /// How many keys a project has.
    func count(of project: ProjectID) throws -> Int {
        let query: BoundSQL = """
            SELECT COUNT(*) FROM keys JOIN projects ON projects.id = keys.project_id
            WHERE \(self.condition(.project(project)))
            """
        return try self.connection.first(query) { Int(try $0.integer(0)) } ?? 0
    }

    private func condition(_ selection: Selection) -> BoundSQL {
        let selected: BoundSQL =
            switch selection {
            case .id(let id): "keys.id = \(id)"
            case .hash(let hash): "keys.hash = \(hash)"
            case .project(let project): "keys.project_id = \(project)"
            }
        return """
            \(selected) AND keys.deleted_at IS NULL AND projects.deleted_at IS NULL
                AND \(self.scope.reaches("projects.org_id"))
            """
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
            lastUsedAt: try row.optionalTime(9),
            externalID: try row.optionalText(11),
            version: try row.integer(10)
        )
    }

    private func permissions(_ condition: BoundSQL) throws -> [KeyID: [Permission]] {
        var permissions: [KeyID: [Permission]] = [:]
        let query: BoundSQL = """
            SELECT keys.id, permissions.slug
            FROM keys JOIN projects ON projects.id = keys.project_id
                JOIN key_permissions ON key_permissions.key_id = keys.id
                JOIN permissions ON permissions.id = key_permissions.permission_id
            WHERE \(condition)
            """
        try self.connection.forEachRow(of: query) { permissions[try $0.id(0), default: []].append(try $0.named(1)) }
        // In one order on every engine, whatever their collations.
        return permissions.mapValues { $0.sorted() }
    }

    private func overrides(_ condition: BoundSQL) throws -> [KeyID: [String: Quota]] {
        var overrides: [KeyID: [String: Quota]] = [:]
        let query: BoundSQL = """
            SELECT keys.id, limit_overrides.name, limit_overrides.quota, limit_overrides.window_ms
            FROM keys JOIN projects ON projects.id = keys.project_id
                JOIN limit_overrides ON limit_overrides.key_id = keys.id
            WHERE \(condition)
            """
        try self.connection.forEachRow(of: query) { row in
            overrides[try row.id(0), default: [:]][try row.text(1)] = try row.quota(2)
        }
        return overrides
    }
}
