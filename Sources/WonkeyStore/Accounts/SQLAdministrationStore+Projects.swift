package import WonkeyCore

extension SQLAdministrationStore {
    package func createProject(_ project: Project, by actor: Actor) async throws(StoreError) {
        try await self.database.write { connection in
            switch self.scope {
            case .operator: try Self.ensureOrganization(of: project, by: actor, on: connection)
            case .member, .accounts, .proxy:
                try self.require(.manageProjects, in: project.organizationID, on: connection)
            }
            try self.insert(project, defaultOf: nil, by: actor, on: connection)
        }
    }

    package func updateProject(
        _ id: ProjectID,
        _ change: ProjectChange,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> Project {
        try await self.database.write { connection in
            let old = try self.lockProject(id, ifVersion: version, on: connection).thing
            var new = old
            new.name = change.name ?? old.name
            guard new != old else { return old }
            try self.checkName(of: new, on: connection)
            new.version += 1
            try connection.execute(
                """
                UPDATE projects SET name = \(new.name), version = \(new.version), updated_at = \(now)
                WHERE id = \(id) AND \(self.livingProjects)
                """
            )
            try Self.tell(.projectUpdate, from: old, to: new, by: actor, at: now, on: connection)
            return new
        }
    }

    /// Deletes a project; the name is free again, and the keys stay behind unseen.
    package func deleteProject(
        _ id: ProjectID,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        try await self.database.write { connection in
            let old = try self.lockProject(id, ifVersion: version, on: connection).thing
            let deleted = try connection.execute(
                """
                UPDATE projects SET deleted_at = \(now), version = version + 1, updated_at = \(now), default_of = NULL
                WHERE id = \(id) AND delete_protection = 0 AND \(self.livingProjects)
                """
            )
            guard deleted == 1 else {
                throw StoreError(code: .conflict, message: "\(id) is protected from deletion")
            }
            try Self.tell(.projectDelete, from: old, to: nil, by: actor, at: now, on: connection)
        }
    }

    /// The user's default project: the marked one, or else the oldest of the organization they own longest, or a new one.
    package func defaultProject(
        of user: UserID,
        orMake candidate: Project,
        by actor: Actor
    ) async throws(StoreError) -> Project {
        let marked: BoundSQL = """
            \(self.projects) AND projects.default_of = \(user) ORDER BY projects.created_at, projects.id LIMIT 1
            """
        if let project = try await self.database.read({ try $0.first(marked, Self.project) }) { return project }
        do {
            return try await self.database.write { connection in
                if let project = try connection.first(marked, Self.project) { return project }
                return try self.makeDefault(candidate, of: user, by: actor, on: connection)
            }
        } catch  where error.code == .conflict {
            // Somebody else marked one at the same time, on an engine where writers do not wait for each other.
            let project = try await self.database.read { try $0.first(marked, Self.project) }
            guard let project else { throw error }
            return project
        }
    }

    private func makeDefault(
        _ candidate: Project,
        of user: UserID,
        by actor: Actor,
        on connection: any SQLConnection
    ) throws -> Project {
        let home: BoundSQL = """
            SELECT orgs.id FROM orgs JOIN memberships ON memberships.org_id = orgs.id
            WHERE memberships.user_id = \(user) AND memberships.role = \(Role.owner.rawValue)
                AND orgs.deleted_at IS NULL AND \(self.scope.reaches("orgs.id"))
            ORDER BY memberships.created_at, orgs.id LIMIT 1
            """
        var project = candidate
        project.organizationID = try Self.existing(
            try connection.first(home) { try $0.id(0) },
            "organization that \(user) owns"
        )
        let oldest: BoundSQL = """
            \(self.projects) AND projects.org_id = \(project.organizationID) AND projects.default_of IS NULL
            ORDER BY projects.created_at, projects.id LIMIT 1
            """
        guard let oldest = try connection.first(oldest, Self.project) else {
            try self.insert(project, defaultOf: user, by: actor, on: connection)
            return project
        }
        try connection.execute(
            "UPDATE projects SET default_of = \(user) WHERE id = \(oldest.id) AND \(self.livingProjects)"
        )
        return oldest
    }

    private func insert(
        _ project: Project,
        defaultOf user: UserID?,
        by actor: Actor,
        on connection: any SQLConnection
    ) throws {
        try self.checkName(of: project, on: connection)
        try connection.execute(
            """
            INSERT INTO projects (id, org_id, name, default_of, created_at, updated_at, version) VALUES (
                \(project.id), \(project.organizationID), \(project.name), \(user), \(project.createdAt),
                \(project.createdAt), \(project.version)
            )
            """
        )
        try Self.tell(.projectCreate, from: nil, to: project, by: actor, at: project.createdAt, on: connection)
    }

    /// Checks that no other project of the organization has the name.
    ///
    /// For the sake of the message; a unique index decides when two come at once.
    private func checkName(of project: Project, on connection: any SQLConnection) throws {
        let taken = try connection.hasRow(
            """
            \(self.projects) AND projects.org_id = \(project.organizationID) AND projects.name = \(project.name)
                AND projects.id <> \(project.id)
            """
        )
        guard !taken else {
            throw StoreError(code: .conflict, message: "there is a project named \(project.name)")
        }
    }

    /// Tells the outbox and the audit log of a change to a project.
    private static func tell(
        _ event: AuditEntry.Event,
        from old: Project?,
        to new: Project?,
        by actor: Actor,
        at now: Timestamp,
        on connection: any SQLConnection
    ) throws {
        guard let subject = new ?? old else { return }
        try Outbox.append(.project, project: subject.id, at: now, on: connection)
        let entry = AuditEntry(
            event: event,
            subject: .project(subject.id),
            organization: subject.organizationID,
            project: subject.id,
            before: old.map { ["name": $0.name] },
            after: new.map { ["name": $0.name] }
        )
        try entry.append(by: actor, at: now, on: connection)
    }

    private static func ensureOrganization(
        of project: Project,
        by actor: Actor,
        on connection: any SQLConnection
    ) throws {
        let id = project.organizationID
        let name = id.rawValue == "org_default" ? "Default" : id.rawValue
        let made = try connection.execute(
            """
            INSERT INTO orgs (id, name, created_at, updated_at)
            VALUES (\(id), \(name), \(project.createdAt), \(project.createdAt))
            ON CONFLICT (id) DO NOTHING
            """
        )
        guard made == 1 else { return }
        let entry = AuditEntry(
            event: .organizationCreate,
            subject: .organization(id),
            organization: id,
            after: ["name": name]
        )
        try entry.append(by: actor, at: project.createdAt, on: connection)
    }
}
