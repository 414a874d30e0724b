package import WonkeyCore

extension SQLAdministrationStore {
    @discardableResult
    package func setOverrides(
        _ quotas: [String: Quota],
        of subject: OverrideSubject,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> Int64 {
        try await self.database.write { connection in
            let owner = try self.lockOwner(of: subject, ifVersion: version, on: connection)
            let old = try self.quotas(of: subject, on: connection)
            let changed = quotas.filter { old[$0.key] != $0.value }.sorted { $0.key < $1.key }
            guard !changed.isEmpty else { return owner.version }
            try self.touch(subject, at: now, on: connection)
            try owner.announce(at: now, on: connection)
            for (name, quota) in changed {
                let override = LimitOverride(subject: subject, name: name, quota: quota)
                try Self.upsert(override, at: now, on: connection)
                let entry = owner.entry(.limitSetOverride, name, before: old[name], after: quota)
                try entry.append(by: actor, at: now, on: connection)
            }
            return owner.version + 1
        }
    }

    package func overrides(of subject: OverrideSubject) async throws(StoreError) -> [LimitOverride] {
        let quotas = try await self.database.read { try self.quotas(of: subject, on: $0) }
        return quotas.sorted { $0.key < $1.key }
            .map { LimitOverride(subject: subject, name: $0.key, quota: $0.value) }
    }

    package func removeOverride(
        named name: String,
        of subject: OverrideSubject,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        try await self.database.write { connection in
            let owner = try self.lockOwner(of: subject, ifVersion: version, on: connection)
            let old = try Self.existing(
                try self.quotas(of: subject, on: connection)[name],
                "override of \(name) there"
            )
            let isOfSubject = self.condition(subject)
            try connection.execute("DELETE FROM limit_overrides WHERE \(isOfSubject) AND name = \(name)")
            try self.touch(subject, at: now, on: connection)
            try owner.announce(at: now, on: connection)
            let entry = owner.entry(.limitDeleteOverride, name, before: old, after: nil)
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

    private func quotas(of subject: OverrideSubject, on connection: any SQLConnection) throws -> [String: Quota] {
        let query: BoundSQL = "SELECT name, quota, window_ms FROM limit_overrides WHERE \(self.condition(subject))"
        let quotas = try connection.rows(query) { (name: try $0.text(0), quota: try $0.quota(1)) }
        return Dictionary(uniqueKeysWithValues: quotas.map { ($0.name, $0.quota) })
    }

    /// The condition that an override hangs on the subject, and that is there and within the scope.
    private func condition(_ subject: OverrideSubject) -> BoundSQL {
        switch subject {
        case .key(let id):
            """
            limit_overrides.key_id = \(id)
                AND EXISTS (SELECT 1 FROM keys WHERE keys.id = limit_overrides.key_id AND \(self.livingKeys))
            """
        case .project(let id):
            """
            limit_overrides.project_id = \(id)
                AND EXISTS (
                    SELECT 1 FROM projects WHERE projects.id = limit_overrides.project_id AND \(self.livingProjects)
                )
            """
        }
    }

    /// Counts a change of a subject that is locked.
    private func touch(_ subject: OverrideSubject, at now: Timestamp, on connection: any SQLConnection) throws {
        switch subject {
        case .key(let id):
            try connection.execute(
                """
                UPDATE keys SET version = version + 1, updated_at = \(now) WHERE id = \(id) AND \(self.livingKeys)
                """
            )
        case .project(let id):
            try connection.execute(
                """
                UPDATE projects SET version = version + 1, updated_at = \(now)
                WHERE id = \(id) AND \(self.livingProjects)
                """
            )
        }
    }

    private func lockOwner(
        of subject: OverrideSubject,
        ifVersion version: Int64?,
        on connection: any SQLConnection
    ) throws -> OverrideOwner {
        switch subject {
        case .key(let id):
            let locked = try self.lockKey(id, ifVersion: version, on: connection)
            return OverrideOwner(
                subject: .key(id),
                organization: locked.thing.organizationID,
                project: locked.thing.projectID,
                version: locked.thing.version,
                keyHash: locked.hash
            )
        case .project(let id):
            let project = try self.lockProject(id, ifVersion: version, on: connection).thing
            return OverrideOwner(
                subject: .project(id),
                organization: project.organizationID,
                project: id,
                version: project.version
            )
        }
    }
}

/// Who a changed override belongs to, as the outbox and the audit log want it.
private struct OverrideOwner {
    var subject: AuditEntry.Subject
    var organization: OrganizationID
    var project: ProjectID
    /// Before the change.
    var version: Int64
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
