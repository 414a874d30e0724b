import Logging
import Support
import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Schema migrator")
struct SQLSchemaMigratorTests {
    private static let numbers = Migration.all.map(\.number)

    @Test("the steps are numbered from 1 without a gap, but for 10, which was never used")
    func numbering() {
        #expect(Self.numbers == (1...Self.numbers.count + 1).filter { $0 != 10 })
    }

    @Test("asking what is pending makes no database; migrating makes it once", arguments: Backend.allCases)
    func fresh(backend: Backend) async throws {
        try await backend.withPlace { place in
            let database = place.connect()
            let migrator = SQLSchemaMigrator(database, clock: FixedClock())
            let pending = try await migrator.pending()
            #expect(pending.map(\.number) == Self.numbers)
            #expect(try await !database.exists())
            #expect(try await migrator.migrate().map(\.number) == Self.numbers)
            #expect(try await migrator.pending().isEmpty)
            #expect(try await migrator.migrate().isEmpty)
            await database.close()
        }
    }

    @Test("connections that migrate at once apply every step exactly once", arguments: Backend.allCases)
    func race(backend: Backend) async throws {
        try await backend.withPlace { place in
            try await place.connect().create()
            let applied = try await withThrowingTaskGroup(of: [Int].self) { group in
                for _ in 0..<4 {
                    let migrator = SQLSchemaMigrator(place.connect(), clock: FixedClock())
                    group.addTask { try await migrator.migrate().map(\.number) }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied == Self.numbers)
        }
    }

    @Test("a step that fails leaves nothing of itself or of the steps before it", arguments: Backend.allCases)
    func failure(backend: Backend) async throws {
        try await backend.withPlace { place in
            let broken = Migration(
                number: 1 + (Self.numbers.last ?? 0),
                name: "broken",
                template: "CREATE TABLE orgs (;"
            )
            let database = place.connect()
            let migrator = SQLSchemaMigrator(database, steps: Migration.all + [broken], clock: FixedClock())
            let code = try await storeErrorCode { _ = try await migrator.migrate() }
            #expect(code == .corrupt)
            #expect(try await migrator.pending().count == Migration.all.count + 1)
            await database.close()
        }
    }

    @Test("later steps are applied to an older schema", arguments: Backend.allCases)
    func upgrade(backend: Backend) async throws {
        try await backend.withPlace { place in
            let database = place.connect()
            let old = SQLSchemaMigrator(database, steps: Array(Migration.all.prefix(2)), clock: FixedClock())
            let first = try await old.migrate()
            #expect(first.map(\.number) == [1, 2])
            let new = SQLSchemaMigrator(database, clock: FixedClock())
            #expect(try await new.migrate().map(\.number) == Array(Self.numbers.dropFirst(2)))
            await database.close()
        }
    }

    @Test("a schema that this version does not understand is refused", arguments: Backend.allCases)
    func notUnderstood(backend: Backend) async throws {
        try await backend.withPlace { place in
            let database = place.connect()
            _ = try await SQLSchemaMigrator(database, clock: FixedClock()).migrate()
            var changed = Migration.all
            changed[1] = Migration(number: 2, name: changed[1].name, template: changed[1].template + "\n")
            for steps in [changed, Array(Migration.all.dropLast())] {
                let migrator = SQLSchemaMigrator(database, steps: steps, clock: FixedClock())
                #expect(try await storeErrorCode { _ = try await migrator.pending() } == .corrupt)
                #expect(try await storeErrorCode { _ = try await migrator.migrate() } == .corrupt)
            }
            await database.close()
        }
    }

    @Test("a command is told to migrate first, and makes no database", .temporaryDirectory)
    func commandWithoutSchema() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let url = "sqlite:" + directory.file("a/wonkey.db")
        let logger = Logger(label: "test")
        let code = try await storeErrorCode { _ = try await Store.open(url: url, mode: .use, logger: logger) }
        #expect(code == .unavailable)
        #expect(FileIdentity(path: directory.file("a")) == nil)

        let migrating = try await Store.open(url: url, mode: .migrate, logger: logger)
        #expect(try await migrating.migrator.migrate().map(\.number) == Self.numbers)
        await migrating.close()
        let using = try await Store.open(url: url, mode: .use, logger: logger)
        #expect(try await using.administration.projects() == [])
        await using.close()
    }

    @Test("a server makes and migrates its database", .temporaryDirectory)
    func server() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let url = "sqlite:" + directory.file("a/wonkey.db")
        let store = try await Store.open(url: url, mode: .serve, logger: Logger(label: "test"))
        #expect(try await store.migrator.pending().isEmpty)
        await store.close()
    }

    @Test(
        "a URL names a file or is refused",
        arguments: [
            ("sqlite:data/wonkey.db", "data/wonkey.db"), ("sqlite:/var/lib/wonkey.db", "/var/lib/wonkey.db"),
            ("sqlite:///var/lib/wonkey.db", "/var/lib/wonkey.db"), ("sqlite:", nil), ("sqlite::memory:", nil),
            ("sqlite:data/", nil), ("postgres://u:p@h/db", nil), ("wonkey.db", nil),
        ]
    )
    func urls(url: String, path: String?) {
        #expect((try? Store.sqlitePath(url)) == path)
    }
}
