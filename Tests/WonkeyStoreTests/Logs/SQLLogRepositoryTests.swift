import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Log repository")
struct SQLLogRepositoryTests {
    private static let home = project("a")

    /// Six records of one project and one of another.
    private static func records() -> [RequestRecord] {
        var records = [
            record("r1", at: 10, status: 200, path: "/v1/images"),
            record("r2", at: 20, status: 429, path: "/v1/images", method: "POST"),
            record("r3", at: 20, status: 404, path: "/v1/images/7"),
            record("r4", at: 30, status: 500, path: "/v1/%_x"),
            record("r5", at: 40, status: 499, path: "/V1/images"),
            record("r6", at: 50, status: 400, path: "/v1/ä/b"),
            record("x1", at: 25, status: 200, path: "/v1/images"),
        ]
        records[1].keyID = KeyID(rawValue: "key_one")
        records[3].keyID = KeyID(rawValue: "key_one")
        records[6].projectID = ProjectID(rawValue: "proj_other")
        return records
    }

    struct Case: CustomTestStringConvertible {
        var name: String
        var found: [String]
        var narrow: @Sendable (inout LogFilter) -> Void
        var testDescription: String { self.name }

        init(_ name: String, _ found: [String], _ narrow: @escaping @Sendable (inout LogFilter) -> Void) {
            self.name = name
            self.found = found
            self.narrow = narrow
        }
    }

    private static let cases: [Case] = [
        Case("no filter", ["r6", "r5", "r4", "r3", "r2", "r1"]) { _ in },
        Case("another project", ["x1"]) { $0.projectID = ProjectID(rawValue: "proj_other") },
        Case("a project without records", []) { $0.projectID = ProjectID(rawValue: "proj_none") },
        Case("a key", ["r4", "r2"]) { $0.keyID = KeyID(rawValue: "key_one") },
        Case("a status", ["r2"]) { $0.status = .exactly(429) },
        Case("a class of statuses", ["r6", "r5", "r3", "r2"]) { $0.status = .statusClass(4) },
        Case("a method", ["r2"]) { $0.method = "POST" },
        Case("a path", ["r2", "r1"]) { $0.path = "/v1/images" },
        Case("the start of a path", ["r3", "r2", "r1"]) { $0.path = "/v1/images*" },
        Case("wildcards of SQL mean themselves", ["r4"]) { $0.path = "/v1/%_*" },
        Case("characters, not bytes", ["r6"]) { $0.path = "/v1/ä/*" },
        Case("any path", ["r6", "r5", "r4", "r3", "r2", "r1"]) { $0.path = "*" },
        Case("from a time on", ["r6", "r5", "r4"]) { $0.from = at(30) },
        Case("before a time", ["r3", "r2", "r1"]) { $0.to = at(30) },
        Case("between two times", ["r3", "r2"]) { ($0.from, $0.to) = (at(20), at(21)) },
        Case("all at once", ["r2"]) { filter in
            filter.keyID = KeyID(rawValue: "key_one")
            filter.status = .statusClass(4)
            filter.method = "POST"
            filter.path = "/v1/*"
            (filter.from, filter.to) = (at(1), at(100))
        },
    ]

    @Test("a filter shows, follows and counts the same records", arguments: Backend.allCases, Self.cases)
    func filters(backend: Backend, example: Case) async throws {
        try await backend.withStore { test in
            try await test.store.logSink.write(LogBatch(id: "b", records: Self.records(), usage: []))
            var filter = LogFilter(projectID: Self.home.id)
            example.narrow(&filter)
            let logs = test.store.logs
            #expect(try await logs.records(filter, before: nil, limit: 100).map(\.id) == example.found)
            let span = LogArrivals(from: LogMark(next: 0), to: try await logs.mark())
            let followed = try await logs.records(filter, arrived: span, limit: 100)
            // Of one batch, by id.
            #expect(followed.records.map(\.id) == example.found.sorted())
            #expect(followed.next == nil)
            #expect(try await logs.count(filter) == example.found.count)
        }
    }

    @Test(
        "pages lose and double nothing while records arrive on both sides of the cursor",
        arguments: Backend.allCases,
        [1, 2, 3, 7]
    )
    func pages(backend: Backend, limit: Int) async throws {
        try await backend.withStore { test in
            // Several records in one millisecond, so that pages end within it.
            let stored = (0..<20).map { record("r\(10 + $0)", at: Int64($0 / 5)) }
            try await test.store.logSink.write(LogBatch(id: "b", records: stored, usage: []))
            let filter = LogFilter(projectID: Self.home.id)
            var seen: [String] = []
            var cursor: LogCursor?
            for number in 0..<40 {
                let page = try await test.store.logs.records(filter, before: cursor, limit: limit)
                guard let last = page.last else { break }
                seen += page.map(\.id)
                cursor = LogCursor(time: last.time, id: last.id)
                let newcomer = record("z\(number)", at: 100)
                try await test.store.logSink.write(LogBatch(id: "n\(number)", records: [newcomer], usage: []))
            }
            #expect(seen == stored.reversed().map(\.id))
        }
    }

    @Test("what arrived between two marks is given in pages, once, whatever its time", arguments: Backend.allCases)
    func arrivals(backend: Backend) async throws {
        try await backend.withStore { test in
            let (sink, logs) = (test.store.logSink, test.store.logs)
            let filter = LogFilter(projectID: Self.home.id)
            try await sink.write(LogBatch(id: "b1", records: Self.records(), usage: []))
            let from = try await logs.mark()
            #expect(try await logs.mark().next >= from.next)
            try await sink.write(LogBatch(id: "b2", records: [record("r7", at: 60)], usage: []))
            // From a spool: older than all there is, and one that was written before the outage.
            let late = [record("o1", at: 1), record("o2", at: 2), record("r1", at: 10)]
            try await sink.write(LogBatch(id: "b3", records: late, usage: []))
            let to = try await logs.mark()
            try await sink.write(LogBatch(id: "b4", records: [record("r8", at: 70)], usage: []))
            var span = LogArrivals(from: from, to: to)
            let first = try await logs.records(filter, arrived: span, limit: 2)
            #expect(first.records.map(\.id) == ["r7", "o1"])
            span.place = first.next
            let second = try await logs.records(filter, arrived: span, limit: 2)
            #expect(second == LogArrivals.Page(records: [late[1]], next: nil))
            span = LogArrivals(from: to, to: try await logs.mark())
            #expect(try await logs.records(filter, arrived: span, limit: 9).records.map(\.id) == ["r8"])
        }
    }

    @Test(
        "a page has at least 1 and at most 1000 records",
        arguments: Backend.allCases,
        [(-1, 1), (0, 1), (5_000, 1_000)]
    )
    func limits(backend: Backend, limit: (asked: Int, given: Int)) async throws {
        try await backend.withStore { test in
            let stored = (0..<1_001).map { record("r\($0)", at: Int64($0)) }
            try await test.store.logSink.write(LogBatch(id: "b", records: stored, usage: []))
            let filter = LogFilter(projectID: Self.home.id)
            let page = try await test.store.logs.records(filter, before: nil, limit: limit.asked)
            #expect(page.count == limit.given)
        }
    }
}
