package import WonkeyCore

extension SQLDialect {
    /// Begins to write to the log: the number that the rows of this transaction take as their `arrival`.
    ///
    /// PostgreSQL's is the transaction's own: 64 bits wide, never used again, and known to snapshots.
    var nextArrival: BoundSQL {
        switch self.engine {
        case .sqlite: "UPDATE log_arrivals SET last = last + 1 RETURNING last"
        case .postgreSQL: "SELECT CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)"
        }
    }

    /// One row `next, open`: what the statement's snapshot shows; see ``LogMark``.
    var logMark: BoundSQL {
        switch self.engine {
        // With one writer at a time, whatever has a number is there.
        case .sqlite: "SELECT last + 1, '' FROM log_arrivals"
        case .postgreSQL:
            """
            SELECT CAST(CAST(pg_snapshot_xmax(seen) AS TEXT) AS BIGINT),
                (SELECT COALESCE(string_agg(CAST(number AS TEXT), ','), '') FROM pg_snapshot_xip(seen) AS number)
            FROM pg_current_snapshot() AS seen
            """
        }
    }
}

extension LogMark {
    /// Reads a row of ``SQLDialect/logMark``.
    init(_ row: SQLRow) throws {
        self.init(next: try row.integer(0), open: try row.text(1).split(separator: ",").compactMap { Int64($0) })
    }
}

extension SQLLogRepository {
    package func mark() async throws(StoreError) -> LogMark {
        let query = self.database.dialect.logMark
        let mark = try await self.database.read { try $0.first(query, LogMark.init) }
        guard let mark else { throw StoreError(code: .corrupt, message: "log_arrivals has no row") }
        return mark
    }

    /// Reads whatever has arrived, and leaves out what the filter does not select: so the index of arrivals is used, however
    /// many rows a project or key has.
    package func records(
        _ filter: LogFilter,
        arrived span: LogArrivals,
        limit: Int
    ) async throws(StoreError) -> LogArrivals.Page {
        let limit = min(max(limit, 1), 1_000)
        let query = Self.arrivals(filter, self.condition(filter.projectID), in: span, limit: limit)
        let rows = try await self.database.read { connection in
            try connection.rows(query) { row in
                let place = LogArrivals.Place(arrival: try row.integer(18), id: try row.text(0))
                return (place: place, record: try row.integer(17) == 1 ? try RequestRecord(row) : nil)
            }
        }
        return LogArrivals.Page(
            records: rows.compactMap(\.record),
            next: rows.count < limit ? nil : rows.last?.place
        )
    }

    static func arrivals(
        _ filter: LogFilter,
        _ guarding: BoundSQL,
        in span: LogArrivals,
        limit: Int
    ) -> BoundSQL {
        let selects = self.condition(filter, guarding)
        let start = max(span.from.open.min() ?? span.from.next, span.place?.arrival ?? .min)
        var condition: BoundSQL = "arrival >= \(start) AND arrival < \(span.to.next)"
        if !span.from.open.isEmpty {
            condition += " AND (arrival >= \(span.from.next) OR arrival IN (\(self.list(span.from.open))))"
        }
        if !span.to.open.isEmpty { condition += " AND arrival NOT IN (\(self.list(span.to.open)))" }
        if let place = span.place { condition += " AND (arrival, id) > (\(place.arrival), \(place.id))" }
        return """
            SELECT id, request_id, time, project_id, key_id, method, path, route, status, latency_us,
                bytes_received, bytes_sent, client_address, user_agent, limit_verdict, fault, images,
                CASE WHEN \(selects) THEN 1 ELSE 0 END, arrival
            FROM request_logs WHERE \(condition) ORDER BY arrival, id LIMIT \(limit)
            """
    }

    private static func list(_ numbers: [Int64]) -> BoundSQL {
        var list: BoundSQL = ""
        for (index, number) in numbers.enumerated() { list += index == 0 ? "\(number)" : ", \(number)" }
        return list
    }
}
