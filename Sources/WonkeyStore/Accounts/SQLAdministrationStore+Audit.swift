package import WonkeyCore

extension SQLAdministrationStore {
    package func audit(
        _ filter: AuditFilter,
        before start: ListPlace?,
        limit: Int
    ) async throws(StoreError) -> [AuditRecord] {
        let query = self.page(filter, before: start, limit: limit)
        return try await self.database.read { connection in
            try self.checkPlace(filter.place, on: connection)
            return try connection.rows(query, Self.record)
        }
    }

    private func page(_ filter: AuditFilter, before start: ListPlace?, limit: Int) -> BoundSQL {
        var query: BoundSQL = """
            SELECT id, time, org_id, project_id, actor, source, event, subject_kind, subject_id, before_json, after_json
            FROM audit_log WHERE \(self.scope.reaches("audit_log.org_id"))
            """
        switch filter.place {
        case .everywhere: break
        case .organization(let id): query += " AND org_id = \(id)"
        case .project(let id): query += " AND project_id = \(id)"
        }
        if let subject = filter.subject { query += " AND subject_id = \(subject)" }
        if let actor = filter.actor { query += " AND actor = \(actor)" }
        if let event = filter.event { query += " AND event = \(event)" }
        if let from = filter.from { query += " AND time >= \(from)" }
        if let to = filter.to { query += " AND time < \(to)" }
        if let start { query += " AND (time, id) < (\(start.time), \(start.id))" }
        query += " ORDER BY time DESC, id DESC LIMIT \(limit)"
        return query
    }

    private func checkPlace(_ place: AuditFilter.Place, on connection: any SQLConnection) throws {
        switch place {
        case .everywhere: break
        case .organization(let id):
            let exists = try connection.hasRow(
                "SELECT 1 FROM orgs WHERE id = \(id) AND deleted_at IS NULL AND \(self.scope.reaches("orgs.id"))"
            )
            guard exists else { throw StoreError(code: .notFound, message: "there is no organization \(id)") }
        case .project(let id):
            _ = try Self.existing(try self.project(id, on: connection), "project \(id)")
        }
    }

    private static func record(_ row: SQLRow) throws -> AuditRecord {
        AuditRecord(
            id: try row.text(0),
            time: try row.time(1),
            organizationID: try row.id(2),
            projectID: try row.optionalID(3),
            actor: Actor(name: try row.text(4), source: try row.text(5)),
            event: try row.text(6),
            subjectKind: try row.text(7),
            subjectID: try row.text(8),
            before: try row.optionalText(9),
            after: try row.optionalText(10)
        )
    }
}
