package import WonkeyCore

extension SQLLogRepository {
    /// Sums whole days from their own rollups, and only what is left at either end by the hour.
    package func overview(
        of project: ProjectID,
        hours: Range<Int64>,
        top: Int
    ) async throws(StoreError) -> AnalyticsOverview {
        let parts = Self.parts(of: hours)
        let guarding = self.condition(project)
        return try await self.database.read { connection in
            var figures = AnalyticsFigures()
            for part in parts {
                for sum in try Self.figures(of: project, part, guarding, on: connection).values { figures += sum }
            }
            return AnalyticsOverview(
                figures: figures,
                topKeys: try connection.rows(Self.top(top, "key", of: project, parts, guarding), Self.rank),
                topPaths: try connection.rows(Self.top(top, "path", of: project, parts, guarding), Self.rank)
            )
        }
    }

    package func figures(
        of project: ProjectID,
        by bucket: AnalyticsBucket,
        in numbers: Range<Int64>
    ) async throws(StoreError) -> [Int64: AnalyticsFigures] {
        let part = Part(bucket: bucket, numbers: numbers)
        let guarding = self.condition(project)
        return try await self.database.read { connection in
            try Self.figures(of: project, part, guarding, on: connection)
        }
    }

    /// Buckets of one length.
    struct Part: Equatable {
        var bucket: AnalyticsBucket
        var numbers: Range<Int64>
    }

    /// The whole days among the hours, and the hours before and after them.
    static func parts(of hours: Range<Int64>) -> [Part] {
        let first = (hours.lowerBound + 23).dividedDown(by: 24)
        let end = hours.upperBound.dividedDown(by: 24)
        guard first < end else { return [Part(bucket: .hour, numbers: hours)] }
        return [
            Part(bucket: .hour, numbers: hours.lowerBound..<(24 * first)),
            Part(bucket: .day, numbers: first..<end),
            Part(bucket: .hour, numbers: (24 * end)..<hours.upperBound),
        ].filter { !$0.numbers.isEmpty }
    }

    /// A project's own sums; the planner knows by the written-out dimension that a small index has all of them.
    static func query(of project: ProjectID, _ part: Part, _ guarding: BoundSQL) -> BoundSQL {
        let (table, slot, dimension): (BoundSQL, BoundSQL, BoundSQL) =
            switch part.bucket {
            case .minute: ("usage_rollups_minutely", "minute", "")
            case .hour: ("usage_rollups_hourly", "hour", "AND dimension = 'project'")
            case .day: ("usage_rollups_daily", "day", "AND dimension = 'project'")
            }
        return """
            SELECT \(slot), requests, errors, server_errors, bytes_received, bytes_sent, images, latency_histogram
            FROM \(table)
            WHERE project_id = \(project) AND \(slot) >= \(part.numbers.lowerBound)
                AND \(slot) < \(part.numbers.upperBound) \(dimension)\(guarding)
            """
    }

    private static func figures(
        of project: ProjectID,
        _ part: Part,
        _ guarding: BoundSQL,
        on connection: any SQLConnection
    ) throws -> [Int64: AnalyticsFigures] {
        var figures: [Int64: AnalyticsFigures] = [:]
        try connection.forEachRow(of: Self.query(of: project, part, guarding)) { row in
            figures[try row.integer(0)] = AnalyticsFigures(
                counts: try RollupCounts(row, from: 1),
                latency: try LatencyHistogram(row, 7)
            )
        }
        return figures
    }

    /// The values of a dimension with the most requests.
    static func top(
        _ count: Int,
        _ dimension: BoundSQL,
        of project: ProjectID,
        _ parts: [Part],
        _ guarding: BoundSQL
    ) -> BoundSQL {
        var sums: BoundSQL = ""
        for (number, part) in parts.enumerated() {
            let (table, slot): (BoundSQL, BoundSQL) =
                part.bucket == .day ? ("usage_rollups_daily", "day") : ("usage_rollups_hourly", "hour")
            if number > 0 { sums += " UNION ALL " }
            sums += """
                SELECT value, requests, errors, server_errors, bytes_received, bytes_sent, images FROM \(table)
                WHERE project_id = \(project) AND \(slot) >= \(part.numbers.lowerBound)
                    AND \(slot) < \(part.numbers.upperBound) AND dimension = '\(dimension)'\(guarding)
                """
        }
        return """
            SELECT value, SUM(requests), SUM(errors), SUM(server_errors), SUM(bytes_received), SUM(bytes_sent),
                SUM(images)
            FROM (\(sums)) AS sums WHERE value <> \(RollupDelta.other)
            GROUP BY value ORDER BY SUM(requests) DESC, value LIMIT \(count)
            """
    }

    private static func rank(_ row: SQLRow) throws -> AnalyticsRank {
        AnalyticsRank(value: try row.text(0), counts: try RollupCounts(row, from: 1))
    }
}
