import Synchronization
package import WonkeyCore

/// Writes log batches into the database, rows and sums, each once.
///
/// A batch is one transaction. Only where writers do not exclude each other, and a batch is large because the database is
/// behind, its rows go first, in halves beside each other, and the sums when both are there: rows that come again are
/// ignored, so that a batch that breaks off in between can be written again.
package final class SQLLogSink: LogSink {
    /// How long the id of an applied batch is remembered: a spool may lie that long before it is replayed.
    static let memory = Duration.seconds(30 * 86_400)
    /// How often forgotten ids are removed.
    static let cleaning = Duration.seconds(3_600)
    /// From so many records on a batch is worth a second connection and three commits.
    static let halvedFrom = 1_000

    private let database: any SQLDatabase
    private let clock: any WallClock
    private let cleanedAt = Mutex<Timestamp?>(nil)

    init(_ database: any SQLDatabase, clock: any WallClock) {
        self.database = database
        self.clock = clock
    }

    package func write(_ batch: LogBatch) async throws(StoreError) {
        let now = self.clock.now
        let isCleaning = self.cleanedAt.withLock { $0.map { now - $0 >= Self.cleaning } ?? true }
        let isHalved = self.database.dialect.engine == .postgreSQL && batch.records.count >= Self.halvedFrom
        if isHalved { try await self.insertHalves(of: batch.records) }
        try await self.database.write { connection in
            let isNew = try connection.execute(
                "INSERT INTO log_batches (id, applied_at) VALUES (\(batch.id), \(now)) ON CONFLICT (id) DO NOTHING"
            )
            guard isNew == 1 else { return }
            if !isHalved, !batch.records.isEmpty { try self.insert(batch.records[...], on: connection) }
            try Self.add(batch.usage, on: connection)
            // Last, because of its locks: whoever else writes the same project's day waits for this transaction.
            try RollupWriter.add(batch.rollups, on: connection)
            if isCleaning {
                try Self.forgetBatches(
                    before: Timestamp(millisecondsSinceEpoch: now.millisecondsSinceEpoch - Self.memory.milliseconds),
                    on: connection
                )
            }
        }
        if isCleaning { self.cleanedAt.withLock { $0 = now } }
    }

    private func insertHalves(of records: [RequestRecord]) async throws(StoreError) {
        let middle = records.count / 2
        async let first = self.inserted(records[..<middle])
        let second = await self.inserted(records[middle...])
        try await first.get()
        try second.get()
    }

    private func inserted(_ records: ArraySlice<RequestRecord>) async -> Result<Void, StoreError> {
        do throws(StoreError) {
            return .success(try await self.database.write { try self.insert(records, on: $0) })
        } catch {
            return .failure(error)
        }
    }

    private func insert(_ records: ArraySlice<RequestRecord>, on connection: any SQLConnection) throws {
        let arrival = try connection.first(self.database.dialect.nextArrival) { try $0.integer(0) }
        try connection.insert(
            records.map { $0.columns + [arrival.sqlValue] },
            into: "request_logs",
            columns: RequestRecord.columnNames + ["arrival"],
            onConflict: "ON CONFLICT (id) DO NOTHING"
        )
    }

    /// Adds usage to the days and keys; in a fixed order, so that two writers cannot wait for each other in a circle.
    private static func add(_ usage: [UsageDelta], on connection: any SQLConnection) throws {
        guard !usage.isEmpty else { return }
        let byDay = usage.sorted { ($0.projectID, $0.day, $0.keyID) < ($1.projectID, $1.day, $1.keyID) }
        try connection.insert(
            byDay.map { delta in
                [
                    delta.projectID.sqlValue, delta.day.sqlValue, delta.keyID.sqlValue, delta.requests.sqlValue,
                    delta.images.sqlValue,
                ]
            },
            into: "usage_daily",
            columns: ["project_id", "day", "key_id", "requests", "images"],
            onConflict: """
                ON CONFLICT (project_id, day, key_id) DO UPDATE SET
                    requests = usage_daily.requests + excluded.requests,
                    images = usage_daily.images + excluded.images
                """
        )
        try connection.execute(
            usage.sorted { $0.keyID < $1.keyID }.map { delta in
                """
                UPDATE keys SET last_used_at = \(delta.lastUsedAt)
                WHERE id = \(delta.keyID) AND (last_used_at IS NULL OR last_used_at < \(delta.lastUsedAt))
                """
            }
        )
    }

    private static func forgetBatches(before horizon: Timestamp, on connection: any SQLConnection) throws {
        try connection.execute("DELETE FROM log_batches WHERE applied_at < \(horizon)")
    }
}
