package import WonkeyCore

/// Applies the numbered steps that the database does not have yet.
package struct SQLSchemaMigrator: SchemaMigrator {
    private struct Applied: Sendable {
        var number: Int
        var name: String
        var checksum: [UInt8]
    }

    private let database: any SQLDatabase
    private let steps: [Migration]
    private let clock: any WallClock

    init(_ database: any SQLDatabase, steps: [Migration] = Migration.all, clock: any WallClock) {
        self.database = database
        self.steps = steps
        self.clock = clock
    }

    /// The steps not applied yet; all of them where there is no database, which is not made for the question.
    package func pending() async throws(StoreError) -> [Step] {
        guard try await self.database.exists() else { return self.described(self.steps) }
        return self.described(try await self.database.read { try self.pending(on: $0) })
    }

    /// Applies what is pending in one transaction, and makes the database first where there is none.
    ///
    /// Two processes may do so at once: the second waits for the first and finds nothing to do.
    package func migrate() async throws(StoreError) -> [Step] {
        try await self.database.create()
        guard try await !self.pending().isEmpty else { return [] }
        let now = self.clock.now
        let applied = try await self.database.write { connection in
            // Asked again, now that nobody else can write.
            let pending = try self.pending(on: connection)
            try connection.runScript(Self.table.sql(in: self.database.dialect))
            for step in pending {
                try connection.runScript(step.sql(in: self.database.dialect))
                try connection.execute(
                    """
                    INSERT INTO schema_migrations (number, name, checksum, applied_at)
                    VALUES (\(step.number), \(step.name), \(step.checksum), \(now))
                    """
                )
            }
            return pending
        }
        return self.described(applied)
    }

    private func described(_ steps: [Migration]) -> [Step] {
        steps.map { (number: $0.number, name: $0.name, sql: $0.sql(in: self.database.dialect)) }
    }

    private func pending(on connection: any SQLConnection) throws -> [Migration] {
        guard try connection.hasRow(self.database.dialect.tableExists("schema_migrations")) else { return self.steps }
        let query: BoundSQL = "SELECT number, name, checksum FROM schema_migrations ORDER BY number"
        let applied = try connection.rows(query) {
            Applied(number: Int(try $0.integer(0)), name: try $0.text(1), checksum: try $0.bytes(2))
        }
        try self.verify(applied)
        return self.steps.filter { step in !applied.contains { $0.number == step.number } }
    }

    private func verify(_ applied: [Applied]) throws(StoreError) {
        for record in applied {
            guard let step = self.steps.first(where: { $0.number == record.number }) else {
                throw StoreError(
                    code: .corrupt,
                    message: "the schema has step \(record.number) (\(record.name)), which this version does not know: "
                        + "a newer version made it"
                )
            }
            guard step.checksum == record.checksum else {
                throw StoreError(
                    code: .corrupt,
                    message: "schema step \(record.number) (\(record.name)) was applied with other contents than "
                        + "this version has"
                )
            }
        }
    }

    /// Where the steps applied are noted.
    static let table = Migration(
        number: 0,
        name: "schema_migrations",
        template: """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                number {int} PRIMARY KEY,
                name TEXT NOT NULL,
                checksum {bytes} NOT NULL,
                applied_at {int} NOT NULL
            ) {table};
            """
    )
}
