import GRDB
import WonkeyCore

extension StoreError {
    /// Translates what a transaction threw.
    ///
    /// The statement and its arguments stay out: they may hold what a log must not.
    init(_ error: any Error) {
        self =
            switch error {
            case let error as StoreError: error
            case let error as DatabaseError: Self(sqlite: error)
            case is CancellationError: Self(code: .unavailable, message: "the task was cancelled")
            default: Self(code: .corrupt, message: "unexpected \(type(of: error))")
            }
    }

    private init(sqlite error: DatabaseError) {
        let text = error.message ?? "no message"
        self.init(
            code: Self.code(of: error),
            message: "SQLite: \(text) (code \(error.extendedResultCode.rawValue))"
        )
    }

    private static func code(of error: DatabaseError) -> Code {
        switch error.extendedResultCode {
        case .SQLITE_CONSTRAINT_UNIQUE, .SQLITE_CONSTRAINT_PRIMARYKEY: return .conflict
        case .SQLITE_CONSTRAINT_FOREIGNKEY: return .notFound
        default: break
        }
        switch error.resultCode {
        case .SQLITE_FULL: return .full
        // ERROR is a table or column that is not there; CONSTRAINT and MISMATCH a value the schema does not take.
        case .SQLITE_CORRUPT, .SQLITE_NOTADB, .SQLITE_FORMAT, .SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH:
            return .corrupt
        default: return .unavailable
        }
    }
}
