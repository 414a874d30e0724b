package import WonkeyCore

/// Reads the outbox: at once if something was committed, and otherwise after one interval.
package struct SQLChangeFeed: ChangeFeed {
    private let database: any SQLDatabase
    private let interval: Duration

    init(_ database: any SQLDatabase, interval: Duration) {
        self.database = database
        self.interval = interval
    }

    package func latest() async throws(StoreError) -> Int64 {
        try await self.database.read { connection in
            try connection.first("SELECT COALESCE(MAX(sequence), 0) FROM changes") { try $0.integer(0) } ?? 0
        }
    }

    /// The changes after `sequence`.
    ///
    /// A reader for whom that question has no answer gets one change of every project instead, all with the sequence
    /// to go on from: it was away for so long that changes were forgotten (``Outbox/lifetime``), or the database was
    /// replaced by an older one.
    package func changes(after sequence: Int64) async throws(StoreError) -> [Change] {
        let version = try await self.database.commitVersion()
        let changes = try await self.committed(after: sequence)
        guard changes.isEmpty else { return changes }
        guard try await self.database.awaitCommit(since: version, patience: self.interval) else { return [] }
        return try await self.committed(after: sequence)
    }

    private func committed(after sequence: Int64) async throws(StoreError) -> [Change] {
        try await self.database.read { connection in
            let kept = try Self.kept(on: connection)
            guard kept.lowerBound <= sequence + 1, sequence < kept.upperBound else {
                let resume = sequence < kept.lowerBound ? kept.lowerBound - 1 : kept.upperBound - 1
                return try Self.allProjects(on: connection, sequence: resume)
            }
            return try connection.rows(
                """
                SELECT sequence, kind, project_id, key_hash FROM changes
                WHERE sequence > \(sequence) ORDER BY sequence LIMIT 1000
                """,
                Self.change
            )
        }
    }

    /// The sequences of the changes that are stored; `1..<1` where there are none.
    private static func kept(on connection: any SQLConnection) throws -> Range<Int64> {
        let query: BoundSQL = "SELECT (SELECT MIN(sequence) FROM changes), (SELECT MAX(sequence) FROM changes)"
        return try connection.first(query) { row in
            row.isNull(0) ? 1..<1 : try row.integer(0)..<(try row.integer(1) + 1)
        } ?? 1..<1
    }

    private static func change(_ row: SQLRow) throws -> Change {
        Change(
            sequence: try row.integer(0),
            kind: try row.named(1),
            projectID: try row.id(2),
            keyHash: row.isNull(3) ? nil : try row.hash(3)
        )
    }

    private static func allProjects(on connection: any SQLConnection, sequence: Int64) throws -> [Change] {
        try connection.rows("SELECT id FROM projects ORDER BY id") {
            Change(sequence: sequence, kind: .project, projectID: try $0.id(0), keyHash: nil)
        }
    }
}
