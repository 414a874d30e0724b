import Support
import WonkeyCore

@testable import WonkeyStore

/// An engine that every repository suite runs on.
enum Backend: CaseIterable {
    case sqlite
    case postgres

    /// Runs `body` with a new, empty and not yet migrated place for a database.
    func withPlace(_ body: (Place) async throws -> Void) async throws {
        switch self {
        case .sqlite:
            try await withTemporaryDirectory { directory in
                let path = directory.file("data/wonkey.db")
                // Patient, because the machine may be busy with the other engine's server.
                let place = Place { SQLiteDatabase(path: path, busyTimeout: .seconds(30)) }
                try await body(place)
            }
        case .postgres:
            try await withPostgresDatabase(.missing) { try await body(try .postgres($0.url)) }
        }
    }

    /// Runs `body` with a migrated store of its own.
    func withStore(clock: any WallClock = FixedClock(), _ body: (TestStore) async throws -> Void) async throws {
        switch self {
        case .sqlite: try await self.withPlace { try await Self.withStore($0, clock, body) }
        case .postgres:
            try await withPostgresDatabase(.copy(of: .migrated)) { database in
                try await Self.withStore(try .postgres(database.url), clock, body)
            }
        }
    }

    private static func withStore(
        _ place: Place,
        _ clock: any WallClock,
        _ body: (TestStore) async throws -> Void
    ) async throws {
        let store = TestStore(place: place, clock: clock)
        try await body(store)
        await store.store.close()
    }
}

extension PostgresTemplate {
    /// The schema, and nothing in it.
    static let migrated = Self("migrated") { url in
        let database = try PostgresDatabase(Secret(url))
        _ = try await SQLSchemaMigrator(database, clock: FixedClock()).migrate()
        await database.close()
    }
}

/// Where one database is; every call connects anew, as another process would.
struct Place: Sendable {
    let connect: @Sendable () -> any SQLDatabase

    init(_ connect: @escaping @Sendable () -> any SQLDatabase) {
        self.connect = connect
    }

    static func postgres(_ url: String, limits: PostgresLimits = PostgresLimits()) throws -> Place {
        let url = try PostgresURL(Secret(url))
        return Place { PostgresDatabase(url, limits: limits) }
    }
}

/// A store under test, and the database behind it for looking where the ports do not show.
struct TestStore {
    let store: Store
    let database: any SQLDatabase
    let place: Place

    init(place: Place, clock: any WallClock = FixedClock()) {
        self.place = place
        self.database = place.connect()
        self.store = Store(self.database, mode: .serve, clock: clock, pollInterval: .milliseconds(5))
    }

    func run(_ statement: BoundSQL) async throws {
        _ = try await self.database.write { try $0.execute(statement) }
    }

    func values(_ query: BoundSQL) async throws -> [[SQLValue]] {
        try await self.database.read { try $0.rows(query) { $0.values } }
    }
}

/// A clock that stands still.
struct FixedClock: WallClock {
    var now = Timestamp(millisecondsSinceEpoch: 1_000_000)
}

/// The code of the store error that `body` throws, or `nil` if it throws none.
func storeErrorCode(_ body: () async throws -> Void) async throws -> StoreError.Code? {
    do {
        try await body()
        return nil
    } catch let error as StoreError {
        return error.code
    }
}

// MARK: - Things to store

let operatorActor = Actor(name: "cli:test", source: "wonkey-admin")

func at(_ milliseconds: Int64) -> Timestamp { Timestamp(millisecondsSinceEpoch: milliseconds) }

func hash(_ text: String) -> KeyHash { KeyHash(of: Array(text.utf8)) }

func permission(_ text: String) throws -> Permission {
    struct Invalid: Error {}
    guard let permission = Permission(rawValue: text) else { throw Invalid() }
    return permission
}

func project(_ name: String, organization: String = "org_default", at time: Int64 = 10) -> Project {
    Project(
        id: ProjectID(rawValue: "proj_" + name),
        organizationID: OrganizationID(rawValue: organization),
        name: name,
        createdAt: at(time)
    )
}

func key(_ name: String, of project: Project, at time: Int64 = 20) -> Key {
    Key(
        id: KeyID(rawValue: "key_" + name),
        projectID: project.id,
        organizationID: project.organizationID,
        name: name,
        start: "nb_live_" + name,
        environment: .live,
        createdAt: at(time)
    )
}
