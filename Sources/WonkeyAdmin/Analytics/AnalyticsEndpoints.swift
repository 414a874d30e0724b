import WonkeyCore

/// A project's figures.
enum AnalyticsEndpoints {
    static let all = [overview, timeseries]

    static let overview = Endpoint(
        id: "readOverview",
        .get,
        "/v1/projects/{id}/analytics/overview",
        tag: .analytics,
        summary: "Sum up a project's requests",
        description: """
            Requests, errors, latencies, bytes and images of a time span, and the busiest keys and paths. Every request \
            counts, refused ones and those that sampling leaves out of the log too. Figures are kept by the hour: the \
            span is widened to whole hours, and `from` and `to` of the answer say which. Latencies are at most 1.6 % off. \
            Of a project's paths, 200 an hour and 500 a day have figures of their own, of its keys 5000; the others \
            count in the sums and are not ranked.
            """,
        parameters: [
            .path("id", .id("proj", "The project's id.")),
            .query("from", .moment("The first moment; 24 hours before the end if left out.")),
            .query("to", .moment("The moment to end before; now if left out.", example: "1h")),
        ],
        answers: [Answer(200, "The figures.", Self.overviewSchema, example: Self.overviewExample)]
    ) { request in
        let operation = ReadOverview(
            project: request.path("id"),
            from: try request.query(moment: "from"),
            to: try request.query(moment: "to")
        )
        return .ok(try await operation.run(in: request.context))
    }

    static let timeseries = Endpoint(
        id: "readTimeseries",
        .get,
        "/v1/projects/{id}/analytics/timeseries",
        tag: .analytics,
        summary: "Read one figure over time",
        description: """
            A value for every minute, hour or day (UTC) of a time span, at most 1500; the span is widened to whole ones. \
            Sums by minute are kept for 7 days and those by hour and day for 400, unless configured otherwise: before \
            that, values are 0.
            """,
        parameters: [
            .path("id", .id("proj", "The project's id.")),
            .query(
                "bucket",
                .choice(AnalyticsBucket.allCases.map(\.rawValue), "How long a bucket is.", example: "hour"),
                isRequired: true
            ),
            .query(
                "metric",
                .choice(
                    AnalyticsMetric.allCases.map(\.rawValue),
                    "Which figure; latencies are in microseconds, rates from 0 to 1. `requests` if left out.",
                    example: "latency_p95"
                )
            ),
            .query("from", .moment("The first moment; an hour, a day or 30 days before the end if left out.")),
            .query("to", .moment("The moment to end before; now if left out.", example: "1h")),
        ],
        answers: [Answer(200, "The values, oldest first.", Self.timeseriesSchema, example: Self.timeseriesExample)]
    ) { request in
        let operation = ReadTimeseries(
            project: request.path("id"),
            bucket: request.query("bucket").flatMap(AnalyticsBucket.init(rawValue:)) ?? .hour,
            metric: request.query("metric").flatMap(AnalyticsMetric.init(rawValue:)) ?? .requests,
            from: try request.query(moment: "from"),
            to: try request.query(moment: "to")
        )
        return .ok(try await operation.run(in: request.context))
    }
}

// MARK: - Schemas

extension AnalyticsEndpoints {
    private static let count = 0...Int64.max

    private static func ranks(of member: Schema.Property) -> Schema {
        .array(
            of: .object([
                member,
                .required("requests", .integer("Requests.", Self.count)),
                .required("errors", .integer("Of them, errors.", Self.count)),
                .required("error_rate", .number("Errors out of requests, 0 to 1.")),
            ]),
            "At most 10, by requests, most first."
        )
    }

    private static let latencies = Schema.object([
        .required("p50", .integer("Half of the requests took no longer.", Self.count).nullable),
        .required("p95", .integer("95 % took no longer.", Self.count).nullable),
        .required("p99", .integer("99 % took no longer.", Self.count).nullable),
    ])

    private static let overviewSchema = Schema.object(
        name: "AnalyticsOverview",
        description: "A project's figures over whole hours.",
        [
            .required("project_id", .id("proj", "The project.")),
            .required("from", .time("The first moment covered.", example: "2026-11-20T09:00:00.000Z")),
            .required("to", .time("The moment before which it ends.", example: "2026-11-21T10:00:00.000Z")),
            .required("requests", .integer("Requests.", Self.count)),
            .required(
                "errors",
                .integer("Of them, answers from 400 on, no answers, and answers that broke off.", Self.count)
            ),
            .required("client_errors", .integer("Of the errors, those that the client made.", Self.count)),
            .required("server_errors", .integer("Of the errors, the others.", Self.count)),
            .required("error_rate", .number("Errors out of requests, 0 to 1.")),
            .required("latency_us", Self.latencies),
            .required("bytes_received", .integer("Bytes of requests.", Self.count)),
            .required("bytes_sent", .integer("Bytes of answers.", Self.count)),
            .required("images", .integer("Images returned.", Self.count)),
            .required("top_keys", Self.ranks(of: .required("key_id", .string("The key's id.")))),
            .required("top_paths", Self.ranks(of: .required("path", .string("The path, without query.")))),
        ]
    )

    private static let overviewExample: JSONValue = [
        "project_id": "proj_5fZt0aQ2mWx81LcV", "from": "2026-11-20T09:00:00.000Z", "to": "2026-11-21T10:00:00.000Z",
        "requests": 48_210, "errors": 964, "client_errors": 921, "server_errors": 43, "error_rate": .number(0.02),
        "latency_us": ["p50": 4_000, "p95": 18_176, "p99": 61_440], "bytes_received": 5_120_000,
        "bytes_sent": 90_177_536, "images": 212,
        "top_keys": [
            ["key_id": "key_5fZt0aQ2mWx81LcV", "requests": 30_100, "errors": 301, "error_rate": .number(0.01)]
        ],
        "top_paths": [["path": "/v1/images", "requests": 12_004, "errors": 600, "error_rate": .number(0.05)]],
    ]

    private static let timeseriesSchema = Schema.object(
        name: "AnalyticsTimeseries",
        description: "One figure over time.",
        [
            .required("project_id", .id("proj", "The project.")),
            .required("from", .time("When the first bucket begins.", example: "2026-11-21T08:00:00.000Z")),
            .required("to", .time("When the last bucket ends.", example: "2026-11-21T10:00:00.000Z")),
            .required("bucket", .choice(AnalyticsBucket.allCases.map(\.rawValue), "How long a bucket is.")),
            .required("metric", .choice(AnalyticsMetric.allCases.map(\.rawValue), "Which figure.")),
            .required("unit", .string("What the values count; `us` is microseconds, `1` a rate.")),
            .required(
                "data",
                .array(
                    of: .object([
                        .required("time", .time("When the bucket begins.", example: "2026-11-21T08:00:00.000Z")),
                        .required("value", .number("`null` for the latency of a bucket without requests.").nullable),
                    ]),
                    "Every bucket, oldest first."
                )
            ),
        ]
    )

    private static let timeseriesExample: JSONValue = [
        "project_id": "proj_5fZt0aQ2mWx81LcV", "from": "2026-11-21T08:00:00.000Z", "to": "2026-11-21T10:00:00.000Z",
        "bucket": "hour", "metric": "latency_p95", "unit": "us",
        "data": [
            ["time": "2026-11-21T08:00:00.000Z", "value": 18_176],
            ["time": "2026-11-21T09:00:00.000Z", "value": .null],
        ],
    ]
}
