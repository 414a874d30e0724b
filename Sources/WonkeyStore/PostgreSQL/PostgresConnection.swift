import WonkeyCore

/// What is known of a connection for as long as it lasts.
final class PostgresMemory {
    /// An `INSERT` of many rows at once.
    struct Insertion {
        var text: String
        /// The columns' types.
        var types: [UInt32]
    }

    var statements: StatementCache
    /// By table, columns and conflict clause: as many as there are calls of `insert` in this program.
    var insertions: [String: Insertion] = [:]

    init(statementsMax: Int) {
        self.statements = StatementCache(capacity: statementsMax)
    }
}

/// A connection inside its transaction, which begins with the first statement, in the same round trip.
final class PostgresConnection: SQLConnection {
    /// Given to the server's own timeout before we give up on the connection.
    private static let grace = Duration.seconds(2)
    /// For scripts, which change schemas and may rewrite tables.
    private static let scriptTimeout = Duration.seconds(3_600)

    var engine: SQLDialect.Engine { .postgreSQL }

    private let link: PostgresLink
    private let memory: PostgresMemory
    private let statementTimeout: Duration
    private let interruption: Interruption
    private var opening: PostgresClient.Opening?
    /// Why the transaction is lost, once it is.
    private(set) var fault: PostgresFault?
    /// Whether the commit was sent and not answered.
    private(set) var isCommitUncertain = false

    init(
        _ link: PostgresLink,
        memory: PostgresMemory,
        opening: PostgresClient.Opening,
        statementTimeout: Duration,
        interruption: Interruption
    ) {
        self.link = link
        self.memory = memory
        self.opening = opening
        self.statementTimeout = statementTimeout
        self.interruption = interruption
    }

    func execute(_ statement: BoundSQL) throws(StoreError) -> Int {
        try self.run(statement.text(in: .postgreSQL), statement.values).changedCount
    }

    func execute(_ statements: [BoundSQL]) throws(StoreError) {
        guard let first = statements.first else { return }
        try self.run(first.text(in: .postgreSQL), withEach: statements.map(\.values))
    }

    func forEachRow(of query: BoundSQL, _ body: (SQLRow) throws -> Void) throws {
        let result = try self.run(query.text(in: .postgreSQL), query.values)
        for row in 0..<result.rowCount {
            try body(try result.row(row))
        }
    }

    func announceCommit() throws(StoreError) {
        _ = try self.execute("SELECT pg_notify(\(PostgresListener.channel), '')")
    }

    func runScript(_ sql: String) throws(StoreError) {
        _ = try self.execute("SET LOCAL statement_timeout = 0")
        do throws(PostgresFault) {
            try self.link.run(script: sql, within: Self.scriptTimeout, interruption: self.interruption)
        } catch {
            throw self.failed(error)
        }
    }

    /// Makes the transaction durable, if it did anything.
    func commit() throws(StoreError) {
        if let fault = self.fault { throw StoreError(fault) }
        guard self.opening == nil else { return }
        guard !self.interruption.isRequested else { throw self.failed(.cancelled) }
        self.isCommitUncertain = true
        let answers = try self.exchange([.once(text: "COMMIT", values: [])], interruption: nil)
        self.isCommitUncertain = false
        if let refused = answers.refused { throw self.failed(refused) }
    }

    // MARK: Statements

    @discardableResult
    private func run(_ text: String, _ values: [SQLValue]) throws(StoreError) -> ResultSet {
        try self.run(text, withEach: [values])
    }

    /// Runs a statement with each of the lists of values, of which there is at least one; gives the last one's result.
    @discardableResult
    private func run(_ text: String, withEach lists: [[SQLValue]]) throws(StoreError) -> ResultSet {
        if let fault = self.fault { throw StoreError(fault) }
        guard !self.interruption.isRequested else { throw self.failed(.cancelled) }
        var batch = Batch()
        if let opening = self.opening {
            self.opening = nil
            for statement in [opening.begin] + opening.statements {
                self.append(statement.text(in: .postgreSQL), statement.values, to: &batch)
            }
        }
        for values in lists { self.append(text, values, to: &batch) }
        let answers = try self.exchange(batch.messages, interruption: self.interruption)
        guard let refused = answers.refused else {
            guard let last = answers.results.last else {
                throw self.failed(PostgresFault(kind: .lost, message: "an answer is missing"))
            }
            return last
        }
        for (index, text) in batch.prepared where index >= answers.results.count {
            self.memory.statements.remove(text)
        }
        throw self.failed(refused)
    }

