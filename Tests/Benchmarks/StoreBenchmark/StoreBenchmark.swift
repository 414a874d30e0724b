import ArgumentParser
import Foundation
import Logging
import WonkeyCore
import WonkeyStore

/// Measures a store: how fast it reads what `deploy/lib/benchmark/generate-logs` made, and how fast it takes batches.
@main
struct StoreBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store-benchmark",
        subcommands: [Reading.self, Writing.self]
    )

    static func open(_ url: String) async throws -> Store {
        try await Store.open(
            url: url,
            mode: .serve,
            logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
        )
    }

    static func milliseconds(_ duration: Duration) -> String {
        let text = String(Double(duration.components.attoseconds) / 1e15 + Double(duration.components.seconds) * 1e3)
        return String(text.prefix { $0 != "." }) + String(text.drop { $0 != "." }.prefix(3))
    }
}

struct Reading: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Times overview, timeseries and pages of the log.")

    @Argument(help: "sqlite:PATH or postgres://…")
    var url: String
    @Option var project = "proj_bench1"
    @Option(help: "Read as this user, as the management API does.")
    var member: String?
    @Option(help: "The last day's end in milliseconds since 1970; now by default, as when generating.")
    var end = Int64(Date().timeIntervalSince1970 * 1_000)
    @Option(help: "Times each query runs.")
    var runs = 20

    func run() async throws {
        let store = try await StoreBenchmark.open(self.url)
        let project = ProjectID(rawValue: self.project)
        let day: Int64 = 86_400_000
        let end = Timestamp(millisecondsSinceEpoch: self.end / day * day)
        let logs = self.member.map { store.logs(for: .member(UserID(rawValue: $0))) } ?? store.logs
        for (name, days, odd) in [("30 days", 30, 0), ("29 days and odd hours", 29, 5), ("24 hours", 1, 0)]
            as [(String, Int64, Int64)]
        {
            let hour = AnalyticsBucket.hour.number(of: end)
            let hours = (hour - days * 24 - odd)..<(hour - odd)
            try await self.time("overview, \(name)") {
                _ = try await logs.overview(of: project, hours: hours, top: 10)
            }
        }
        for (bucket, count) in [(AnalyticsBucket.minute, 1_440), (.hour, 720), (.day, 30)] as [(AnalyticsBucket, Int64)]
        {
            let last = bucket.number(of: end)
            try await self.time("timeseries, \(count) \(bucket)s") {
                let figures = try await logs.figures(of: project, by: bucket, in: (last - count)..<last)
                for one in figures.values { _ = one.latency.quantile(0.99) }
            }
        }
        try await self.pages(logs, project, end)
        await store.close()
    }

    private func pages(_ logs: SQLLogRepository, _ project: ProjectID, _ end: Timestamp) async throws {
        let middle = Timestamp(millisecondsSinceEpoch: end.millisecondsSinceEpoch - 15 * 86_400_000)
        let week = Timestamp(millisecondsSinceEpoch: end.millisecondsSinceEpoch - 22 * 86_400_000)
        let filters: [(String, @Sendable (inout LogFilter) -> Void)] = [
            ("no filter", { _ in }), ("time span", { ($0.from, $0.to) = (week, middle) }),
            ("class 4xx", { $0.status = .statusClass(4) }), ("class 5xx", { $0.status = .statusClass(5) }),
            ("class 3xx, none", { $0.status = .statusClass(3) }), ("status 503", { $0.status = .exactly(503) }),
            ("status 410, none", { $0.status = .exactly(410) }),
            ("path", { $0.path = "/v1/resource7/list" }), ("rare path", { $0.path = "/v1/items/7" }),
            ("key", { $0.keyID = KeyID(rawValue: "key_\(self.project.dropFirst(5))x0007") }),
            ("rare key", { $0.keyID = KeyID(rawValue: "key_\(self.project.dropFirst(5))x0199") }),
            (
                "class 5xx in a time span",
                { filter in
                    filter.status = .statusClass(5)
                    (filter.from, filter.to) = (week, middle)
                }
            ),
        ]
        for (name, narrow) in filters {
            var filter = LogFilter(projectID: project)
            narrow(&filter)
            for (place, cursor) in [("first page", nil), ("page in the middle", LogCursor(time: middle, id: ""))] {
                try await self.time("logs, \(name), \(place)") { [filter] in
                    _ = try await logs.records(filter, before: cursor, limit: 100)
                }
            }
        }
    }

    private func time(_ name: String, _ body: @Sendable () async throws -> Void) async throws {
        var times: [Duration] = []
        for _ in 0..<self.runs { times.append(try await ContinuousClock().measure { try await body() }) }
        let sorted = times.sorted()
        let figures = [times[0], sorted[sorted.count / 2], sorted[sorted.count - 1]].map(StoreBenchmark.milliseconds)
        print("\(name): first \(figures[0]) ms, median \(figures[1]) ms, slowest \(figures[2]) ms")
    }
}

struct Writing: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Times batches of the log sink.")

    @Argument(help: "sqlite:PATH or postgres://…")
    var url: String
    @Option var batches = 200
    @Option var rows = 500
    @Option(help: "Keys, and as many paths, that a batch is about.")
    var keys = 50
    @Option(help: "Writers at once.")
    var writers = 1
    @Flag(help: "Leave the rollups out, to compare.")
    var withoutRollups = false

    func run() async throws {
        let store = try await StoreBenchmark.open(self.url)
        let time = try await ContinuousClock().measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<self.writers {
                    group.addTask {
                        for number in 0..<self.batches {
                            try await store.logSink.write(self.batch("\(writer)-\(number)"))
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
        print("\(Int(Double(self.batches * self.rows * self.writers) / seconds)) rows/s")
        await store.close()
    }

    private func batch(_ id: String) -> LogBatch {
        var tally = RollupTally()
        var usage = UsageTally()
        let now = SystemClock().now
        var generator = RequestIDGenerator(seed: .random(in: .min ... .max))
        let records = (0..<self.rows).map { _ -> RequestRecord in
            let id = generator.next(at: now)
            let record = RequestRecord(
                id: id,
                requestID: id,
                time: now,
                projectID: ProjectID(rawValue: "proj_bench1"),
                keyID: KeyID(rawValue: "key_bench1x\(Int.random(in: 0..<self.keys))"),
                method: "GET",
                path: "/v1/resource\(Int.random(in: 0..<self.keys))/list",
                route: "api",
                status: Int.random(in: 0..<20) == 0 ? 404 : 200,
                latencyMicroseconds: Int64.random(in: 500...50_000),
                bytesReceived: 120,
                bytesSent: 900,
                clientAddress: "192.0.2.1",
                userAgent: "curl/8.5.0",
                limitVerdict: .admitted
            )
            tally.count(record)
            usage.count(record)
            return record
        }
        return LogBatch(
            id: "\(UInt64.random(in: .min ... .max))-\(id)",
            records: records,
            usage: usage.sums,
            rollups: self.withoutRollups ? [] : tally.sums
        )
    }
}
