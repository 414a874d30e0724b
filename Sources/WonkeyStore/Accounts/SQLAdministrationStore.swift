package import WonkeyCore

/// The projects, keys and overrides in the database, as far as its scope reaches.
///
/// Split by subject: `+Projects`, `+Keys`, `+Overrides`, `+Audit`; `+Authority` holds what every change asks first. Every
/// change checks, locks, writes, tells the outbox and the audit log in one transaction; one that changes nothing tells nothing.
package struct SQLAdministrationStore: AdministrationStore {
    let database: any SQLDatabase
    let scope: StoreScope

    init(_ database: any SQLDatabase, for scope: StoreScope) {
        self.database = database.scoped(to: scope)
        self.scope = scope
    }

    package func projects() async throws(StoreError) -> [Project] {
        try await self.database.read { connection in
            try connection.rows("\(self.projects) ORDER BY projects.name, projects.id", Self.project)
        }
    }

    package func projects(after start: ListPlace?, limit: Int) async throws(StoreError) -> [Project] {
        var query = self.projects
        if let start { query += " AND (projects.created_at, projects.id) > (\(start.time), \(start.id))" }
        query += " ORDER BY projects.created_at, projects.id LIMIT \(limit)"
        return try await self.database.read { [query] in try $0.rows(query, Self.project) }
    }

    package func project(nameOrID: String) async throws(StoreError) -> Project? {
        try await self.database.read { connection in
            if let project = try self.project(ProjectID(rawValue: nameOrID), on: connection) { return project }
            let named = try connection.rows(
                "\(self.projects) AND projects.name = \(nameOrID) ORDER BY projects.id",
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
    func project(_ id: ProjectID, on connection: any SQLConnection) throws -> Project? {
        try connection.first("\(self.projects) AND projects.id = \(id)", Self.project)
    }

    /// The projects within the scope, to be narrowed down with ` AND …`.
    var projects: BoundSQL {
        """
        SELECT projects.id, projects.org_id, projects.name, projects.created_at, projects.version
        FROM projects WHERE \(self.livingProjects)
        """
    }

    /// The condition that a row of `projects` is not deleted and within the scope.
    var livingProjects: BoundSQL { "projects.deleted_at IS NULL AND \(self.scope.reaches("projects.org_id"))" }

    static func project(_ row: SQLRow) throws -> Project {
        Project(
            id: try row.id(0),
            organizationID: try row.id(1),
            name: try row.text(2),
            createdAt: try row.time(3),
            version: try row.integer(4)
        )
    }
}
