import Synchronization
import WonkeyCore

/// A database that is made and migrated before its first use, however late the engine lets that happen.
final class MigratedDatabase: SQLDatabase {
    private let base: any SQLDatabase
    private let migrator: SQLSchemaMigrator
    private let readiness: Readiness

    /// Shared by all scopes of a database: one of them migrates for all.
    private final class Readiness: Sendable {
        let isReady = Mutex(false)
    }

    var dialect: SQLDialect { self.base.dialect }
    var connections: StoreConnections? { self.base.connections }

    init(_ base: any SQLDatabase, migrator: SQLSchemaMigrator) {
        self.base = base
        self.migrator = migrator
        self.readiness = Readiness()
    }

    private init(_ base: any SQLDatabase, of other: MigratedDatabase) {
        self.base = base
        self.migrator = other.migrator
        self.readiness = other.readiness
    }

    func scoped(to scope: StoreScope) -> any SQLDatabase {
        MigratedDatabase(self.base.scoped(to: scope), of: self)
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        try await self.prepare()
        return try await self.base.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        try await self.prepare()
        return try await self.base.write(body)
    }

    func exists() async throws(StoreError) -> Bool {
        try await self.base.exists()
    }

    func create() async throws(StoreError) {
        try await self.base.create()
    }

    func commitVersion() async throws(StoreError) -> CommitVersion {
        try await self.prepare()
        return try await self.base.commitVersion()
    }

    func awaitCommit(since version: CommitVersion, patience: Duration) async throws(StoreError) -> Bool {
        try await self.base.awaitCommit(since: version, patience: patience)
    }

    func close() async {
        await self.base.close()
    }

    /// Migrates once; callers that come meanwhile do the same, and find nothing left to do.
    private func prepare() async throws(StoreError) {
        guard !self.readiness.isReady.withLock({ $0 }) else { return }
        _ = try await self.migrator.migrate()
        self.readiness.isReady.withLock { $0 = true }
    }
}
