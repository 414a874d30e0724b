import Testing
import WonkeyCore

@testable import WonkeyAdmin
@testable import WonkeyStore

@Suite("Endpoints of logs, analytics and usage")
struct LogEndpointTests {
    /// A request of a user; it is 2026-11-21T09:42:40.123Z.
    private static func request(
        _ store: Store,
        user: String = "usr_in",
        path: [String: String] = ["id": "proj_a"],
        _ query: [String: JSONValue] = [:]
    ) throws -> EndpointRequest {
        var services = ServiceBench().services
        services.administration = { store.administration(for: $0, under: $1) }
        services.logs = { store.logs(for: $0) }
        services.clock = HeldClock(Bench.start)
        let email = try #require(EmailAddress("a@example.com"))
        let person = User(id: UserID(rawValue: user), email: email, createdAt: Bench.start)
        return EndpointRequest(
            id: "r1",
            services: services,
            principal: Principal(user: person),
            clientAddress: "192.0.2.1",
            pathValues: path,
            queryValues: query
        )
    }

    private static func record(_ number: Int, minutesAgo: Int64, status: Int = 200, path: String = "/v1/a")
        -> RequestRecord
    {
        RequestRecord(
            id: "r\(number)",
            requestID: "r\(number)",
            time: Bench.start + .seconds(-60 * minutesAgo),
            projectID: ProjectID(rawValue: "proj_a"),
            keyID: KeyID(rawValue: number % 2 == 0 ? "key_even" : "key_odd"),
            method: "GET",
            path: path,
            status: status,
            latencyMicroseconds: Int64(number) * 10,
            bytesReceived: 1,
            bytesSent: 2,
            images: 1
        )
    }

    private static let records = [
        Self.record(1, minutesAgo: 130, status: 500), Self.record(2, minutesAgo: 70),
        Self.record(3, minutesAgo: 3, status: 429), Self.record(4, minutesAgo: 1),
        Self.record(5, minutesAgo: 1, path: "/v1/b"),
    ]

    private static func fill(_ store: Store, _ database: any SQLDatabase) async throws {
        let project = Project(
            id: ProjectID(rawValue: "proj_a"),
            organizationID: OrganizationID(rawValue: "org_default"),
            name: "a",
            createdAt: Bench.start
        )
        try await store.administration.createProject(project, by: Actor(name: "cli:test", source: "test"))
        try await database.write { connection in
            for user in ["usr_in", "usr_out"] {
                try connection.execute(
                    """
                    INSERT INTO users (id, email, email_folded, created_at, updated_at)
                    VALUES (\(user), \(user), \(user), 1, 1)
                    """
                )
            }
            try connection.execute(
                """
                INSERT INTO memberships (org_id, user_id, role, created_at)
                VALUES ('org_default', 'usr_in', 'owner', 1)
                """
            )
        }
        var rollups = RollupTally()
        var usage = UsageTally()
        for record in Self.records {
            rollups.count(record)
            usage.count(record)
        }
        let batch = LogBatch(id: "b", records: Self.records, usage: usage.sums, rollups: rollups.sums)
        try await store.logSink.write(batch)
    }

    @Test("pages of the log follow each other by their cursors, filtered alike", arguments: StoreEngine.allCases)
    func logs(engine: StoreEngine) async throws {
        try await engine.withStore { store, database in
            try await Self.fill(store, database)
            var pages: [[String]] = []
            var query: [String: JSONValue] = ["limit": 2, "from": "2h"]
            while pages.count < 9 {
                let reply = try await LogEndpoints.list.run(try Self.request(store, query))
                guard case .object(let members)? = reply.body, case .array(let data)? = members.first?.value else {
                    break
                }
                pages.append(data.compactMap { JSONObject($0)?.text("id") })
                guard case .string(let cursor)? = members.last?.value else { break }
                query["cursor"] = .string(cursor)
            }
            #expect(pages == [["r5", "r4"], ["r3", "r2"]] || pages == [["r5", "r4"], ["r3", "r2"], []])
            for (filter, ids) in [
                (["status": "4xx"], ["r3"]), (["status": "500"], ["r1"]), (["path": "/v1/b"], ["r5"]),
                (["path": "/v1/*"], ["r5", "r4", "r3", "r2", "r1"]), (["key_id": "key_odd"], ["r5", "r3", "r1"]),
                (["method": "post"], []), (["to": "1h"], ["r2", "r1"]),
            ] as [([String: JSONValue], [String])] {
                let reply = try await LogEndpoints.list.run(try Self.request(store, filter))
                guard case .object(let members)? = reply.body, case .array(let data)? = members.first?.value else {
                    Issue.record("no list")
                    continue
                }
                #expect(data.compactMap { JSONObject($0)?.text("id") } == ids, "\(filter)")
                #expect(data == Self.records.filter { ids.contains($0.id) }.reversed().map(\.json))
            }
        }
    }

