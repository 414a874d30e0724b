import ArgumentParser
import Foundation
import Logging
import WonkeyCore
import WonkeyStore

/// Measures a store: how fast it reads what `deploy/lib/benchmark/generate-logs` made, how fast it takes batches, and how
/// the whole request log before it fares in the long run.
@main
struct StoreBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store-benchmark",
        subcommands: [Reading.self, Writing.self, Sustained.self]
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
