import WonkeyCore

/// What went wrong between us and a PostgreSQL server.
///
/// The message holds neither a statement nor its values nor the URL: it may be logged.
struct PostgresFault: Error {
    enum Kind: Hashable {
        /// The server said no, with its SQLSTATE; the connection is still good.
        case refused(sqlState: String)
        /// No connection came about, or it broke.
        case lost
        /// The server did not answer in time; the connection is of no use any more.
        case timedOut
        /// The caller's task was cancelled.
        case cancelled
    }

    var kind: Kind
    var message: String

    var sqlState: String? {
        switch self.kind {
        case .refused(let sqlState): sqlState
        case .lost, .timedOut, .cancelled: nil
        }
    }

    /// Whether the transaction left nothing behind and may succeed when it is run again at once.
    ///
    /// A connection that broke before the commit was sent counts: the server undid the transaction.
    var isWorthAnotherTry: Bool {
        switch self.kind {
        case .lost: true
        case .timedOut, .cancelled: false
        case .refused(let sqlState): Self.passing.contains(sqlState)
        }
    }

    /// Whether the statements prepared on the connection no longer fit the schema.
    var isOfStaleStatements: Bool { self.sqlState == "0A000" || self.sqlState == "26000" }

    /// Serialization failure, deadlock; a plan that changed its result, and a prepared statement that is gone.
    private static let passing: Set<String> = ["40001", "40P01", "0A000", "26000"]

    static let cancelled = Self(kind: .cancelled, message: "the task was cancelled")
}

extension StoreError {
    /// Translates a fault by the class of its SQLSTATE.
    ///
    /// - SeeAlso: PostgreSQL's appendix A.
    init(_ fault: PostgresFault) {
        guard let sqlState = fault.sqlState else {
            self.init(code: .unavailable, message: "PostgreSQL: \(fault.message)")
            return
        }
        // Class 22's messages quote the value.
        let text = sqlState.hasPrefix("22") ? "a value does not fit" : fault.message
        self.init(code: Self.code(ofSQLState: sqlState), message: "PostgreSQL: \(text) (SQLSTATE \(sqlState))")
    }

    private static func code(ofSQLState sqlState: String) -> Code {
        switch sqlState {
        case "23505", "23P01": return .conflict
        case "23503": return .notFound
        case "53100", "53200": return .full
        // Insufficient privilege; the message names the table.
        case "42501": return .denied
        // A prepared statement that a pooler between us and the server lost.
        case "26000": return .unavailable
        default: break
        }
        switch sqlState.prefix(2) {
        // A wrong value, a broken constraint, a table or column that is not there, stored data that is damaged.
        case "0A", "21", "22", "23", "42", "54", "XX": return .corrupt
        default: return .unavailable
        }
    }
}
