import GRDB
import WonkeyCore

/// A connection of GRDB's inside its transaction.
struct SQLiteConnection: SQLConnection {
    private let database: Database

    var engine: SQLDialect.Engine { .sqlite }

    init(_ database: Database) {
        self.database = database
    }

    func execute(_ statement: BoundSQL) throws(StoreError) -> Int {
        try self.translating {
            var prepared = try SQLiteStatement(statement.text(in: .sqlite), in: self.database)
            try prepared.run(statement.values)
            return self.database.changesCount
        }
    }

    func execute(_ statements: [BoundSQL]) throws(StoreError) {
        guard let first = statements.first else { return }
        try self.translating {
            var prepared = try SQLiteStatement(first.text(in: .sqlite), in: self.database)
            for statement in statements { try prepared.run(statement.values) }
        }
    }

    /// What `body` throws comes out as it is, unless it is GRDB's.
    func forEachRow(of query: BoundSQL, _ body: (SQLRow) throws -> Void) throws {
        do {
            var prepared = try SQLiteStatement(query.text(in: .sqlite), in: self.database)
            try prepared.forEachRow(query.values, body)
        } catch let error as DatabaseError {
            throw StoreError(error)
        }
    }

    func insert(
        _ rows: [[SQLValue]],
        into table: StaticString,
        columns: [StaticString],
        onConflict conflict: StaticString
    ) throws(StoreError) {
        let names = columns.map(\.description).joined(separator: ", ")
        let marks = Array(repeating: "?", count: columns.count).joined(separator: ", ")
        try self.translating {
            var statement = try SQLiteStatement(
                "INSERT INTO \(table) (\(names)) VALUES (\(marks)) \(conflict)",
                in: self.database
            )
            for row in rows { try statement.run(row) }
        }
    }

    /// Nothing: the watching connection sees every commit.
    func announceCommit() {}

    func runScript(_ sql: String) throws(StoreError) {
        try self.translating { try self.database.execute(sql: sql) }
    }

    private func translating<Value>(_ body: () throws -> Value) throws(StoreError) -> Value {
        do { return try body() } catch { throw StoreError(error) }
    }
}