    @Test("an overview sums up the hours that the span touches", arguments: StoreEngine.allCases)
    func overview(engine: StoreEngine) async throws {
        try await engine.withStore { store, database in
            try await Self.fill(store, database)
            // 08:32 is within the hour of the second record.
            let reply = try await AnalyticsEndpoints.overview.run(
                try Self.request(store, ["from": "2026-11-21T08:59:00Z"])
            )
            let expected: JSONValue = [
                "project_id": "proj_a", "from": "2026-11-21T08:00:00.000Z", "to": "2026-11-21T10:00:00.000Z",
                "requests": 4, "errors": 1, "client_errors": 1, "server_errors": 0, "error_rate": .number(0.25),
                "latency_us": ["p50": 30, "p95": 50, "p99": 50], "bytes_received": 4, "bytes_sent": 8, "images": 4,
                "top_keys": [
                    ["key_id": "key_even", "requests": 2, "errors": 0, "error_rate": .number(0)],
                    ["key_id": "key_odd", "requests": 2, "errors": 1, "error_rate": .number(0.5)],
                ],
                "top_paths": [
                    ["path": "/v1/a", "requests": 3, "errors": 1, "error_rate": .number(1.0 / 3)],
                    ["path": "/v1/b", "requests": 1, "errors": 0, "error_rate": .number(0)],
                ],
            ]
            #expect(reply == Reply(status: 200, body: expected))
            let content = try #require(AnalyticsEndpoints.overview.answers[0].content)
            #expect(content.schema.faults(in: expected) == [])
        }
    }

    @Test(
        "a timeseries has every bucket of its span, with each metric's value",
        arguments: StoreEngine.allCases,
        [
            ("minute", "requests", "requests", [1, 0, 2]), ("minute", "latency_p99", "us", [30, .null, 50]),
            ("minute", "errors", "requests", [1, 0, 0]),
            ("minute", "error_rate", "1", [.number(1), .number(0), .number(0)]),
            ("minute", "bytes", "bytes", [3, 0, 6]), ("hour", "images", "images", [0, 1, 1, 3]),
            ("hour", "server_errors", "requests", [0, 1, 0, 0]), ("day", "client_errors", "requests", [0, 1]),
        ] as [(String, String, String, [JSONValue])]
    )
    func timeseries(engine: StoreEngine, example: (String, String, String, [JSONValue])) async throws {
        let (bucket, metric, unit, values) = example
        try await engine.withStore { store, database in
            try await Self.fill(store, database)
            let (from, to, step): (String, String, Int64) =
                switch bucket {
                case "minute": ("2026-11-21T09:39:00.000Z", "2026-11-21T09:42:00.000Z", 60)
                case "hour": ("2026-11-21T06:00:00.000Z", "2026-11-21T10:00:00.000Z", 3_600)
                default: ("2026-11-20T00:00:00.000Z", "2026-11-22T00:00:00.000Z", 86_400)
                }
            let reply = try await AnalyticsEndpoints.timeseries.run(
                try Self.request(
                    store,
                    ["bucket": .string(bucket), "metric": .string(metric), "from": .string(from), "to": .string(to)]
                )
            )
            let start = try #require(Timestamp(rfc3339: from))
            let points = values.enumerated().map { index, value -> JSONValue in
                ["time": .string((start + .seconds(step * Int64(index))).rfc3339), "value": value]
            }
            let expected: JSONValue = [
                "project_id": "proj_a", "from": .string(from), "to": .string(to), "bucket": .string(bucket),
                "metric": .string(metric), "unit": .string(unit), "data": .array(points),
            ]
            #expect(reply == Reply(status: 200, body: expected))
            let content = try #require(AnalyticsEndpoints.timeseries.answers[0].content)
            #expect(content.schema.faults(in: expected) == [])
        }
    }

