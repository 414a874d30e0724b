import Synchronization
import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Analytics in the store")
struct SQLAnalyticsTests {
    private static let home = project("a")

    /// A record whose time is given in minutes.
    private static func record(
        _ id: String,
        minute: Int64,
        key: String = "one",
        path: String = "/",
        status: Int = 200,
        latency: Int64 = 100
    ) -> RequestRecord {
        var record = WonkeyStoreTests.record(id, at: minute * 60_000, status: status, path: path)
        record.keyID = KeyID(rawValue: "key_" + key)
        record.latencyMicroseconds = latency
        record.bytesReceived = 3
        record.bytesSent = 10
        record.images = 1
        return record
    }

    private static func batch(_ id: String, _ records: [RequestRecord]) -> LogBatch {
        var tally = RollupTally()
        for record in records { tally.count(record) }
        return LogBatch(id: id, records: records, usage: [], rollups: tally.sums)
    }

    /// Writes as a batch writer does, again while SQLite's one lock is somebody else's for too long.
    private static func write(_ batch: LogBatch, to store: Store, _ backend: Backend) async throws {
        var code: StoreError.Code?
        repeat {
            code = try await storeErrorCode { try await store.logSink.write(batch) }
        } while backend == .sqlite && code == .unavailable
        #expect(code == nil)
    }

    /// What the records amount to, found without the store.
    private static func figures(_ records: [RequestRecord]) -> AnalyticsFigures {
        records.reduce(into: AnalyticsFigures()) { figures, record in
            var latency = LatencyHistogram()
            latency.record(microseconds: record.latencyMicroseconds)
            figures += AnalyticsFigures(counts: RollupCounts(record), latency: latency)
        }
    }

    private static func ranks(
        _ records: [RequestRecord],
        _ top: Int,
        by value: (RequestRecord) -> String
    ) -> [AnalyticsRank] {
        Dictionary(grouping: records, by: value)
            .map { AnalyticsRank(value: $0.key, counts: Self.figures($0.value).counts) }
            .sorted { ($1.counts.requests, $0.value) < ($0.counts.requests, $1.value) }
            .prefix(top).map(\.self)
    }

    /// Records over three days, none in some hours, of three keys and four paths.
    private static let records: [RequestRecord] = (0..<300).map { number in
        let minute = Int64(number * number) % 4_000 - 60
        return Self.record(
            "r\(number)",
            minute: minute,
            key: ["one", "two", "three"][number % 3],
            path: ["/", "/a", "/b", "/a/ä"][number * 7 / 5 % 4],
            status: [200, 200, 404, 500, 201][number % 5],
            latency: Int64(number) * 977 + 1
        )
    }

