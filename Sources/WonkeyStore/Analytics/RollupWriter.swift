import WonkeyCore

/// Adds a batch's rollups to what is stored, inside the batch's transaction.
///
/// Histograms are read, merged and written back, so whoever writes a project's day must be alone with it. On engines with
/// several writers the day's project row is that lock: it is taken before anything is read, of all the batch's projects
/// and days in one order, and held until the commit. Minutes, hours, keys and paths all lie within one locked day.
enum RollupWriter {
    /// Reads so many values by one statement, at most.
    private static let valuesMax = 512

    static func add(_ deltas: [RollupDelta], on connection: any SQLConnection) throws {
        guard !deltas.isEmpty else { return }
        let sheet = RollupSheet(deltas)
        try self.lock(sheet.days.keys.sorted(), on: connection)
        try self.add(sheet.days, .day, on: connection)
        try self.add(sheet.hours, .hour, on: connection)
        try self.add(minutes: sheet.minutes, on: connection)
    }

    /// Locks the days' project rows, and makes them where there are none.
    private static func lock(_ days: [RollupSpan], on connection: any SQLConnection) throws {
        let empty = RollupRow(dimension: .project, value: "", counts: RollupCounts(), latency: LatencyHistogram())
        try connection.insert(
            days.map { RollupGrain.day.columns(of: empty, in: $0) },
            into: RollupGrain.day.table,
            columns: RollupGrain.day.columns,
            onConflict: """
                ON CONFLICT (project_id, day, dimension, value)
                DO UPDATE SET requests = usage_rollups_daily.requests
                """
        )
    }

    private static func add(
        _ additions: [RollupSpan: RollupAddition],
        _ grain: RollupGrain,
        on connection: any SQLConnection
    ) throws {
        let rows = try additions.sorted { $0.key < $1.key }.flatMap { span, addition in
            let stored = try self.stored(span, addition, grain, on: connection)
            return addition.rows(addedTo: stored, keysMax: grain.keysMax, pathsMax: grain.pathsMax).map {
                grain.columns(of: $0, in: span)
            }
        }
        try connection.insert(rows, into: grain.table, columns: grain.columns, onConflict: grain.conflict)
    }

    /// Reads the project's row, and those of the addition's keys and paths that have one.
    private static func stored(
        _ span: RollupSpan,
        _ addition: RollupAddition,
        _ grain: RollupGrain,
        on connection: any SQLConnection
    ) throws -> StoredRollup {
        var stored = StoredRollup()
        var rest = addition.places[...]
        let (table, slot) = (BoundSQL(stringLiteral: grain.table), BoundSQL(stringLiteral: grain.slot))
        while !rest.isEmpty {
            let query: BoundSQL = """
                SELECT dimension, value, latency_histogram, distinct_keys, distinct_paths FROM \(table)
                WHERE project_id = \(span.projectID) AND \(slot) = \(span.slot)
                    AND (\(Self.condition(rest.prefix(Self.valuesMax))))
                """
            rest = rest.dropFirst(Self.valuesMax)
            try connection.forEachRow(of: query) { try stored.take($0) }
        }
        return stored
    }

    /// What chooses these rows and looks for no others: each dimension has values of its own.
    private static func condition(_ places: ArraySlice<RollupPlace>) -> BoundSQL {
        var condition: BoundSQL = ""
        var rest = places
        while let dimension = rest.first?.dimension {
            let values = rest.prefix { $0.dimension == dimension }
            if rest.startIndex > places.startIndex { condition += " OR " }
            condition += "dimension = \(dimension.rawValue) AND value IN (\(Self.list(values)))"
            rest = rest.dropFirst(values.count)
        }
        return condition
    }

    /// Values separated by commas, the last one repeated to a power of two: so there are few different statements.
    private static func list(_ places: ArraySlice<RollupPlace>) -> BoundSQL {
        var list: BoundSQL = ""
        var count = 1
        while count < places.count { count *= 2 }
        for number in 0..<count {
            let value = places[min(places.startIndex + number, places.endIndex - 1)].value
            list += number == 0 ? "\(value)" : ", \(value)"
        }
        return list
    }

    private static func add(minutes: [RollupSpan: RollupSum], on connection: any SQLConnection) throws {
        let rows = try minutes.sorted { $0.key < $1.key }.map { span, sum in
            let query: BoundSQL = """
                SELECT latency_histogram FROM usage_rollups_minutely
                WHERE project_id = \(span.projectID) AND minute = \(span.slot)
                """
            var latency = try connection.first(query) { try LatencyHistogram($0, 0) } ?? LatencyHistogram()
            latency.add(sum.latency)
            return [span.projectID.sqlValue, span.slot.sqlValue] + sum.counts.columns + [latency.encoded.sqlValue]
        }
        try connection.insert(
            rows,
            into: "usage_rollups_minutely",
            columns: [
                "project_id", "minute", "requests", "errors", "server_errors", "bytes_received", "bytes_sent",
                "images", "latency_histogram",
            ],
            onConflict: """
                ON CONFLICT (project_id, minute) DO UPDATE SET
                    requests = usage_rollups_minutely.requests + excluded.requests,
                    errors = usage_rollups_minutely.errors + excluded.errors,
                    server_errors = usage_rollups_minutely.server_errors + excluded.server_errors,
                    bytes_received = usage_rollups_minutely.bytes_received + excluded.bytes_received,
                    bytes_sent = usage_rollups_minutely.bytes_sent + excluded.bytes_sent,
                    images = usage_rollups_minutely.images + excluded.images,
                    latency_histogram = excluded.latency_histogram
                """
        )
    }
}

extension StoredRollup {
    /// Takes a row `dimension, value, latency_histogram, distinct_keys, distinct_paths`.
    fileprivate mutating func take(_ row: SQLRow) throws {
        let text = try row.text(1)
        let latency = try LatencyHistogram(row, 2)
        switch try row.named(0) as RollupRow.Dimension {
        case .project:
            self.latency = latency
            self.distinctKeys = Int(try row.integer(3))
            self.distinctPaths = Int(try row.integer(4))
        case .key: self.keys[text] = latency
        case .path: self.paths[text] = latency
        }
    }
}