    @Test("usage is that of the user's default project, by day and key", arguments: StoreEngine.allCases)
    func usage(engine: StoreEngine) async throws {
        try await engine.withStore { store, database in
            try await Self.fill(store, database)
            let reply = try await UsageEndpoints.read.run(try Self.request(store, ["from": "2026-11-01"]))
            let expected: JSONValue = [
                "data": [
                    ["day": "2026-11-21", "key_id": "key_even", "requests": 2, "images": 2],
                    ["day": "2026-11-21", "key_id": "key_odd", "requests": 3, "images": 3],
                ],
                "total": ["requests": 5, "images": 5],
            ]
            #expect(reply == Reply(status: 200, body: expected))
            let odd = try await UsageEndpoints.read.run(try Self.request(store, ["key_id": "key_odd"]))
            #expect(JSONObject(odd.body ?? .null)?["total"] == ["requests": 3, "images": 3])
        }
    }

    @Test("to another organization's user the project is not there", arguments: StoreEngine.allCases)
    func strangers(engine: StoreEngine) async throws {
        try await engine.withStore { store, database in
            try await Self.fill(store, database)
            for endpoint in [
                LogEndpoints.list, AnalyticsEndpoints.overview, AnalyticsEndpoints.timeseries, UsageEndpoints.read,
            ] {
                let request = try Self.request(store, user: "usr_out", ["bucket": "hour"])
                let error = await #expect(throws: (any Error).self) { _ = try await endpoint.run(request) }
                #expect(error.map { Problem($0).status } == 404, "\(endpoint.id)")
            }
        }
    }

    @Test("what cannot be is refused with the field at fault")
    func faults() async throws {
        try await StoreEngine.sqlite.withStore { store, database in
            try await Self.fill(store, database)
            let cases: [(Endpoint, [String: JSONValue], String)] = [
                (LogEndpoints.list, ["status": "4x"], "status"), (LogEndpoints.list, ["path": "v1"], "path"),
                (LogEndpoints.list, ["method": "G T"], "method"), (LogEndpoints.list, ["from": "soon"], "from"),
                (LogEndpoints.list, ["from": "1h", "to": "2h"], "from"),
                (LogEndpoints.list, ["cursor": "abc"], "cursor"),
                (LogEndpoints.list, ["cursor": .string(PageCursor("x", "y").text)], "cursor"),
                (AnalyticsEndpoints.overview, ["from": "0001-01-01"], "from"),
                (AnalyticsEndpoints.overview, ["to": "x"], "to"),
                (AnalyticsEndpoints.timeseries, ["bucket": "minute", "from": "30d"], "from"),
                (AnalyticsEndpoints.timeseries, ["bucket": "day", "to": "9999-01-01", "from": "1970-01-01"], "from"),
                (UsageEndpoints.read, ["from": "0001-01-01"], "from"), (UsageEndpoints.read, ["to": "yesterday"], "to"),
            ]
            for (endpoint, query, field) in cases {
                let request = try Self.request(store, query)
                let error = await #expect(throws: (any Error).self) { _ = try await endpoint.run(request) }
                let problem = error.map { Problem($0) }
                #expect(problem?.status == 422 && problem?.faults.map(\.field) == [field], "\(endpoint.id) \(query)")
            }
        }
    }

    @Test("examples fit their schemas")
    func examples() {
        for endpoint in LogEndpoints.all + AnalyticsEndpoints.all + UsageEndpoints.all {
            for content in endpoint.answers.compactMap(\.content) {
                #expect(content.schema.faults(in: content.example) == [], "\(endpoint.id)")
            }
        }
    }
}

extension JSONObject {
    fileprivate init?(_ value: JSONValue) {
        guard case .object(let members) = value else { return nil }
        self.init(members)
    }
}
