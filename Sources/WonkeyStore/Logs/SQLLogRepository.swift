package import WonkeyCore

/// Reads request records by keyset: a page starts at a place in the log, so records that arrive in between move nothing.
package struct SQLLogRepository: LogRepository {
    let database: any SQLDatabase
    private let scope: StoreScope

    init(_ database: any SQLDatabase, for scope: StoreScope = .operator) {
        self.database = database.scoped(to: scope)
        self.scope = scope
    }

    package func records(
        _ filter: LogFilter,
        before: LogCursor?,
        limit: Int
    ) async throws(StoreError) -> [RequestRecord] {
        let query = Self.page(filter, self.condition(filter.projectID), before: before, limit: limit)
        return try await self.database.read { try $0.rows(query, RequestRecord.init) }
    }

    package func count(_ filter: LogFilter) async throws(StoreError) -> Int {
        let condition = Self.condition(filter, self.condition(filter.projectID))
        return try await self.database.read { connection in
            let query: BoundSQL = "SELECT COUNT(*) FROM request_logs WHERE \(condition)"
            return try connection.first(query) { Int(try $0.integer(0)) } ?? 0
        }
    }

    package func usage(
        of project: ProjectID,
        key: KeyID?,
        fromDay: Int64,
        toDay: Int64
    ) async throws(StoreError) -> [DailyUsage] {
        var condition: BoundSQL = """
            project_id = \(project) AND day >= \(fromDay) AND day <= \(toDay)\(self.condition(project))
            """
        if let key { condition += " AND key_id = \(key)" }
        let query: BoundSQL = """
            SELECT key_id, day, requests, images FROM usage_daily WHERE \(condition) ORDER BY day, key_id
            """
        return try await self.database.read { connection in
            try connection.rows(query) { row in
                DailyUsage(
                    keyID: try row.id(0),
                    day: try row.integer(1),
                    requests: try row.integer(2),
                    images: try row.integer(3)
                )
            }
        }
    }

    /// What is added to every condition: the project is one of an organization of the member's.
    func condition(_ project: ProjectID) -> BoundSQL {
        switch self.scope {
        case .operator, .proxy: return ""
        case .accounts: return " AND 1 = 0"
        case .member(let user):
            return """
                 AND EXISTS (
                    SELECT 1 FROM projects JOIN memberships ON memberships.org_id = projects.org_id
                    WHERE projects.id = \(project) AND memberships.user_id = \(user)
                )
                """
        }
    }

    static func page(_ filter: LogFilter, _ guarding: BoundSQL, before: LogCursor?, limit: Int) -> BoundSQL {
        var condition = self.condition(filter, guarding)
        if let before { condition += " AND (time, id) < (\(before.time), \(before.id))" }
        return """
            SELECT id, request_id, time, project_id, key_id, method, path, route, status, latency_us,
                bytes_received, bytes_sent, client_address, user_agent, limit_verdict, fault, images
            FROM request_logs WHERE \(condition) ORDER BY time DESC, id DESC LIMIT \(min(max(limit, 1), 1_000))
            """
    }

    static func condition(_ filter: LogFilter, _ guarding: BoundSQL) -> BoundSQL {
        var condition: BoundSQL = "project_id = \(filter.projectID)\(guarding)"
        if let keyID = filter.keyID { condition += " AND key_id = \(keyID)" }
        switch filter.status {
        case nil: break
        // The index is by class, so that either is read in the order of time, with nothing to sort.
        case .exactly(let status): condition += " AND status_class = \(status / 100) AND status = \(status)"
        case .statusClass(let hundreds): condition += " AND status_class = \(hundreds)"
        }
        if let path = filter.path { condition += self.condition(path: path) }
        if let method = filter.method { condition += " AND method = \(method)" }
        if let from = filter.from { condition += " AND time >= \(from)" }
        if let to = filter.to { condition += " AND time < \(to)" }
        return condition
    }

    /// Compares characters, so that `%`, `_` and the letters' case mean only themselves.
    private static func condition(path: String) -> BoundSQL {
        guard path.hasSuffix("*") else { return " AND path = \(path)" }
        let prefix = String(path.dropLast())
        // Both engines count code points.
        return " AND substr(path, 1, \(prefix.unicodeScalars.count)) = \(prefix)"
    }
}
