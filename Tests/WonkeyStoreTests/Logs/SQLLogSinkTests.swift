import Synchronization
import Testing
import WonkeyCore

@testable import WonkeyStore

/// A clock that the test moves.
final class MovedClock: WallClock {
    private let time = Mutex(Timestamp(millisecondsSinceEpoch: 0))

    var now: Timestamp { self.time.withLock { $0 } }

    func move(to milliseconds: Int64) {
        self.time.withLock { $0 = at(milliseconds) }
    }
}

@Suite("Log sink")
struct SQLLogSinkTests {
    private static let home = project("a")

    private static func usage(_ key: String, day: Int64 = 1, requests: Int64, images: Int64 = 0, at: Int64)
        -> UsageDelta
    {
        UsageDelta(
            projectID: self.home.id,
            keyID: KeyID(rawValue: "key_" + key),
            day: day,
            requests: requests,
            images: images,
            lastUsedAt: Timestamp(millisecondsSinceEpoch: at)
        )
    }

    private static func daily(_ key: String, _ day: Int64, _ requests: Int64, _ images: Int64) -> DailyUsage {
        DailyUsage(keyID: KeyID(rawValue: "key_" + key), day: day, requests: requests, images: images)
    }

    private static func usage(_ test: TestStore) async throws -> [DailyUsage] {
        try await test.store.logs.usage(of: self.home.id, key: nil, fromDay: 0, toDay: 100)
    }

    @Test("a record comes back as it was written, with and without what is optional", arguments: Backend.allCases)
    func roundTrip(backend: Backend) async throws {
        try await backend.withStore { test in
            var full = record("r1", at: 5)
            full.requestID = "client-chosen"
            full.keyID = KeyID(rawValue: "key_one")
            full.route = "api"
            full.latencyMicroseconds = 1 << 40
            full.bytesReceived = 1 << 41
            full.bytesSent = 1 << 42
            full.userAgent = "Grüße '; DROP TABLE keys; -- \u{1F600}"
            full.limitVerdict = .refusedDegraded
            full.fault = .upstream
            full.images = 4
            let plain = record("r2", at: 4)
            try await test.store.logSink.write(LogBatch(id: "b1", records: [full, plain], usage: []))
            let filter = LogFilter(projectID: Self.home.id)
            #expect(try await test.store.logs.records(filter, before: nil, limit: 10) == [full, plain])
        }
    }

    @Test("a NUL, which PostgreSQL refuses in text, is replaced and loses no record", arguments: Backend.allCases)
    func nul(backend: Backend) async throws {
        try await backend.withStore { test in
            // Newest first.
            let paths = ["/a\0b", "/a\0bcdefghijkl", "/abcdefghijkl\0"]
            func records(_ paths: [String]) -> [RequestRecord] {
                paths.enumerated().map { record("r\($0)", at: Int64(9 - $0), path: $1) }
            }
            try await test.store.logSink.write(LogBatch(id: "b1", records: records(paths), usage: []))
            let filter = LogFilter(projectID: Self.home.id)
            let read = try await test.store.logs.records(filter, before: nil, limit: 10)
            #expect(read == records(paths.map { $0.replacing("\0", with: "\u{FFFD}") }))
        }
    }

    @Test("a batch counts once however often it is written", arguments: Backend.allCases)
    func sameBatch(backend: Backend) async throws {
        try await backend.withStore { test in
            let batch = LogBatch(
                id: "b1",
                records: [record("r1", at: 1), record("r2", at: 2)],
                usage: [Self.usage("one", requests: 2, images: 3, at: 2)]
            )
            for _ in 0..<3 { try await test.store.logSink.write(batch) }
            #expect(try await test.store.logs.count(LogFilter(projectID: Self.home.id)) == 2)
            #expect(try await Self.usage(test) == [Self.daily("one", 1, 2, 3)])
        }
    }

    @Test("a record that comes again in another batch is kept as it was first written", arguments: Backend.allCases)
    func sameRecord(backend: Backend) async throws {
        try await backend.withStore { test in
            let first = record("r1", at: 1)
            var again = first
            again.status = 500
            try await test.store.logSink.write(LogBatch(id: "b1", records: [first], usage: []))
            try await test.store.logSink.write(LogBatch(id: "b2", records: [again, record("r2", at: 2)], usage: []))
            let filter = LogFilter(projectID: Self.home.id)
            #expect(try await test.store.logs.records(filter, before: nil, limit: 10) == [record("r2", at: 2), first])
        }
    }

