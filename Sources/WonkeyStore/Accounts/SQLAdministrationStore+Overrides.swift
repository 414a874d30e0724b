package import WonkeyCore

extension SQLAdministrationStore {
    package func setOverride(
        _ override: LimitOverride,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        try await self.database.write { connection in
            let owner = try Self.owner(of: override.subject, on: connection)
            let old = try Self.overrides(of: override.subject, on: connection).first { $0.name == override.name }
            guard old != override else { return }
            try Self.upsert(override, at: now, on: connection)
            try owner.announce(at: now, on: connection)
            let entry = owner.entry(.limitSetOverride, override.name, before: old?.quota, after: override.quota)
            try entry.append(by: actor, at: now, on: connection)
        }
    }

    package func overrides(of subject: OverrideSubject) async throws(StoreError) -> [LimitOverride] {
        try await self.database.read { try Self.overrides(of: subject, on: $0) }
    }

    package func removeOverride(
        named name: String,
        of subject: OverrideSubject,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        try await self.database.write { connection in
            let old = try Self.overrides(of: subject, on: connection).first { $0.name == name }
            let isOfSubject = Self.condition(subject)
            let removed = try connection.execute("DELETE FROM limit_overrides WHERE \(isOfSubject) AND name = \(name)")
            guard let old, removed == 1 else {
                throw StoreError(code: .notFound, message: "there is no override of \(name) there")
            }
            let owner = try Self.owner(of: subject, on: connection)
            try owner.announce(at: now, on: connection)
            let entry = owner.entry(.limitDeleteOverride, name, before: old.quota, after: nil)
            try entry.append(by: actor, at: now, on: connection)
        }
    }

    /// Sets one override within a transaction, without telling anybody.
    static func upsert(_ override: LimitOverride, at now: Timestamp, on connection: any SQLConnection) throws {
        var generator = SystemRandomNumberGenerator()
        let id = Identifier<LimitOverride>.random(prefix: "ovr", using: &generator)
        let (column, subject): (BoundSQL, String) =
            switch override.subject {
            case .key(let id): ("key_id", id.rawValue)
            case .project(let id): ("project_id", id.rawValue)
            }
        try connection.execute(
            """
            INSERT INTO limit_overrides (id, \(column), name, quota, window_ms, created_at, updated_at) VALUES (
                \(id), \(subject), \(override.name), \(override.quota.limit),
                \(override.quota.window.milliseconds), \(now), \(now)
            ) ON CONFLICT (\(column), name) DO UPDATE SET
                quota = excluded.quota, window_ms = excluded.window_ms, updated_at = excluded.updated_at
            """
        )
    }

    private static func overrides(
        of subject: OverrideSubject,
        on connection: any SQLConnection
    ) throws -> [LimitOverride] {
        let query: BoundSQL = """
            SELECT name, quota, window_ms FROM limit_overrides WHERE \(self.condition(subject)) ORDER BY name
            """
        return try connection.rows(query) { row in
            LimitOverride(subject: subject, name: try row.text(0), quota: try row.quota(1))
        }
    }

    private static func condition(_ subject: OverrideSubject) -> BoundSQL {
        switch subject {
        case .key(let id): "key_id = \(id)"
        case .project(let id): "project_id = \(id)"
        }
    }

    private static func owner(of subject: OverrideSubject, on connection: any SQLConnection) throws -> OverrideOwner {
        switch subject {
        case .key(let id):
            let (key, hash) = try self.existingKey(id, on: connection)
            return OverrideOwner(
                subject: .key(id),
                organization: key.organizationID,
                project: key.projectID,
                keyHash: hash
            )
        case .project(let id):
            guard let project = try self.project(id, on: connection) else {
                throw StoreError(code: .notFound, message: "there is no project \(id)")
            }
            return OverrideOwner(subject: .project(id), organization: project.organizationID, project: id)
        }
    }
}

/// Who a changed override belongs to, as the outbox and the audit log want it.
private struct OverrideOwner {
    var subject: AuditEntry.Subject
    var organization: OrganizationID
    var project: ProjectID
    var keyHash: KeyHash?

    func announce(at now: Timestamp, on connection: any SQLConnection) throws {
        let kind: Change.Kind = self.keyHash == nil ? .project : .key
        try Outbox.append(kind, project: self.project, keyHash: self.keyHash, at: now, on: connection)
    }

    func entry(_ event: AuditEntry.Event, _ name: String, before: Quota?, after: Quota?) -> AuditEntry {
        AuditEntry(
            event: event,
            subject: self.subject,
            organization: self.organization,
            project: self.project,
            before: before.map { [name: AuditedQuota($0)] },
            after: after.map { [name: AuditedQuota($0)] }
        )
    }
}
