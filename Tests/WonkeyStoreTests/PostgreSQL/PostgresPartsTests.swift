import Support
import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Parts of the PostgreSQL driver")
struct PostgresPartsTests {
    @Test(
        "a URL in which a part of the password could be taken for something else is refused without being quoted",
        arguments: [
            "mysql://u:s3nt1nel@h/db", "postgres://u:s3nt1nel@x@h/db", "postgres://u:s3n/t1nel@h/db",
            "postgres://u:s3n#t1nel@h/db", "postgres://u:s3n?t1nel@h/db", "postgres://u:s3n:t1nel@h/db",
            "postgres://u:s3nt1nel", "postgres://u:%s3nt1nel@h/db", "postgres://u@h/db?s3nt1nel=1",
            "postgres://u:s3nt1nel@h/db\0",
        ]
    )
    func badURL(text: String) throws {
        do {
            _ = try PostgresURL(Secret(text))
            Issue.record("it was taken")
        } catch {
            #expect(error.code == .unavailable)
            #expect(!error.message.contains("s3n"))
        }
    }

    @Test(
        "the database is the URL's, or called like the user",
        arguments: [
            ("postgres://u:p@h/db", "db"), ("postgresql://u:p%40%2F@[::1]:5432/d%20b?sslmode=require", "d b"),
            ("postgres://u@/?host=/tmp&dbname=x", "x"), ("postgres://u@h1:1,h2:2", "u"),
        ]
    )
    func goodURL(text: String, database: String) throws {
        #expect(try PostgresURL(Secret(text)).database == database)
    }

    @Test("connections are lent once each, then to those who wait, in order")
    func pool() {
        var pool = PoolStateMachine(slots: 2, waitersMax: 2)
        #expect([pool.borrowFree(), pool.borrowFree(), pool.borrowFree()] == [0, 1, nil])
        #expect([pool.borrow(waiter: 1), pool.borrow(waiter: 2), pool.borrow(waiter: 3)] == [.wait, .wait, .refuse])
        let abandoned = [pool.abandon(1), pool.abandon(1)]
        #expect(abandoned == [true, false])
        #expect(pool.giveBack(1) == .hand(slot: 1, waiter: 2))
        let isLate = pool.abandon(2)
        #expect(!isLate)
        #expect([pool.giveBack(0), pool.giveBack(1)] == [.keep, .keep])
        #expect(pool.borrow(waiter: 4) == .use(slot: 1))
    }

    @Test("the statement not used for longest makes room, and no name comes twice")
    func statements() {
        var cache = StatementCache(capacity: 2)
        #expect(cache.lookUp("a") == .prepare(name: "wonkey_1", evicted: nil))
        #expect(cache.lookUp("b") == .prepare(name: "wonkey_2", evicted: nil))
        #expect(cache.lookUp("a") == .prepared(name: "wonkey_1"))
        #expect(cache.lookUp("c") == .prepare(name: "wonkey_3", evicted: "wonkey_2"))
        cache.remove("a")
        #expect(cache.lookUp("a") == .prepare(name: "wonkey_4", evicted: nil))
    }

    @Test(
        "a SQLSTATE becomes the code that callers decide by",
        arguments: [
            ("23505", .conflict), ("23503", .notFound), ("53100", .full), ("53300", .unavailable),
            ("40001", .unavailable),
            ("40P01", .unavailable), ("57014", .unavailable), ("55P03", .unavailable), ("08006", .unavailable),
            ("25006", .unavailable), ("28P01", .unavailable), ("3D000", .unavailable), ("42501", .denied),
            ("42P01", .corrupt), ("42601", .corrupt), ("22P02", .corrupt), ("23502", .corrupt), ("XX001", .corrupt),
        ] as [(String, StoreError.Code)]
    )
    func codes(sqlState: String, code: StoreError.Code) {
        let error = StoreError(PostgresFault(kind: .refused(sqlState: sqlState), message: "text"))
        #expect(error.code == code)
        // The messages of class 22 quote the value.
        #expect(error.message.contains("text") == !sqlState.hasPrefix("22"))
    }

    @Test("values of every kind go there and back", .postgres)
    func values() async throws {
        let database = try PostgresDatabase(Secret(try #require(PostgresTestDatabase.current).url))
        let rows = try await database.read { connection in
            try connection.rows(
                """
                SELECT \("ü\u{1F34C}' \\ $1"), CAST(\(Int64.min) AS BIGINT), CAST(\(-7) AS SMALLINT), CAST(NULL AS TEXT),
                    CAST(\([0, 255, 92] as [UInt8]) AS BYTEA), CAST(\([] as [UInt8]) AS BYTEA), \(""), 1 = 1, 1 = 2
                """
            ) { $0.values }
        }
        #expect(
            rows == [
                [
                    .text("ü\u{1F34C}' \\ $1"), .integer(.min), .integer(-7), .null, .bytes([0, 255, 92]), .bytes([]),
                    .text(""), .integer(1), .integer(0),
                ]
            ]
        )
        await database.close()
    }

    @Test("a sum, which is a numeric, is an integer again, and a fraction is none", .postgres)
    func numerics() async throws {
        let database = try PostgresDatabase(Secret(try #require(PostgresTestDatabase.current).url))
        for number in [0, 1, -1, 9_999, 10_000, 100_000_000, -123_456_789, .max, .min + 1] as [Int64] {
            let sum = try await database.read { connection in
                try connection.first("SELECT SUM(CAST(\(number) AS BIGINT))") { try $0.integer(0) }
            }
            #expect(sum == number)
        }
        for number in ["0.5", "-1.5", "10000.25", "9223372036854775808", "NaN"] {
            let code = try await storeErrorCode {
                _ = try await database.read {
                    try $0.rows("SELECT CAST(CAST(\(number) AS TEXT) AS NUMERIC)") { $0.values }
                }
            }
            #expect(code == .corrupt)
        }
        await database.close()
    }
}