    @Test("a large batch that breaks off counts nothing, and once when it comes again", arguments: Backend.allCases)
    func largeBatch(backend: Backend) async throws {
        try await backend.withStore { test in
            let count = SQLLogSink.halvedFrom + 1
            var records = (1...count).map { record("r\($0)", at: Int64($0)) }
            records[count - 1].path = "/refused"
            let batch = LogBatch(
                id: "b1",
                records: records,
                usage: [Self.usage("one", requests: Int64(count), at: 2)]
            )
            let before = LogBatch(id: "b0", records: [record("r0", at: 0, path: "/refused")], usage: [])
            try await test.store.logSink.write(before)
            try await test.run("CREATE UNIQUE INDEX refusal ON request_logs (path) WHERE path = '/refused'")
            #expect(try await storeErrorCode { try await test.store.logSink.write(batch) } != nil)
            #expect(try await Self.usage(test) == [])
            try await test.run("DROP INDEX refusal")
            for _ in 0..<2 { try await test.store.logSink.write(batch) }
            #expect(try await test.store.logs.count(LogFilter(projectID: Self.home.id)) == count + 1)
            #expect(try await Self.usage(test) == [Self.daily("one", 1, Int64(count), 0)])
        }
    }

    @Test("usage adds up by key and day, for keys that are gone too", arguments: Backend.allCases)
    func usageSums(backend: Backend) async throws {
        try await backend.withStore { test in
            let batches = [
                [Self.usage("one", requests: 1, images: 1, at: 1), Self.usage("two", requests: 5, at: 1)],
                [Self.usage("one", requests: 2, images: 3, at: 1), Self.usage("one", day: 2, requests: 7, at: 1)],
            ]
            for (number, usage) in batches.enumerated() {
                try await test.store.logSink.write(LogBatch(id: "b\(number)", records: [], usage: usage))
            }
            #expect(
                try await Self.usage(test) == [
                    Self.daily("one", 1, 3, 4), Self.daily("two", 1, 5, 0), Self.daily("one", 2, 7, 0),
                ]
            )
            let one = try await test.store.logs.usage(
                of: Self.home.id,
                key: KeyID(rawValue: "key_one"),
                fromDay: 2,
                toDay: 2
            )
            #expect(one == [Self.daily("one", 2, 7, 0)])
            let other = ProjectID(rawValue: "proj_other")
            #expect(try await test.store.logs.usage(of: other, key: nil, fromDay: 0, toDay: 9) == [])
        }
    }

    @Test("a key's last use never goes back", arguments: Backend.allCases)
    func lastUsed(backend: Backend) async throws {
        try await backend.withStore { test in
            try await test.store.administration.createProject(Self.home, by: operatorActor)
            try await test.store.administration.createKey(
                key("one", of: Self.home),
                hash: hash("one"),
                by: operatorActor
            )
            var seen: [Timestamp?] = []
            for (number, time) in [Int64(50), 90, 70].enumerated() {
                let usage = [Self.usage("one", requests: 1, at: time)]
                try await test.store.logSink.write(LogBatch(id: "b\(number)", records: [], usage: usage))
                seen.append(try await test.store.administration.key(hash: hash("one"))?.lastUsedAt)
            }
            #expect(seen == [at(50), at(90), at(90)])
        }
    }

    @Test("writing logs announces no change to the key caches", arguments: Backend.allCases)
    func silent(backend: Backend) async throws {
        try await backend.withStore { test in
            let usage = [Self.usage("one", requests: 1, at: 1)]
            try await test.store.logSink.write(LogBatch(id: "b", records: [record("r", at: 1)], usage: usage))
            #expect(try await test.store.changes.latest() == 0)
        }
    }

    @Test(
        "batch ids are remembered for 30 days and forgotten within the next hour of work",
        arguments: Backend.allCases
    )
    func forgetting(backend: Backend) async throws {
        let clock = MovedClock()
        try await backend.withStore(clock: clock) { test in
            let day: Int64 = 86_400_000
            let hour: Int64 = 3_600_000
            var kept: [[[SQLValue]]] = []
            for (id, time) in [("a", 0), ("b", 30 * day), ("c", 30 * day + 1), ("d", 30 * day + hour)] {
                clock.move(to: time)
                try await test.store.logSink.write(LogBatch(id: id, records: [], usage: []))
                kept.append(try await test.values("SELECT id FROM log_batches ORDER BY id"))
            }
            #expect(
                kept == [
                    [[.text("a")]], [[.text("a")], [.text("b")]], [[.text("a")], [.text("b")], [.text("c")]],
                    [[.text("b")], [.text("c")], [.text("d")]],
                ]
            )
        }
    }
}

/// A record of project `a`.
func record(_ id: String, at time: Int64, status: Int = 200, path: String = "/", method: String = "GET")
    -> RequestRecord
{
    RequestRecord(
        id: id,
        requestID: id,
        time: at(time),
        projectID: project("a").id,
        method: method,
        path: path,
        status: status,
        clientAddress: "192.0.2.1"
    )
}
