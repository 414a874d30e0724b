import WonkeyCore

/// What one thread owns: a connection, made when it is needed and again when it broke, and its prepared statements.
final class PostgresClient {
    /// How a transaction begins.
    struct Opening: Sendable {
        /// `BEGIN` with the kind of transaction.
        var begin: BoundSQL
        /// What follows in the same round trip.
        var statements: [BoundSQL] = []
    }

    /// A transaction that did not come to its end.
    private struct Failure: Error {
        var error: StoreError
        var isWorthAnotherTry: Bool
    }

    /// Statements kept prepared per connection.
    private static let statementsMax = 200

    private let url: PostgresURL
    private let limits: PostgresLimits
    private let waker: Waker
    private var link: PostgresLink?
    private(set) var memory = PostgresMemory(statementsMax: 0)

    init(_ url: PostgresURL, limits: PostgresLimits, waker: Waker) {
        self.url = url
        self.limits = limits
        self.waker = waker
    }

    /// Runs one transaction; a second time if the first one failed for a reason that passes.
    func transaction<Value>(
        _ opening: Opening,
        interruption: Interruption,
        _ body: (any SQLConnection) throws -> Value
    ) throws(StoreError) -> Value {
        do throws(Failure) {
            return try self.attempt(opening, interruption, body)
        } catch {
            guard error.isWorthAnotherTry, !interruption.isRequested else { throw error.error }
        }
        do throws(Failure) {
            return try self.attempt(opening, interruption, body)
        } catch {
            throw error.error
        }
    }

    /// Whether there is such a database; any other obstacle is thrown.
    func databaseExists(_ interruption: Interruption) throws(StoreError) -> Bool {
        do throws(PostgresFault) {
            _ = try self.connected(interruption)
            return true
        } catch {
            guard error.sqlState == "3D000" else { throw StoreError(error) }
            return false
        }
    }

    /// Makes the database, through the server's own one.
    func createDatabase(_ interruption: Interruption) throws(StoreError) {
        let name = "\"" + self.url.database.replacing("\"", with: "\"\"") + "\""
        do throws(PostgresFault) {
            let link = try PostgresLink(
                to: self.url,
                database: "postgres",
                within: self.limits.connectTimeout,
                waker: self.waker,
                interruption: interruption
            )
            try link.run(
                script: "CREATE DATABASE \(name) TEMPLATE template0 ENCODING 'UTF8'",
                within: .seconds(60),
                interruption: interruption
            )
        } catch {
            // Somebody else made it meanwhile.
            guard error.sqlState != "42P04", error.sqlState != "23505" else { return }
            throw StoreError(error)
        }
    }

    func disconnect() {
        self.link = nil
    }

    private func attempt<Value>(
        _ opening: Opening,
        _ interruption: Interruption,
        _ body: (any SQLConnection) throws -> Value
    ) throws(Failure) -> Value {
        let link: PostgresLink
        do throws(PostgresFault) {
            link = try self.connected(interruption)
        } catch {
            throw Failure(error: StoreError(error), isWorthAnotherTry: false)
        }
        let connection = PostgresConnection(
            link,
            memory: self.memory,
            opening: opening,
            statementTimeout: self.limits.statementTimeout,
            interruption: interruption
        )
        do {
            let value = try body(connection)
            try connection.commit()
            return value
        } catch {
            self.tidyUp(link, after: connection.fault)
            let isWorthAnotherTry = connection.fault?.isWorthAnotherTry == true && !connection.isCommitUncertain
            throw Failure(error: StoreError(error), isWorthAnotherTry: isWorthAnotherTry)
        }
    }

    /// Undoes what is open; gives up a connection that is of no use any more.
    private func tidyUp(_ link: PostgresLink, after fault: PostgresFault?) {
        switch fault?.kind {
        case .lost, .timedOut: self.link = nil
        case .refused, .cancelled, nil:
            guard !link.isIdle else { break }
            let undone = try? link.exchange(
                [.once(text: "ROLLBACK", values: [])],
                within: self.limits.statementTimeout,
                interruption: nil
            )
            if undone?.results.isEmpty != false || !link.isIdle { self.link = nil }
        }
        if fault?.isOfStaleStatements == true { self.link = nil }
    }

    private func connected(_ interruption: Interruption) throws(PostgresFault) -> PostgresLink {
        if let link = self.link { return link }
        let link = try PostgresLink(
            to: self.url,
            within: self.limits.connectTimeout,
            waker: self.waker,
            interruption: interruption
        )
        let milliseconds = SQLValue.text(String(self.limits.statementTimeout.milliseconds))
        let answers = try link.exchange(
            [
                .once(
                    text: """
                        SELECT set_config('statement_timeout', $1, false),
                            set_config('idle_in_transaction_session_timeout', '60000', false)
                        """,
                    values: [milliseconds]
                )
            ],
            within: self.limits.connectTimeout,
            interruption: interruption
        )
        if let refused = answers.refused { throw refused }
        self.link = link
        self.memory = PostgresMemory(statementsMax: Self.statementsMax)
        return link
    }
}
