import WonkeyCore

/// A database engine as the repositories see it: transactions over connections.
///
/// The bodies run where the engine's connection lives (a queue or a thread of its own), never on the caller's, so
/// they may take their time without blocking anybody. A body that throws leaves nothing behind. Cancelling the calling
/// task before the commit undoes the transaction and throws `.unavailable`.
protocol SQLDatabase: Sendable {
    var dialect: SQLDialect { get }
    /// How busy its connections are; `nil` if it lends none.
    var connections: StoreConnections? { get }

    /// The same database, its transactions bound to what `scope` may see and do, as far as the engine can bind them.
    func scoped(to scope: StoreScope) -> any SQLDatabase

    /// Runs `body` on one consistent state of the data.
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws(StoreError) -> Value

    /// Runs `body` in a transaction that sees and blocks other writers, and commits durably before it returns.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws(StoreError) -> Value

    /// Whether there is a database, empty or not.
    func exists() async throws(StoreError) -> Bool
    /// Makes an empty database where there is none.
    func create() async throws(StoreError)

    /// What differs after anybody committed something.
    func commitVersion() async throws(StoreError) -> CommitVersion
    /// Waits until something was committed since `version`, or `patience` is over.
    ///
    /// - Returns: Whether something was committed.
    func awaitCommit(since version: CommitVersion, patience: Duration) async throws(StoreError) -> Bool

    /// Closes every connection; the next use opens them again.
    func close() async
}

extension SQLDatabase {
    var connections: StoreConnections? { nil }
}

/// How busy a database's connections are.
package struct StoreConnections: Equatable, Sendable {
    /// Each by one transaction.
    package var inUse: Int
    package var max: Int
    /// Transactions that wait for one.
    package var awaited: Int
}

/// Names a state of the database; differs after a commit, and may differ without one.
struct CommitVersion: Hashable, Sendable {
    var connection: Int
    var value: Int64
}

/// A connection inside a transaction.
///
/// Belongs to the body it was given to.
protocol SQLConnection {
    var engine: SQLDialect.Engine { get }

    /// Runs one statement.
    ///
    /// - Returns: How many rows it changed.
    @discardableResult
    func execute(_ statement: BoundSQL) throws(StoreError) -> Int

    /// Runs statements that differ in their values alone, in order, prepared once and in one round trip.
    ///
    /// - Parameter statements: All with the first one's text; nothing is done for none.
    /// - Throws: ``WonkeyCore/StoreError``; the transaction must then end.
    func execute(_ statements: [BoundSQL]) throws(StoreError)

    /// Runs one query and hands its rows out in order.
    func forEachRow(of query: BoundSQL, _ body: (SQLRow) throws -> Void) throws

    /// Inserts rows with one statement prepared once.
    ///
    /// - Parameters:
    ///   - rows: Each with one value per column. Where the conflict is resolved by an update, no two rows may conflict
    ///     with each other.
    ///   - table: Where they go.
    ///   - columns: The columns' names.
    ///   - conflict: The `ON CONFLICT` clause.
    /// - Throws: ``WonkeyCore/StoreError``; the transaction must then end.
    func insert(
        _ rows: [[SQLValue]],
        into table: StaticString,
        columns: [StaticString],
        onConflict conflict: StaticString
    ) throws(StoreError)

    /// Ends the waits of ``SQLDatabase/awaitCommit(since:patience:)`` everywhere when this transaction commits, on engines
    /// whose waits need to be told.
    func announceCommit() throws(StoreError)

    /// Runs statements without parameters, separated by semicolons; for migrations.
    func runScript(_ sql: String) throws(StoreError)
}

extension SQLConnection {
    /// The rows of a query, each turned into a value.
    func rows<Value>(_ query: BoundSQL, _ transform: (SQLRow) throws -> Value) throws -> [Value] {
        var values: [Value] = []
        try self.forEachRow(of: query) { values.append(try transform($0)) }
        return values
    }

    /// The first row of a query turned into a value, or `nil` if there is none.
    func first<Value>(_ query: BoundSQL, _ transform: (SQLRow) throws -> Value) throws -> Value? {
        try self.rows(query, transform).first
    }

    /// Whether a query has a row.
    func hasRow(_ query: BoundSQL) throws -> Bool {
        try self.first(query) { _ in true } ?? false
    }
}
