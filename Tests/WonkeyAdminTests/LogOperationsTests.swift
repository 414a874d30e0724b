import Testing
@testable import WonkeyAdmin
import WonkeyCore

@Suite("Log and usage operations")
struct LogOperationsTests {
    /// A record of the project `seconds` after the bench's start.
    private func record(_ id: String, _ project: Project, at seconds: Double, status: Int = 200) -> RequestRecord {
        RequestRecord(
            id: id,
            requestID: id,
            time: Bench.start + .milliseconds(Int64(seconds * 1_000)),
            projectID: project.id,
            keyID: KeyID(rawValue: "key_a"),
            method: "GET",
            path: "/v1/things",
            status: status
        )
    }

    @Test("records come newest first, in pages behind one another")
    func read() async throws {
        var bench = Bench()
        let project = try await bench.project()
        let records = (0..<2_500).map { self.record("r\($0 + 10_000)", project, at: Double($0)) }
        bench.store.with { $0.records = records }
        let selection = LogSelection(project: "acme")
        let first = try await ReadLogs(selection: selection, limit: 2_200).run(in: bench.context)
        #expect(first.records == Array(records.reversed().prefix(2_200)))
        let second = try await ReadLogs(selection: selection, limit: 2_200, before: first.next).run(in: bench.context)
        #expect(second == .init(records: records.prefix(300).reversed(), next: nil))
        #expect(try await CountLogs(selection: selection).run(in: bench.context) == 2_500)
    }

    @Test("status, path, method, key and time narrow the selection")
    func filters() async throws {
        var bench = Bench()
        let project = try await bench.project()
        var records = [
            self.record("a", project, at: -7_200), self.record("b", project, at: -60, status: 429),
            self.record("c", project, at: -50, status: 404), self.record("d", project, at: -1, status: 502),
        ]
        records[2].path = "/v1/others/1"
        records[3].method = "POST"
        records[3].keyID = KeyID(rawValue: "key_b")
        let stored = records
        bench.store.with { $0.records = stored }

        let table: [(LogSelection, String)] = [
            (LogSelection(project: "acme"), "dcba"),
            (LogSelection(project: "acme", status: "429"), "b"),
            (LogSelection(project: "acme", status: "4xx"), "cb"),
            (LogSelection(project: "acme", status: "5XX"), "d"),
            (LogSelection(project: "acme", path: "/v1/things"), "dba"),
            (LogSelection(project: "acme", path: "/v1/others/*"), "c"),
            (LogSelection(project: "acme", method: "post"), "d"),
            (LogSelection(project: "acme", key: "key_b"), "d"),
            (LogSelection(project: "acme", from: .distance(.seconds(3_600))), "dcb"),
            (LogSelection(project: "acme", from: .distance(.seconds(60)), to: .distance(.seconds(50))), "b"),
            (LogSelection(project: "acme", to: .at(Bench.start + .seconds(-60))), "a"),
        ]
        for (selection, expected) in table {
            let outcome = try await ReadLogs(selection: selection, limit: 10).run(in: bench.context)
            #expect(outcome.records.map(\.id).joined() == expected)
            #expect(try await CountLogs(selection: selection).run(in: bench.context) == expected.count)
        }
    }

    @Test(
        "a bad selection is refused with what would be good",
        arguments: [
            (
                LogSelection(project: "acme", status: "4x"),
                "\"4x\" is no status; give one such as 429, or a class such as 4xx", "status"
            ),
            (
                LogSelection(project: "acme", status: "600"),
                "\"600\" is no status; give one such as 429, or a class such as 4xx", "status"
            ),
            (
                LogSelection(project: "acme", status: "+42"),
                "\"+42\" is no status; give one such as 429, or a class such as 4xx", "status"
            ),
            (
                LogSelection(project: "acme", path: "v1"),
                "\"v1\" is no path; a path begins with /, and with * at its end it is a prefix", "path"
            ),
            (
                LogSelection(project: "acme", path: "/v1?a=b"),
                "paths are logged without their query; leave out what follows the question mark", "path"
            ),
            (
                LogSelection(project: "acme", method: "G T"), "\"G T\" is no method; give one such as GET or POST",
                "method"
            ),
            (
                LogSelection(project: "acme", from: .at(Bench.start), to: .at(Bench.start)),
                "the time span is empty: it starts at 2026-11-21T09:42:40.123Z and ends before 2026-11-21T09:42:40.123Z",
                "from"
            ),
        ]
    )
    func badSelections(selection: LogSelection, message: String, field: String) async throws {
        var bench = Bench()
        _ = try await bench.project()
        let error = try await refusal { _ = try await CountLogs(selection: selection).run(in: bench.context) }
        #expect(error == OperationError(code: .invalidInput, message: message, field: field))
    }

