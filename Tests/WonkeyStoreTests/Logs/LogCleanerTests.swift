import Logging
import Synchronization
import Testing
import WonkeyCore

@testable import WonkeyStore

/// A clock whose sleeps end at once and are written down.
final class SkippingClock: Clock {
    struct Instant: InstantProtocol {
        var offset: Duration
        func advanced(by duration: Duration) -> Self { Self(offset: self.offset + duration) }
        func duration(to other: Self) -> Duration { other.offset - self.offset }
        static func < (lhs: Self, rhs: Self) -> Bool { lhs.offset < rhs.offset }
    }

    private let state = Mutex((now: Duration.zero, sleeps: [Duration]()))

    var now: Instant { Instant(offset: self.state.withLock(\.now)) }
    var minimumResolution: Duration { .zero }
    var sleeps: [Duration] { self.state.withLock(\.sleeps) }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try Task.checkCancellation()
        self.state.withLock { state in
            state.sleeps.append(deadline.offset - state.now)
            state.now = max(state.now, deadline.offset)
        }
    }
}

@Suite("Log cleaner")
struct LogCleanerTests {
    private static let day: Int64 = 86_400_000
    private static let now = at(1_000 * Self.day)

    private static func batch(_ id: String, daysAgo: [Int64], project: String = "a") -> LogBatch {
        let records = daysAgo.map { days -> RequestRecord in
            var record = record("\(id)-\(days)", at: Self.now.millisecondsSinceEpoch - days * Self.day)
            record.projectID = ProjectID(rawValue: "proj_" + project)
            return record
        }
        var tally = RollupTally()
        for record in records { tally.count(record) }
        return LogBatch(id: id, records: records, usage: [], rollups: tally.sums)
    }

    private static func cleaner(_ test: TestStore, timer: SkippingClock) -> LogCleaner {
        test.store.cleaner(
            LogRetention(),
            timer: timer,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    @Test("what is too old is deleted, of every project and of none, and nothing else", arguments: Backend.allCases)
    func ages(backend: Backend) async throws {
        try await backend.withStore(clock: FixedClock(now: Self.now)) { test in
            for project in ["a", "b"] {
                let ages: [Int64] = [0, 6, 8, 29, 31, 399, 401, 500]
                try await test.store.logSink.write(Self.batch("b" + project, daysAgo: ages, project: project))
            }
            var stray = Self.batch("stray", daysAgo: [1, 40])
            for index in stray.records.indices { stray.records[index].projectID = nil }
            stray.rollups = []
            try await test.store.logSink.write(stray)
            // 30 + 1, 7 of 8, 400 of 401 days: 4 records of each project and 1 of none, 6 minutes, 2 hours and days of
            // each, the hours and days with a row for the project, for all keys and for the path.
            let rows = try await Self.cleaner(test, timer: SkippingClock()).sweep()
            #expect(rows == (4 * 2 + 1) + 6 * 2 + (2 * 3) * 2 + (2 * 3) * 2)
            let left = try await test.values("SELECT id FROM request_logs ORDER BY id")
            let kept: [Int64] = [0, 29, 6, 8]
            #expect(
                left == (["ba", "bb"].flatMap { id in kept.map { "\(id)-\($0)" } } + ["stray-1"]).map { [.text($0)] }
            )
            for (query, days) in [
                ("SELECT minute / 1440 FROM usage_rollups_minutely ORDER BY 1", [994, 1_000]),
                (
                    "SELECT hour / 24 FROM usage_rollups_hourly WHERE dimension = 'project' ORDER BY 1",
                    [601, 969, 971, 992, 994, 1_000]
                ),
                (
                    "SELECT day FROM usage_rollups_daily WHERE dimension = 'path' ORDER BY 1",
                    [601, 969, 971, 992, 994, 1_000]
                ),
            ] as [(BoundSQL, [Int64])] {
                #expect(try await test.values(query) == days.flatMap { [[.integer($0)], [.integer($0)]] })
            }
            #expect(try await Self.cleaner(test, timer: SkippingClock()).sweep() == 0)
        }
    }

    @Test(
        "no transaction deletes more than 1000 records, and others get a pause after each",
        arguments: Backend.allCases
    )
    func batches(backend: Backend) async throws {
        try await backend.withStore(clock: FixedClock(now: Self.now)) { test in
            let records = (0..<2_500).map { record("r\($0)", at: Int64($0)) }
            try await test.store.logSink.write(LogBatch(id: "b", records: records, usage: []))
            let timer = SkippingClock()
            #expect(try await Self.cleaner(test, timer: timer).sweep() == 2_500)
            #expect(timer.sleeps == Array(repeating: LogCleaner.pause, count: 3))
        }
    }

    @Test("it goes on looking every ten minutes until it is cancelled", arguments: Backend.allCases)
    func running(backend: Backend) async throws {
        try await backend.withStore(clock: FixedClock(now: Self.now)) { test in
            let timer = SkippingClock()
            let cleaner = Self.cleaner(test, timer: timer)
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await cleaner.run() }
                while timer.sleeps.count < 3 { await Task.yield() }
                group.cancelAll()
            }
            #expect(timer.sleeps.allSatisfy { $0 == LogCleaner.interval })
        }
    }
}
