import Foundation
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
            let prepared = try self.database.cachedStatement(sql: statement.text(in: .sqlite))
            try prepared.execute(arguments: Self.arguments(statement.values))
            return self.database.changesCount
        }
    }

    func forEachRow(of query: BoundSQL, _ body: (SQLRow) throws -> Void) throws {
        let rows = try self.translating {
            let prepared = try self.database.cachedStatement(sql: query.text(in: .sqlite))
            return try Row.fetchCursor(prepared, arguments: Self.arguments(query.values))
        }
        while let row = try self.translating({ try rows.next() }) {
            try body(SQLRow(values: try row.databaseValues.map(SQLValue.init)))
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
            let statement = try self.database.cachedStatement(
                sql: "INSERT INTO \(table) (\(names)) VALUES (\(marks)) \(conflict)"
            )
            for row in rows {
                try statement.execute(arguments: Self.arguments(row))
            }
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

    private static func arguments(_ values: [SQLValue]) -> StatementArguments {
        StatementArguments(values.map(DatabaseValue.init))
    }
}

extension DatabaseValue {
    fileprivate init(_ value: SQLValue) {
        switch value {
        case .null: self = .null
        case .integer(let value): self = value.databaseValue
        case .text(let value): self = value.databaseValue
        case .bytes(let value): self = Data(value).databaseValue
        }
    }
}

extension SQLValue {
    fileprivate init(_ value: DatabaseValue) throws {
        switch value.storage {
        case .null: self = .null
        case .int64(let value): self = .integer(value)
        case .string(let value): self = .text(value)
        case .blob(let value): self = .bytes([UInt8](value))
        case .double: throw StoreError(code: .corrupt, message: "a stored number is not an integer")
        }
    }
}
