import Dispatch
import Foundation
import Logging
import Support
import Synchronization
import Testing
import WonkeyCore

@testable import WonkeyStore

/// What happens when the server, a connection or another client is in trouble; every test ends with the store working.
@Suite("PostgreSQL in bad weather", .timeLimit(.minutes(3)))
struct PostgresWeatherTests {
    private static func store(_ url: String, limits: PostgresLimits = PostgresLimits()) throws -> TestStore {
        TestStore(place: try .postgres(url, limits: limits))
    }

    @Test("a server that is killed and started again is used again, by those who wait for changes as well")
    func restart() async throws {
        let server = try await PostgresServer.start()
        try await server.sql("CREATE DATABASE w")
        let test = try Self.store(server.url(database: "w"))
        try await test.store.administration.createProject(project("a"), by: operatorActor)
        #expect(try await test.store.changes.changes(after: 0).count == 1)
        await server.kill()
        let codes = [
            try await storeErrorCode { _ = try await test.store.keys.keyRecord(hash: hash("one")) },
            try await storeErrorCode { _ = try await test.store.changes.changes(after: 1) },
            try await storeErrorCode { try await test.store.logSink.write(LogBatch(id: "b", records: [], usage: [])) },
        ]
        #expect(codes == [.unavailable, .unavailable, .unavailable])
        try await server.restart()
        try await test.store.administration.createProject(project("b"), by: operatorActor)
        #expect(try await test.store.changes.changes(after: 1).map(\.projectID) == [project("b").id])
        #expect(try await test.store.administration.projects() == [project("a"), project("b")])
        await test.store.close()
        await server.stop()
    }

    @Test("a server that starts first without its PostgreSQL uses it once it is there")
    func lateServer() async throws {
        let server = try await PostgresServer.start()
        await server.kill()
        let url = server.url(database: "late")
        let store = try await Store.open(url: url, mode: .serve, logger: Logger(label: "test"))
        #expect(try await storeErrorCode { _ = try await store.changes.latest() } == .unavailable)
        try await server.restart()
        #expect(try await store.changes.latest() == 0)
        await store.close()
        await server.stop()
    }