    @Test(
        "an overview is what the records of its hours amount to",
        arguments: Backend.allCases,
        [-1..<68, 0..<24, 1..<2, 5..<30, 5..<60, 48..<72, 100..<200] as [Range<Int64>]
    )
    func overview(backend: Backend, hours: Range<Int64>) async throws {
        try await backend.withStore { test in
            for start in stride(from: 0, to: 300, by: 50) {
                try await test.store.logSink.write(Self.batch("b\(start)", Array(Self.records[start..<(start + 50)])))
            }
            let covered = Self.records.filter { hours.contains(AnalyticsBucket.hour.number(of: $0.time)) }
            let overview = try await test.store.logs.overview(of: Self.home.id, hours: hours, top: 2)
            #expect(
                overview
                    == AnalyticsOverview(
                        figures: Self.figures(covered),
                        topKeys: Self.ranks(covered, 2) { $0.keyID?.rawValue ?? "" },
                        topPaths: Self.ranks(covered, 2) { $0.path }
                    )
            )
            let other = ProjectID(rawValue: "proj_other")
            let nothing = AnalyticsOverview(figures: AnalyticsFigures(), topKeys: [], topPaths: [])
            #expect(try await test.store.logs.overview(of: other, hours: hours, top: 2) == nothing)
        }
    }

    @Test("figures by bucket are those of the records", arguments: Backend.allCases, AnalyticsBucket.allCases)
    func buckets(backend: Backend, bucket: AnalyticsBucket) async throws {
        try await backend.withStore { test in
            try await test.store.logSink.write(Self.batch("b", Self.records))
            let numbers = bucket.cover(from: at(0), to: at(2_500 * 60_000))
            let covered = Self.records.filter { numbers.contains(bucket.number(of: $0.time)) }
            let expected = Dictionary(grouping: covered) { bucket.number(of: $0.time) }.mapValues(Self.figures)
            #expect(try await test.store.logs.figures(of: Self.home.id, by: bucket, in: numbers) == expected)
        }
    }

    @Test("a batch written again counts once", arguments: Backend.allCases)
    func replay(backend: Backend) async throws {
        try await backend.withStore { test in
            let batch = Self.batch("b", Array(Self.records.prefix(20)))
            for _ in 0..<3 { try await test.store.logSink.write(batch) }
            let overview = try await test.store.logs.overview(of: Self.home.id, hours: -100..<100, top: 1)
            #expect(overview.figures == Self.figures(batch.records))
        }
    }

    @Test("requests that sampling left out of the log count all the same", arguments: Backend.allCases)
    func sampled(backend: Backend) async throws {
        try await backend.withStore { test in
            var batch = Self.batch("b", Self.records)
            batch.records = []
            try await test.store.logSink.write(batch)
            let overview = try await test.store.logs.overview(of: Self.home.id, hours: -100..<100, top: 1)
            #expect(overview.figures == Self.figures(Self.records))
        }
    }

    @Test(
        "several writers at once lose nothing and do not wait for each other in a circle",
        arguments: Backend.allCases
    )
    func race(backend: Backend) async throws {
        try await backend.withStore { test in
            let stores = (0..<4).map { _ in TestStore(place: test.place) }
            let other = ProjectID(rawValue: "proj_b")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (writer, store) in stores.enumerated() {
                    group.addTask {
                        for number in 0..<12 {
                            // Two projects, two days and changing keys, in another order for every writer.
                            var records = (0..<8).map { index in
                                Self.record(
                                    "\(writer)-\(number)-\(index)",
                                    minute: Int64((index + writer) % 2 * 1_440 + number),
                                    key: "\((index + number) % 3)",
                                    path: "/\((index * 3 + writer) % 5)",
                                    latency: Int64(writer * 100_000 + number * 1_000 + index)
                                )
                            }
                            for index in 0..<4 { records[(index + writer) % 8].projectID = other }
                            try await Self.write(Self.batch("\(writer)-\(number)", records), to: store.store, backend)
                        }
                    }
                }
                try await group.waitForAll()
            }
            var found = AnalyticsFigures()
            for project in [Self.home.id, other] {
                for bucket in AnalyticsBucket.allCases {
                    let figures = try await test.store.logs.figures(of: project, by: bucket, in: 0..<3_000)
                    let sum = figures.values.reduce(into: AnalyticsFigures()) { $0 += $1 }
                    #expect(sum.counts.requests == 192 && sum.latency.count == 192, "\(project) by \(bucket)")
                    if bucket == .minute { found += sum }
                }
                let overview = try await test.store.logs.overview(of: project, hours: 0..<48, top: 9)
                #expect(overview.topKeys.reduce(0) { $0 + $1.counts.requests } == 192)
                #expect(overview.topPaths.reduce(0) { $0 + $1.counts.requests } == 192)
            }
            var expected = LatencyHistogram()
            for writer in Int64(0)..<4 {
                for number in Int64(0)..<12 {
                    for index in Int64(0)..<8 {
                        expected.record(microseconds: writer * 100_000 + number * 1_000 + index)
                    }
                }
            }
            #expect(found.latency == expected)
            for store in stores { await store.store.close() }
        }
    }

    @Test(
        "an hour keeps 200 paths, a day 500; the rest is in one sum, and nothing is lost",
        arguments: Backend.allCases
    )
    func paths(backend: Backend) async throws {
        try await backend.withStore { test in
            for hour in 0..<3 {
                for half in 0..<2 {
                    let records = (0..<150).map { number in
                        Self.record(
                            "\(hour)-\(half)-\(number)",
                            minute: Int64(hour * 60),
                            path: "/\(hour)/\(half)/\(number)"
                        )
                    }
                    try await test.store.logSink.write(Self.batch("\(hour)-\(half)", records))
                }
            }
            let hours = try await test.values(
                """
                SELECT hour, COUNT(*), SUM(requests), MAX(CASE WHEN value = '(other)' THEN requests ELSE 0 END)
                FROM usage_rollups_hourly WHERE dimension = 'path' GROUP BY hour ORDER BY hour
                """
            )
            #expect(hours == (0..<3).map { [.integer($0), .integer(201), .integer(300), .integer(100)] })
            let days = try await test.values(
                """
                SELECT COUNT(*), SUM(requests), MAX(CASE WHEN value = '(other)' THEN requests ELSE 0 END)
                FROM usage_rollups_daily WHERE dimension = 'path'
                """
            )
            #expect(days == [[.integer(501), .integer(900), .integer(400)]])
            // A path with a sum of its own keeps it, the others' sum has no rank.
            try await test.store.logSink.write(
                Self.batch("again", (0..<5).map { Self.record("x\($0)", minute: 0, path: "/0/0/7") })
            )
            let overview = try await test.store.logs.overview(of: Self.home.id, hours: 0..<24, top: 2)
            #expect(overview.topPaths.map(\.counts.requests) == [6, 1])
            #expect(overview.topPaths.first?.value == "/0/0/7")
            #expect(overview.figures.counts.requests == 905)
        }
    }

    @Test("sums of more keys and paths than one statement reads are found again", arguments: Backend.allCases)
    func manyKeys(backend: Backend) async throws {
        try await backend.withStore { test in
            for (batch, latency) in [Int64(100), 5_000].enumerated() {
                let records = (0..<700).map { number in
                    // A path may be called what a key is called.
                    let path = number < 10 ? "key_k\(number)" : "/\(number % 100)"
                    return Self.record("\(batch)-\(number)", minute: 1, key: "k\(number)", path: path, latency: latency)
                }
                try await test.store.logSink.write(Self.batch("\(batch)", records))
            }
            var both = LatencyHistogram()
            for latency in [Int64(100), 5_000] { both.record(microseconds: latency) }
            let keys = try await test.values(
                "SELECT latency_histogram, requests FROM usage_rollups_hourly WHERE dimension = 'key'"
            )
            #expect(keys == Array(repeating: [both.encoded.sqlValue, .integer(2)], count: 700))
            for table in ["usage_rollups_hourly", "usage_rollups_daily"] as [StaticString] {
                let table = BoundSQL(stringLiteral: table)
                let distinct = try await test.values(
                    "SELECT distinct_keys, distinct_paths FROM \(table) WHERE dimension = 'project'"
                )
                #expect(distinct == [[.integer(700), .integer(110)]])
            }
        }
    }

    @Test("a histogram that is damaged counts as empty and stops nothing", arguments: Backend.allCases)
    func damage(backend: Backend) async throws {
        try await backend.withStore { test in
            try await test.store.logSink.write(Self.batch("1", [Self.record("1", minute: 1)]))
            let junk: [UInt8] = [9, 9]
            try await test.run("UPDATE usage_rollups_hourly SET latency_histogram = \(junk)")
            try await test.store.logSink.write(Self.batch("2", [Self.record("2", minute: 2, latency: 50)]))
            let figures = try await test.store.logs.figures(of: Self.home.id, by: .hour, in: 0..<1)
            #expect(figures[0]?.counts.requests == 2)
            #expect(figures[0]?.latency.quantile(0.5) == 50)
        }
    }

    @Test(
        "a user sees figures and records of their organizations' projects, and no others",
        arguments: Backend.allCases
    )
    func scopes(backend: Backend) async throws {
        try await backend.withStore { test in
            try await test.store.administration.createProject(Self.home, by: operatorActor)
            try await test.run(
                """
                INSERT INTO users (id, email, email_folded, created_at, updated_at)
                VALUES ('usr_in', 'A@x', 'a@x', 1, 1), ('usr_out', 'B@x', 'b@x', 1, 1)
                """
            )
            try await test.run(
                """
                INSERT INTO memberships (org_id, user_id, role, created_at)
                VALUES (\(Self.home.organizationID), 'usr_in', 'viewer', 1)
                """
            )
            let usage = UsageDelta(
                projectID: Self.home.id,
                keyID: KeyID(rawValue: "key_one"),
                day: 0,
                requests: 1,
                images: 0,
                lastUsedAt: at(1)
            )
            var batch = Self.batch("1", [Self.record("1", minute: 1)])
            batch.usage = [usage]
            try await test.store.logSink.write(batch)
            var seen: [String: [Int]] = [:]
            for scope in [
                StoreScope.operator, .member(UserID(rawValue: "usr_in")), .member(UserID(rawValue: "usr_out")),
            ] {
                let logs = test.store.logs(for: scope)
                let filter = LogFilter(projectID: Self.home.id)
                let overview = try await logs.overview(of: Self.home.id, hours: 0..<48, top: 5)
                let arrivals = LogArrivals(from: LogMark(next: 0), to: try await logs.mark())
                seen["\(scope)"] = [
                    try await logs.records(filter, before: nil, limit: 9).count,
                    try await logs.records(filter, arrived: arrivals, limit: 9).records.count,
                    try await logs.count(filter),
                    try await logs.usage(of: Self.home.id, key: nil, fromDay: 0, toDay: 9).count,
                    Int(overview.figures.counts.requests), overview.topKeys.count, overview.topPaths.count,
                    try await logs.figures(of: Self.home.id, by: .minute, in: 0..<9).count,
                ]
            }
            #expect(
                seen == [
                    "operator": Array(repeating: 1, count: 8), "member(usr_in)": Array(repeating: 1, count: 8),
                    "member(usr_out)": Array(repeating: 0, count: 8),
                ]
            )
        }
    }
}
