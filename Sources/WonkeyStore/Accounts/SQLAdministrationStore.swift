package import WonkeyCore

/// The projects, keys and overrides in the database.
///
/// Writes are split by subject: `+Keys`, `+Overrides`. Every one checks, changes, tells the outbox and the audit log in
/// one transaction; one that changes nothing tells nothing.
package struct SQLAdministrationStore: AdministrationStore {
    let database: any SQLDatabase

    init(_ database: any SQLDatabase) {
        self.database = database
    }

    package func createProject(_ project: Project, by actor: Actor) async throws(StoreError) {
        try await self.database.write { connection in
            try Self.ensureOrganization(of: project, by: actor, on: connection)
            let taken = try connection.hasRow(
                """
                SELECT 1 FROM projects
                WHERE org_id = \(project.organizationID) AND name = \(project.name) AND deleted_at IS NULL
                """
            )
            guard !taken else {
                throw StoreError(code: .conflict, message: "there is a project named \(project.name)")
            }
            try connection.execute(
                """
                INSERT INTO projects (id, org_id, name, created_at, updated_at) VALUES (
                    \(project.id), \(project.organizationID), \(project.name), \(project.createdAt), \(project.createdAt)
                )
                """
            )
            try Outbox.append(.project, project: project.id, at: project.createdAt, on: connection)
            let entry = AuditEntry(
                event: .projectCreate,
                subject: .project(project.id),
                organization: project.organizationID,
                project: project.id,
                after: ["name": project.name]
            )
            try entry.append(by: actor, at: project.createdAt, on: connection)
        }
    }

    package func projects() async throws(StoreError) -> [Project] {
        try await self.database.read { connection in
            try connection.rows("\(Self.projectColumns) WHERE deleted_at IS NULL ORDER BY name, id", Self.project)
        }
    }

    package func project(nameOrID: String) async throws(StoreError) -> Project? {
        try await self.database.read { connection in
            if let project = try Self.project(ProjectID(rawValue: nameOrID), on: connection) { return project }
            let named = try connection.rows(
                "\(Self.projectColumns) WHERE name = \(nameOrID) AND deleted_at IS NULL ORDER BY id",
                Self.project
            )
            guard named.count < 2 else {
                throw StoreError(
                    code: .conflict,
                    message: "\(named.count) organizations have a project named \(nameOrID): give its id"
                )
            }
            return named.first
        }
    }

    /// The project of that id, within a transaction.
    static func project(_ id: ProjectID, on connection: any SQLConnection) throws -> Project? {
        try connection.first("\(Self.projectColumns) WHERE id = \(id) AND deleted_at IS NULL", Self.project)
    }

    private static let projectColumns: BoundSQL = "SELECT id, org_id, name, created_at FROM projects"

    private static func project(_ row: SQLRow) throws -> Project {
        Project(id: try row.id(0), organizationID: try row.id(1), name: try row.text(2), createdAt: try row.time(3))
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