    @Test("a limit is 1 to 10000", arguments: [0, 10_001])
    func badLimit(limit: Int) async throws {
        var bench = Bench()
        _ = try await bench.project()
        let error = try await refusal {
            _ = try await ReadLogs(selection: LogSelection(project: "acme"), limit: limit).run(in: bench.context)
        }
        #expect(error == OperationError(code: .invalidInput, message: "a limit is from 1 to 10000"))
    }

    @Test("following gives every record once when it arrives, however old it is by then")
    func follow() async throws {
        var bench = Bench()
        let project = try await bench.project()
        let context = bench.context
        let existing = [
            self.record("a", project, at: -10), self.record("b", project, at: -0.5), self.record("c", project, at: 0),
        ]
        bench.store.with { $0.records = existing }
        var following = try await FollowLogs(LogSelection(project: "acme"), last: 1, in: context)
        #expect(following.last.map(\.id) == ["c"])
        #expect(try await following.next(in: context).isEmpty)

        let next = self.record("d", project, at: 1)
        let spooled = [self.record("late", project, at: -0.4), self.record("later", project, at: -36_000)]
        bench.store.with { $0.records += [next] + spooled }
        #expect(try await following.next(in: context).map(\.id) == ["later", "late", "d"])
        #expect(try await following.next(in: context).isEmpty)

        // Other requests in between, a whole page of them included, hide nothing.
        let many = (0..<1_500).map { self.record("m\($0 + 10_000)", project, at: 2) }
        let others = (0..<2_000).map { self.record("n\($0 + 10_000)", project, at: 2, status: 500) }
        var narrow = try await FollowLogs(LogSelection(project: "acme", status: "200"), last: 0, in: context)
        bench.store.with { $0.records += many.prefix(10) + others + many.dropFirst(10) }
        var (all, some): ([String], [String]) = ([], [])
        for _ in 0..<5 {
            all += try await following.next(in: context).map(\.id)
            some += try await narrow.next(in: context).map(\.id)
        }
        #expect(all.sorted() == (many + others).map(\.id))
        #expect(some == many.map(\.id))
    }

    @Test("following starts with an empty log and refuses an end")
    func followFromNothing() async throws {
        var bench = Bench()
        let project = try await bench.project()
        let context = bench.context
        var following = try await FollowLogs(LogSelection(project: "acme"), last: 10, in: context)
        #expect(following.last.isEmpty)
        let first = self.record("a", project, at: 0.1)
        bench.store.with { $0.records = [first] }
        #expect(try await following.next(in: context) == [first])
        let error = try await refusal {
            let selection = LogSelection(project: "acme", to: .distance(.zero))
            _ = try await FollowLogs(selection, last: 10, in: context)
        }
        #expect(error.message == "following has no end; leave out the end time")
    }

    @Test("usage is summed over the asked days, 30 with today by default")
    func usage() async throws {
        var bench = Bench()
        _ = try await bench.project()
        let today = Bench.start.daysSinceEpoch
        let keyA = KeyID(rawValue: "key_a")
        let rows = [-30, -29, -1, 0].map { DailyUsage(keyID: keyA, day: today + $0, requests: 10, images: 1) }
        let other = DailyUsage(keyID: KeyID(rawValue: "key_b"), day: today, requests: 5, images: 0)
        bench.store.with { $0.usage = rows + [other] }

        let all = try await ReadUsage(project: "acme").run(in: bench.context)
        #expect(all == .init(days: Array(rows.dropFirst()) + [other], requests: 35, images: 3))
        let keys = try await ReadUsage(project: "acme", key: "key_b").run(in: bench.context)
        #expect(keys == .init(days: [other], requests: 5, images: 0))
        let yesterday = try await ReadUsage(
            project: "acme",
            from: .distance(.seconds(86_400)),
            to: .distance(.seconds(86_400))
        ).run(in: bench.context)
        #expect(yesterday.days == [rows[2]])
        let error = try await refusal {
            _ = try await ReadUsage(project: "acme", from: .distance(.zero), to: .distance(.seconds(86_400)))
                .run(in: bench.context)
        }
        #expect(error.message == "the time span is empty: it starts on 2026-11-21 and ends on 2026-11-20")
    }

    @Test(
        "a moment is a time, a date or a distance",
        arguments: [
            ("2026-11-21T09:42:40.123Z", Moment.at(Bench.start) as Moment?),
            ("2026-11-21", .at(Timestamp(millisecondsSinceEpoch: 1_795_219_200_000))),
            ("30d", .distance(.seconds(2_592_000))), ("yesterday", nil), ("", nil), ("-1h", nil),
        ]
    )
    func moments(text: String, expected: Moment?) {
        #expect((try? Moment(text)) == expected)
    }
}
