import GRDB
import GRDBSQLite
import WonkeyCore

/// A prepared statement, bound and stepped by SQLite's own functions.
///
/// GRDB takes arguments through key paths and existentials, which cost more than the insert they are for; its cache of
/// statements and its transactions serve as they are. Belongs to the body it was made in.
struct SQLiteStatement {
    private let database: Database
    /// Owns what ``handle`` points to.
    private let prepared: Statement
    private var handle: OpaquePointer { unsafe self.prepared.sqliteStatement }
    /// Texts and bytes of the bound values one after the other, so that SQLite need not copy each.
    private var storage: [UInt8] = []

    init(_ sql: String, in database: Database) throws {
        self.database = database
        self.prepared = try database.cachedStatement(sql: sql)
    }

    /// Runs the statement to its end.
    mutating func run(_ values: [SQLValue]) throws {
        try self.forEachRow(values) { _ in }
    }

    /// Runs the statement and hands its rows out in order.
    mutating func forEachRow(_ values: [SQLValue], _ body: (SQLRow) throws -> Void) throws {
        self.store(values)
        defer {
            unsafe sqlite3_reset(self.handle)
            // Nothing points into the storage any more.
            unsafe sqlite3_clear_bindings(self.handle)
        }
        try unsafe self.storage.withUnsafeBufferPointer { storage in
            try unsafe self.bind(values, storage)
            while true {
                switch unsafe sqlite3_step(self.handle) {
                case SQLITE_ROW: try body(try self.row())
                case SQLITE_DONE: return
                default: throw self.fault
                }
            }
        }
    }

    private mutating func store(_ values: [SQLValue]) {
        // Never without memory of its own: SQLite takes a null pointer for NULL.
        self.storage.removeAll(keepingCapacity: true)
        self.storage.append(0)
        for value in values {
            switch value {
            case .null, .integer: break
            case .text(let text): self.storage.append(contentsOf: text.utf8)
            case .bytes(let bytes): self.storage.append(contentsOf: bytes)
            }
        }
    }

    /// Binds the values; texts and bytes where they lie in `storage`, which must outlive the run.
    private func bind(_ values: [SQLValue], _ storage: UnsafeBufferPointer<UInt8>) throws {
        guard var place = storage.baseAddress else { preconditionFailure("the storage begins with a byte") }
        unsafe place += 1
        for (index, value) in values.enumerated() {
            let number = Int32(index + 1)
            let code: Int32
            switch value {
            case .null: code = unsafe sqlite3_bind_null(self.handle, number)
            case .integer(let integer): code = unsafe sqlite3_bind_int64(self.handle, number, integer)
            case .text(let text):
                let count = text.utf8.count
                code = unsafe place.withMemoryRebound(to: CChar.self, capacity: count) {
                    unsafe sqlite3_bind_text(self.handle, number, $0, Int32(count), nil)
                }
                unsafe place += count
            case .bytes(let bytes):
                code = unsafe sqlite3_bind_blob(self.handle, number, place, Int32(bytes.count), nil)
                unsafe place += bytes.count
            }
            guard code == SQLITE_OK else { throw self.fault }
        }
    }

    private func row() throws(StoreError) -> SQLRow {
        var values: [SQLValue] = []
        let count = unsafe sqlite3_column_count(self.handle)
        values.reserveCapacity(Int(count))
        for column in 0..<count { values.append(try self.value(column)) }
        return SQLRow(values: values)
    }

    private func value(_ column: Int32) throws(StoreError) -> SQLValue {
        switch unsafe sqlite3_column_type(self.handle, column) {
        case SQLITE_NULL: return .null
        case SQLITE_INTEGER: return .integer(unsafe sqlite3_column_int64(self.handle, column))
        case SQLITE_TEXT:
            let start = unsafe sqlite3_column_text(self.handle, column)
            return .text(unsafe String(decoding: self.memory(start, column), as: UTF8.self))
        case SQLITE_BLOB:
            let start = unsafe sqlite3_column_blob(self.handle, column)?.assumingMemoryBound(to: UInt8.self)
            return .bytes(unsafe [UInt8](self.memory(start, column)))
        default: throw StoreError(code: .corrupt, message: "a stored number is not an integer")
        }
    }

    /// A column's bytes, until the next step.
    private func memory(_ start: UnsafePointer<UInt8>?, _ column: Int32) -> UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(start: start, count: Int(sqlite3_column_bytes(self.handle, column)))
    }

    private var fault: DatabaseError {
        let connection = unsafe self.database.sqliteConnection
        return DatabaseError(
            resultCode: ResultCode(rawValue: unsafe sqlite3_extended_errcode(connection)),
            message: unsafe sqlite3_errmsg(connection).map { unsafe String(cString: $0) }
        )
    }
}
