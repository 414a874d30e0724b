import Testing
import WonkeyCore

@testable import WonkeyStore

/// What `Schema.md` says of the indexes, asked of SQLite's planner.
@Suite("SQLite query plans")
struct SQLitePlanTests {
    struct Case: CustomTestStringConvertible {
        var index: String
        var narrow: @Sendable (inout LogFilter) -> Void
        var testDescription: String { self.index }
    }

    private static let cases: [Case] = [
        Case(index: "request_logs_time") { _ in },
        Case(index: "request_logs_time") { ($0.from, $0.to) = (at(1), at(2)) },
        Case(index: "request_logs_class") { $0.status = .exactly(429) },
        Case(index: "request_logs_class") { $0.status = .statusClass(5) },
        Case(index: "request_logs_path") { $0.path = "/v1/images" },
        Case(index: "request_logs_key") { $0.keyID = KeyID(rawValue: "key_one") },
    ]

    @Test("a page is read in order from the documented index, with nothing to sort", arguments: Self.cases)
    func pages(example: Case) async throws {
        try await Backend.sqlite.withStore { test in
            _ = try await test.store.changes.latest()
            var filter = LogFilter(projectID: project("a").id)
            example.narrow(&filter)
            let cursor = LogCursor(time: at(5), id: "r")
            let queries = [
                SQLLogRepository.page(filter, "", before: nil, limit: 10),
                SQLLogRepository.page(filter, "", before: cursor, limit: 10),
            ]
            for query in queries {
                let plan = try await test.values("EXPLAIN QUERY PLAN \(query)").map { try SQLRow(values: $0).text(3) }
                #expect(plan.count == 1)
                #expect(plan.first?.hasPrefix("SEARCH request_logs USING INDEX \(example.index) (") == true, "\(plan)")
            }
        }
    }

    @Test("what arrived is read in order of arrival from its index, whatever the filter", arguments: Self.cases)
    func arrivals(example: Case) async throws {
        try await Backend.sqlite.withStore { test in
            _ = try await test.store.changes.latest()
            var filter = LogFilter(projectID: project("a").id)
            example.narrow(&filter)
            let place = LogArrivals.Place(arrival: 7, id: "r")
            let from = LogMark(next: 5, open: [2, 4])
            let spans = [
                LogArrivals(from: LogMark(next: 5), to: LogMark(next: 9)),
                LogArrivals(from: from, to: LogMark(next: 9, open: [8])),
                LogArrivals(from: from, to: LogMark(next: 9, open: [8]), after: place),
            ]
            for span in spans {
                let query = SQLLogRepository.arrivals(filter, "", in: span, limit: 10)
                let plan = try await test.values("EXPLAIN QUERY PLAN \(query)").map { try SQLRow(values: $0).text(3) }
                let search = "SEARCH request_logs USING INDEX request_logs_arrival (arrival>"
                #expect(plan.first?.hasPrefix(search) == true, "\(plan)")
            }
        }
    }

    @Test("a key is found through its hash, and what hangs on it through indexes")
    func key() async throws {
        try await Backend.sqlite.withStore { test in
            _ = try await test.store.changes.latest()
            let home = project("a")
            let record = KeyRecord(
                id: KeyID(rawValue: "key_one"),
                projectID: home.id,
                organizationID: home.organizationID,
                name: "one",
                start: "nb_live_one",
                identityID: IdentityID(rawValue: "id_1")
            )
            let queries = [SQLKeyDirectory.keyQuery(hash("one")), SQLKeyDirectory.grantsQuery(record)]
            for query in queries {
                let plan = try await test.values("EXPLAIN QUERY PLAN \(query)").map { try SQLRow(values: $0).text(3) }
                #expect(plan.contains { $0.hasPrefix("SEARCH ") })
                #expect(!plan.contains { $0.hasPrefix("SCAN ") }, "\(plan)")
            }
        }
    }
}