    /// Messages for one round trip.
    private struct Batch {
        var messages: [PostgresLink.Message] = []
        /// The texts prepared, with the places of the messages that do so.
        var prepared: [(index: Int, text: String)] = []
    }

    private func append(_ text: String, _ values: [SQLValue], to batch: inout Batch) {
        switch self.memory.statements.lookUp(text) {
        case .prepared(let name):
            batch.messages.append(.run(name: name, values: values))
        case .prepare(let name, let evicted):
            if let evicted { batch.messages.append(.once(text: "DEALLOCATE \(evicted)", values: [])) }
            batch.prepared.append((batch.messages.count, text))
            batch.messages.append(.prepare(name: name, text: text))
            batch.messages.append(.run(name: name, values: values))
        }
    }

    private func exchange(
        _ messages: [PostgresLink.Message],
        interruption: Interruption?
    ) throws(StoreError) -> PostgresLink.Answers {
        do throws(PostgresFault) {
            let patience = self.statementTimeout + Self.grace
            return try self.link.exchange(messages, within: patience, interruption: interruption)
        } catch {
            throw self.failed(error)
        }
    }

    private func failed(_ fault: PostgresFault) -> StoreError {
        self.fault = self.fault ?? fault
        return StoreError(fault)
    }
}

// MARK: - Many rows at once

extension PostgresConnection {
    /// One statement and one round trip for all rows: every column goes as one array.
    func insert(
        _ rows: [[SQLValue]],
        into table: StaticString,
        columns: [StaticString],
        onConflict conflict: StaticString
    ) throws(StoreError) {
        guard !rows.isEmpty else { return }
        let insertion = try self.insertion(into: table, columns: columns, onConflict: conflict)
        let arrays = insertion.types.indices.map { column in
            SQLValue.bytes(
                BinaryValue.array(rows.lazy.map { $0[column] }, count: rows.count, of: insertion.types[column])
            )
        }
        try self.run(insertion.text, arrays)
    }

    private func insertion(
        into table: StaticString,
        columns: [StaticString],
        onConflict conflict: StaticString
    ) throws(StoreError) -> PostgresMemory.Insertion {
        let names = columns.map(\.description).joined(separator: ", ")
        let key = "\(table) (\(names)) \(conflict)"
        if let known = self.memory.insertions[key] { return known }
        let marks = columns.indices.map { "$\($0 + 1)" }.joined(separator: ", ")
        let types = try self.parameterTypes("INSERT INTO \(table) (\(names)) VALUES (\(marks))")
        var arrays: [String] = []
        for (index, type) in types.enumerated() {
            guard let name = BinaryValue.arrayName(of: type) else {
                throw StoreError(code: .corrupt, message: "a column of \(table) has type \(type)")
            }
            arrays.append("$\(index + 1)::\(name)")
        }
        let text = "INSERT INTO \(table) (\(names)) SELECT * FROM unnest(\(arrays.joined(separator: ", "))) \(conflict)"
        let insertion = PostgresMemory.Insertion(text: text, types: types)
        self.memory.insertions[key] = insertion
        return insertion
    }

    /// What types the server infers for the parameters of a statement.
    private func parameterTypes(_ text: String) throws(StoreError) -> [UInt32] {
        // Begins the transaction, so that what follows is part of it.
        try self.run("SELECT 1", [])
        let name = "wonkey_described"
        let answers = try self.exchange(
            [.prepare(name: name, text: text), .describe(name: name), .once(text: "DEALLOCATE \(name)", values: [])],
            interruption: self.interruption
        )
        if let refused = answers.refused { throw self.failed(refused) }
        return answers.results.count == 3 ? answers.results[1].parameterTypes : []
    }
}