    @Test(
        "a connection that breaks in a transaction leaves nothing; once is made good, twice is told",
        .postgres(.migrated),
        arguments: [1, 2]
    )
    func broken(times: Int) async throws {
        let test = try Self.store(try #require(PostgresTestDatabase.current).url)
        _ = try await test.store.changes.latest()
        let left = Mutex(times)
        let code = try await storeErrorCode {
            try await test.database.write { connection in
                try Outbox.append(.project, project: project("a").id, at: at(1), on: connection)
                let breaks = left.withLock { left in
                    left -= 1
                    return left >= 0
                }
                if breaks { try connection.execute("SELECT pg_terminate_backend(pg_backend_pid())") }
            }
        }
        #expect(code == (times == 1 ? nil : .unavailable))
        let kept = try await test.values("SELECT COUNT(*) FROM changes")
        #expect(kept == [[.integer(times == 1 ? 1 : 0)]])
        await test.store.close()
    }

    @Test("a connection that broke while nobody used it is not noticed", .postgres(.migrated))
    func brokenIdle() async throws {
        let place = try #require(PostgresTestDatabase.current)
        let test = try Self.store(place.url)
        try await test.store.administration.createProject(project("a"), by: operatorActor)
        try await place.sql(
            """
            SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """
        )
        #expect(try await test.store.administration.projects() == [project("a")])
        try await test.store.administration.createProject(project("b"), by: operatorActor)
        await test.store.close()
    }

    @Test("a statement that takes too long, or waits too long for a lock, is stopped", .postgres(.migrated))
    func statementTimeout() async throws {
        let place = try #require(PostgresTestDatabase.current)
        let limits = PostgresLimits(connectionsMax: 2, statementTimeout: .milliseconds(300))
        let test = try Self.store(place.url, limits: limits)
        try await Self.store(place.url).store.administration.createProject(project("a"), by: operatorActor)
        let slow = try await storeErrorCode { _ = try await test.values("SELECT pg_sleep(60)") }
        #expect(slow == .unavailable)
        let release = DispatchSemaphore(value: 0)
        let isLocked = AsyncStream.makeStream(of: Void.self)
        async let holder: Void = test.place.connect().write { connection in
            try connection.execute("SELECT 1")
            isLocked.continuation.yield()
            release.wait()
        }
        for await _ in isLocked.stream { break }
        let locked = try await storeErrorCode {
            try await test.store.administration.createProject(project("b"), by: operatorActor)
        }
        #expect(locked == .unavailable)
        #expect(try await test.store.administration.projects() == [project("a")])
        release.signal()
        try await holder
        try await test.store.administration.createProject(project("b"), by: operatorActor)
        await test.store.close()
    }

    @Test("when all connections are taken, the wait for one ends in time", .postgres)
    func exhausted() async throws {
        let place = try #require(PostgresTestDatabase.current)
        let limits = PostgresLimits(connectionsMax: 1, poolTimeout: .milliseconds(50))
        let database = try PostgresDatabase(Secret(place.url), limits: limits)
        let release = DispatchSemaphore(value: 0)
        let isTaken = AsyncStream.makeStream(of: Void.self)
        async let holder: Void = database.read { connection in
            isTaken.continuation.yield()
            release.wait()
        }
        for await _ in isTaken.stream { break }
        let code = try await storeErrorCode { _ = try await database.read { try $0.hasRow("SELECT 1") } }
        #expect(code == .unavailable)
        release.signal()
        try await holder
        #expect(try await database.read { try $0.hasRow("SELECT 1") })
        await database.close()
    }

    @Test("a task that is cancelled stops its statement on the server, and the connection goes on", .postgres)
    func cancelled() async throws {
        let place = try #require(PostgresTestDatabase.current)
        let database = try PostgresDatabase(Secret(place.url), limits: PostgresLimits(connectionsMax: 1))
        let process = try await database.read { connection in
            try connection.first("SELECT pg_backend_pid()") { try $0.integer(0) }
        }
        let isRunning = AsyncStream.makeStream(of: Void.self)
        let sleeping = Task {
            try await database.read { connection in
                isRunning.continuation.yield()
                return try connection.hasRow("SELECT pg_sleep(60)")
            }
        }
        for await _ in isRunning.stream { break }
        sleeping.cancel()
        #expect(try await storeErrorCode { _ = try await sleeping.value } == .unavailable)
        let after = try await database.read { connection in
            try connection.first("SELECT pg_backend_pid()") { try $0.integer(0) }
        }
        #expect(after == process)
        await database.close()
    }

    @Test("writers that race never lose an update, and their changes come without a gap", .postgres(.migrated))
    func race() async throws {
        let place = try #require(PostgresTestDatabase.current)
        let tests = try [Self.store(place.url), Self.store(place.url)]
        try await tests[0].store.administration.createProject(project("a"), by: operatorActor)
        try await tests[0].run("CREATE TABLE tally (value BIGINT NOT NULL)")
        try await tests[0].run("INSERT INTO tally VALUES (0)")
        let database = tests.map(\.database)
        let feed = tests[1].store.changes
        async let seen = Self.sequences(feed, count: 41)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<40 {
                group.addTask {
                    try await database[number % 2].write { connection in
                        let value = try connection.first("SELECT value FROM tally") { try $0.integer(0) } ?? 0
                        try Outbox.append(.project, project: project("a").id, at: at(1), on: connection)
                        try connection.execute("UPDATE tally SET value = \(value + 1)")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await tests[0].values("SELECT value FROM tally") == [[.integer(40)]])
        #expect(try await seen == Array(1...41))
        for test in tests { await test.store.close() }
    }

    @Test("a batch that begins first and commits last is given then, and no other twice", .postgres(.migrated))
    func slowBatch() async throws {
        let place = try #require(PostgresTestDatabase.current)
        let test = try Self.store(place.url)
        let (sink, logs) = (test.store.logSink, test.store.logs)
        func batch(_ id: String) -> LogBatch { LogBatch(id: id, records: [record(id, at: 1)], usage: []) }
        func given(_ from: LogMark, _ to: LogMark) async throws -> [String] {
            let filter = LogFilter(projectID: project("a").id)
            return try await logs.records(filter, arrived: LogArrivals(from: from, to: to), limit: 9).records.map(\.id)
        }
        let start = try await logs.mark()
        let release = DispatchSemaphore(value: 0)
        let isWritten = AsyncStream.makeStream(of: Void.self)
        let nextArrival = test.database.dialect.nextArrival
        async let slow: Void = test.place.connect().write { connection in
            let arrival = try connection.first(nextArrival) { try $0.integer(0) }
            try connection.insert(
                [record("slow", at: 1).columns + [arrival.sqlValue]],
                into: "request_logs",
                columns: RequestRecord.columnNames + ["arrival"],
                onConflict: "ON CONFLICT (id) DO NOTHING"
            )
            isWritten.continuation.yield()
            release.wait()
        }
        for await _ in isWritten.stream { break }
        try await sink.write(batch("quick"))
        let during = try await logs.mark()
        #expect(try await given(start, during) == ["quick"])
        release.signal()
        try await slow
        try await sink.write(batch("next"))
        let after = try await logs.mark()
        #expect(try await given(during, after) == ["slow", "next"])
        #expect(try await given(start, after) == ["slow", "quick", "next"])
        #expect(try await given(after, logs.mark()) == [])
        await test.store.close()
    }

    @Test("a commit wakes the feed at once, however long it would wait", .postgres(.migrated))
    func notification() async throws {
        let place = try #require(PostgresTestDatabase.current)
        let test = try Self.store(place.url)
        _ = try await test.store.changes.latest()
        let feed = SQLChangeFeed(test.database, interval: .seconds(3_600))
        async let seen = Self.sequences(feed, count: 1)
        try await Self.store(place.url).store.administration.createProject(project("a"), by: operatorActor)
        #expect(try await seen == [1])
        await test.store.close()
    }

    @Test("while nobody can listen, the feed looks at its interval", .postgres(.migrated))
    func deaf() async throws {
        let place = try #require(PostgresTestDatabase.current)
        let test = try Self.store(place.url)
        _ = try await test.store.changes.latest()
        try await place.sql(
            "CREATE ROLE \(place.name)_r LOGIN; GRANT wonkey_proxy TO \(place.name)_r"
        )
        // Two connections that are never used for anything else take all that this role may have.
        let limited = try Self.store(
            place.server.url(database: place.name, user: place.name + "_r"),
            limits: PostgresLimits(connectionsMax: 1)
        )
        _ = try await limited.store.changes.latest()
        try await place.sql("ALTER ROLE \(place.name)_r CONNECTION LIMIT 1")
        async let seen = Self.sequences(limited.store.changes, count: 1)
        try await test.store.administration.createProject(project("a"), by: operatorActor)
        #expect(try await seen == [1])
        await limited.store.close()
        await test.store.close()
        try await place.sql("DROP OWNED BY \(place.name)_r; DROP ROLE \(place.name)_r")
    }

    @Test("a statement that was prepared before its table changed works", .postgres)
    func changedTable() async throws {
        let place = try #require(PostgresTestDatabase.current)
        let database = try PostgresDatabase(Secret(place.url), limits: PostgresLimits(connectionsMax: 1))
        _ = try await database.write { try $0.execute("CREATE TABLE things (a BIGINT)") }
        _ = try await database.write { try $0.execute("INSERT INTO things VALUES (1)") }
        let before = try await database.read { try $0.rows("SELECT * FROM things") { $0.values } }
        try await place.sql("ALTER TABLE things ADD COLUMN b BIGINT")
        let after = try await database.read { try $0.rows("SELECT * FROM things") { $0.values } }
        #expect(before == [[.integer(1)]])
        #expect(after == [[.integer(1), .null]])
        await database.close()
    }

    @Test("text has the same order whatever the database's own is")
    func order() async throws {
        let names = ["b", "a", "B", "_", "é", "Z", "aa", "a b", "10", "9"]
        func order(_ test: TestStore) async throws -> [String] {
            for name in names { try await test.store.administration.createProject(project(name), by: operatorActor) }
            let sorted = try await test.store.administration.projects().map(\.name)
            await test.store.close()
            return sorted
        }
        try await withPostgresDatabase(.missing) { place in
            try await place.server.sql(
                "CREATE DATABASE \(place.name) TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
            )
            let postgres = try await order(try Self.store(place.url))
            #expect(postgres == names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) })
        }
    }

    @Test(
        "a database whose encoding is not UTF-8 is refused, and so is a server that is not there; no password is told"
    )
    func refused() async throws {
        try await withPostgresDatabase(.missing) { place in
            try await place.server.sql(
                "CREATE DATABASE \(place.name) TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'"
            )
            let latin = try PostgresDatabase(Secret(place.url))
            #expect(try await storeErrorCode { _ = try await latin.exists() } == .corrupt)
        }
        let port = try await FreePort.reserve()
        let nobody = try PostgresDatabase(Secret("postgres://u:s3nt1nel@127.0.0.1:\(port)/db"))
        do {
            _ = try await nobody.exists()
            Issue.record("there should be nobody")
        } catch {
            #expect(error.code == .unavailable)
            #expect(!error.message.contains("s3nt1nel"), "\(error.message)")
        }
    }

    @Test("TLS is used as the URL asks, and a certificate of somebody else is refused", .temporaryDirectory)
    func tls() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let certificate = PostgresServer.Certificate(
            certificateFile: try StandInCertificate.write(to: directory),
            keyFile: try StandInCertificate.writeKey(to: directory)
        )
        let server = try await PostgresServer.start(certificate: certificate)
        func database(_ query: String) throws -> PostgresDatabase {
            try PostgresDatabase(Secret("postgres://wonkey@localhost:\(server.port)/postgres?\(query)"))
        }
        let trusting = try database("sslmode=verify-full&sslrootcert=\(certificate.certificateFile)")
        let isEncrypted = try await trusting.read { connection in
            try connection.first("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") { try $0.integer(0) }
        }
        #expect(isEncrypted == 1)
        // Debian's own authorities did not sign it.
        for query in ["sslmode=verify-full", "sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt"] {
            let doubting = try database(query)
            #expect(try await storeErrorCode { _ = try await doubting.exists() } == .unavailable)
        }
        await trusting.close()
        await server.stop()
    }

    /// Reads until `count` changes came; bounded by the number of looks.
    private static func sequences(_ feed: SQLChangeFeed, count: Int) async throws -> [Int64] {
        var seen: [Int64] = []
        for _ in 0..<20_000 where seen.count < count {
            seen += try await feed.changes(after: seen.last ?? 0).map(\.sequence)
        }
        return seen
    }
}
