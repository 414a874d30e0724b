import Logging
import Support
import WonkeyCore

@testable import WonkeyStore

/// An engine that endpoints are tested on.
enum StoreEngine: CaseIterable {
    case sqlite, postgres

    /// Runs `body` with a store of its own and the database behind it.
    func withStore(_ body: (Store, any SQLDatabase) async throws -> Void) async throws {
        switch self {
        case .sqlite:
            try await withTemporaryDirectory { directory in
                let path = directory.file("wonkey.db")
                try await Self.withStore("sqlite:" + path, SQLiteDatabase(path: path), body)
            }
        case .postgres:
            try await withPostgresDatabase(.copy(of: .migrated)) { database in
                let direct = try PostgresDatabase(Secret(database.url), limits: PostgresLimits())
                try await Self.withStore(database.url, direct, body)
            }
        }
    }

    private static func withStore(
        _ url: String,
        _ database: any SQLDatabase,
        _ body: (Store, any SQLDatabase) async throws -> Void
    ) async throws {
        let store = try await Store.open(url: url, mode: .serve, logger: Logger(label: "test"))
        let result: Result<Void, any Error>
        do {
            _ = try await store.changes.latest()
            result = .success(try await body(store, database))
        } catch {
            result = .failure(error)
        }
        await database.close()
        await store.close()
        try result.get()
    }
}

extension PostgresTemplate {
    /// The schema, and nothing in it.
    fileprivate static let migrated = Self("migrated") { url in
        let store = try await Store.open(url: url, mode: .migrate, logger: Logger(label: "test"))
        _ = try await store.migrator.migrate()
        await store.close()
    }
}
