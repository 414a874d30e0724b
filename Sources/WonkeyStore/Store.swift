package import Logging
package import WonkeyCore

/// Everything persistent: opens the database of a URL and hands out the repositories on it.
///
/// Safe to use from anywhere. A database that goes away (moved, locked, full) makes calls throw `.unavailable` or
/// `.full`; they work again as soon as it is back, without anybody's doing.
package final class Store: Sendable {
    /// What the opening program may expect of the database, and do to it.
    package enum Mode: Sendable {
        /// For servers: makes and migrates the database, now or, if that cannot be now, at the first use that can.
        case serve
        /// For single commands: the database must be there, with its schema up to date.
        case use
        /// For `migrate`: looks at nothing yet; ``Store/migrator`` makes and migrates.
        case migrate
    }

    /// The operator's; ``administration(for:)`` makes others.
    package let administration: SQLAdministrationStore
    package let keys: SQLKeyDirectory
    package let changes: SQLChangeFeed
    package let logs: SQLLogRepository
    package let logSink: SQLLogSink
    package let migrator: SQLSchemaMigrator
    let database: any SQLDatabase
    private let clock: any WallClock

    init(_ base: any SQLDatabase, mode: Mode, clock: any WallClock, pollInterval: Duration) {
        self.migrator = SQLSchemaMigrator(base, clock: clock)
        let database: any SQLDatabase =
            switch mode {
            case .serve: MigratedDatabase(base, migrator: self.migrator)
            case .use, .migrate: base
            }
        self.database = database
        self.clock = clock
        let proxy = database.scoped(to: .proxy)
        self.administration = SQLAdministrationStore(database, for: .operator)
        self.keys = SQLKeyDirectory(proxy)
        self.changes = SQLChangeFeed(proxy, interval: pollInterval)
        self.logs = SQLLogRepository(database)
        self.logSink = SQLLogSink(proxy, clock: clock)
    }

    /// Opens a store.
    ///
    /// - Parameters:
    ///   - url: `sqlite:PATH`, where a relative path counts from the working directory, or `postgres://…`.
    ///   - limits: For PostgreSQL.
    ///   - mode: See ``Mode``.
    ///   - logger: Told when a server starts without its database.
    ///   - clock: Tells when log batches and schema steps were applied.
    ///   - pollInterval: How often the change feed looks, and how long it waits at most.
    /// - Returns: The store; close it with ``close()``.
    /// - Throws: ``WonkeyCore/StoreError``. With mode `.serve` only for a URL that cannot be understood and for
    ///   `.corrupt`: a damaged file, or a schema of a newer version.
    package static func open(
        url: String,
        limits: PostgresLimits = PostgresLimits(),
        mode: Mode,
        logger: Logger,
        clock: any WallClock = SystemClock(),
        pollInterval: Duration = .milliseconds(100)
    ) async throws(StoreError) -> Store {
        let database: any SQLDatabase =
            url.hasPrefix("postgres")
            ? try PostgresDatabase(Secret(url), limits: limits) : SQLiteDatabase(path: try Self.sqlitePath(url))
        let store = Store(database, mode: mode, clock: clock, pollInterval: pollInterval)
        switch mode {
        case .serve: try await store.serve(logger)
        case .use: try await store.requireSchema()
        case .migrate: break
        }
        return store
    }

    /// The projects and keys that a scope reaches.
    ///
    /// - Parameters:
    ///   - scope: Who acts.
    ///   - claim: What is changed is noted under it, if there is one; see ``WonkeyCore/IdempotencyOutcome/answerLost``.
    /// - Returns: The repository.
    package func administration(
        for scope: StoreScope,
        under claim: IdempotencyClaim? = nil
    ) -> SQLAdministrationStore {
        SQLAdministrationStore(self.database(under: claim), for: scope)
    }

    /// The users, sessions, organizations and members that a scope reaches.
    ///
    /// - Parameters:
    ///   - scope: Who acts.
    ///   - claim: As for ``administration(for:under:)``.
    /// - Returns: The repository.
    package func accounts(for scope: StoreScope, under claim: IdempotencyClaim? = nil) -> SQLAccountStore {
        SQLAccountStore(self.database(under: claim), for: scope)
    }

    private func database(under claim: IdempotencyClaim?) -> any SQLDatabase {
        claim.map { ClaimedDatabase(base: self.database, claim: $0) } ?? self.database
    }

    /// The log as a scope sees it.
    package func logs(for scope: StoreScope) -> SQLLogRepository {
        SQLLogRepository(self.database, for: scope)
    }

    /// What deletes old log rows; for a program that may delete any.
    ///
    /// - Parameters:
    ///   - retention: How long what is kept.
    ///   - timer: Measures pauses; the continuous clock in production.
    ///   - logger: Told of failures.
    /// - Returns: A job that does nothing until it runs.
    package func cleaner(
        _ retention: LogRetention,
        timer: any Clock<Duration> = .continuous,
        logger: Logger
    ) -> LogCleaner {
        LogCleaner(
            self.database.scoped(to: .operator),
            retention: retention,
            clock: self.clock,
            timer: timer,
            logger: logger
        )
    }

    /// How busy the connections are; `nil` on engines that lend none.
    package var connections: StoreConnections? { self.database.connections }

    /// Closes every connection; commits are durable without it.
    package func close() async {
        await self.database.close()
    }

    private func serve(_ logger: Logger) async throws(StoreError) {
        do {
            _ = try await self.changes.latest()
        } catch {
            switch error.code {
            case .unavailable, .full, .denied:
                logger.warning("store is away, will be opened when it is back", metadata: ["error": "\(error.message)"])
            case .corrupt, .conflict, .outdated, .forbidden, .notFound: throw error
            }
        }
    }

    private func requireSchema() async throws(StoreError) {
        guard try await self.database.exists() else {
            throw StoreError(code: .unavailable, message: "there is no database yet: run `wonkey-admin migrate`")
        }
        let pending = try await self.migrator.pending().count
        guard pending == 0 else {
            throw StoreError(
                code: .unavailable,
                message: "the database lacks \(pending) schema steps: run `wonkey-admin migrate`"
            )
        }
    }

    /// The path in a URL; the URL itself stays out of the messages, because others hold passwords.
    static func sqlitePath(_ url: String) throws(StoreError) -> String {
        guard url.hasPrefix("sqlite:") else {
            throw StoreError(code: .unavailable, message: "the store's URL is neither sqlite:PATH nor postgres://…")
        }
        var path = url.dropFirst("sqlite:".count)
        if path.hasPrefix("//") { path = path.dropFirst(2) }
        guard !path.isEmpty, !path.hasPrefix(":"), !path.contains("\0"), !path.hasSuffix("/") else {
            throw StoreError(code: .unavailable, message: "the store's URL names no file")
        }
        return String(path)
    }
}
