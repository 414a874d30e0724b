import WonkeyCore

/// PostgreSQL through libpq: a pool of connections, and one that listens for commits.
///
/// Connects at the first use, and again after the server was away: nothing here has to be restarted.
struct PostgresDatabase: SQLDatabase {
    /// Held by one writer at a time; see ``write(_:)``.
    private static let writerLock: Int64 = 0x576F_6E4B_6579

    private let pool: PostgresPool
    private let listener: PostgresListener
    private var scope = StoreScope.operator

    var dialect: SQLDialect { .postgreSQL }
    var connections: StoreConnections? { self.pool.connections }

    /// Connects to nothing yet.
    ///
    /// - Parameters:
    ///   - url: Where the database is; see ``PostgresURL``.
    ///   - limits: How many connections, and how long to wait.
    /// - Throws: ``WonkeyCore/StoreError`` if the URL cannot be understood.
    init(_ url: Secret, limits: PostgresLimits = PostgresLimits()) throws(StoreError) {
        self.init(try PostgresURL(url), limits: limits)
    }

    init(_ url: PostgresURL, limits: PostgresLimits) {
        self.pool = PostgresPool(url, limits: limits)
        self.listener = PostgresListener(url, limits: limits)
    }

    func scoped(to scope: StoreScope) -> any SQLDatabase {
        var copy = self
        copy.scope = scope
        return copy
    }

    /// Runs `body` on a snapshot (`REPEATABLE READ`).
    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        var opening = PostgresClient.Opening(begin: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        opening.statements = self.binding
        return try await self.transaction(opening, body)
    }

    /// Runs `body` and commits.
    ///
    /// The control plane's writers, migrations included, take turns: each waits for a lock before its first statement and
    /// so sees all that the others committed. Whatever is read may therefore be decided upon, as on SQLite, and
    /// `changes` become visible in the order of their numbers. The data plane's writers only add up and wait for nobody.
    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        var opening = PostgresClient.Opening(begin: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        opening.statements = self.binding
        switch self.scope {
        case .operator, .member, .accounts:
            opening.statements.append("SELECT pg_advisory_xact_lock(\(Self.writerLock))")
        case .proxy: break
        }
        return try await self.transaction(opening, body)
    }

    func exists() async throws(StoreError) -> Bool {
        try await self.pool.perform { (client, interruption) throws(StoreError) in
            try client.databaseExists(interruption)
        }
    }

    func create() async throws(StoreError) {
        try await self.pool.perform { (client, interruption) throws(StoreError) in
            guard try !client.databaseExists(interruption) else { return }
            try client.createDatabase(interruption)
        }
    }

    func commitVersion() -> CommitVersion {
        self.listener.version
    }

    func awaitCommit(since version: CommitVersion, patience: Duration) async throws(StoreError) -> Bool {
        let isWorthALook = await self.listener.wait(since: version, patience: patience)
        guard !Task.isCancelled else { throw StoreError(.cancelled) }
        return isWorthALook
    }

    func close() async {
        self.listener.stop()
        await self.pool.close()
    }

    /// Makes the transaction act as the scope's role, and for its user: what the row-level security of step 12 goes by.
    private var binding: [BoundSQL] {
        switch self.scope {
        case .operator: []
        case .member(let user): [Self.binding(to: .management, user: user.rawValue)]
        case .accounts: [Self.binding(to: .accounts, user: "")]
        case .proxy: [Self.binding(to: .proxy, user: "")]
        }
    }

    private static func binding(to role: TableRules.Role, user: String) -> BoundSQL {
        "SELECT set_config('role', \(role.rawValue), true), set_config('wonkey.user_id', \(user), true)"
    }

    private func transaction<Value: Sendable>(
        _ opening: PostgresClient.Opening,
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        try await self.pool.perform { (client, interruption) throws(StoreError) in
            try client.transaction(opening, interruption: interruption, body)
        }
    }
}
