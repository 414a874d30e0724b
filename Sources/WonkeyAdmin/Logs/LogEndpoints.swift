import WonkeyCore

/// A project's request log.
enum LogEndpoints {
    static let all = [list]

    static let list = Endpoint(
        id: "listLogs",
        .get,
        "/v1/projects/{id}/logs",
        tag: .logs,
        summary: "List a project's requests",
        description: """
            Newest first. A page begins where the one before ended, so that requests that are logged meanwhile move \
            nothing. Fast on a log of any size: no filter, `from` and `to`, a class of statuses, an exact path, a key. \
            A single status is looked for among its class, a method and the start of a path among all.
            """,
        parameters: [
            .path("id", .id("proj", "The project's id.")),
            .query("status", .string("A status, or a class such as `4xx`.", length: 1...8, example: "4xx")),
            .query("path", .string("A path, or with `*` at its end its start.", length: 1...1_024, example: "/v1/*")),
            .query("method", .string("A method.", length: 1...32, example: "POST")),
            .query("key_id", .id("key", "A key's id; it need not exist any more.")),
            .query("from", .moment("The first moment.")),
            .query("to", .moment("The moment to end before.", example: "1h")),
            .cursor, .limit,
        ],
        answers: [Answer(200, "Requests, newest first.", .page(of: Self.schema), example: Self.example)]
    ) { request in
        let selection = LogSelection(
            project: request.path("id"),
            key: request.query("key_id"),
            status: request.query("status"),
            path: request.query("path"),
            method: request.query("method"),
            from: try request.query(moment: "from"),
            to: try request.query(moment: "to")
        )
        let operation = ReadLogs(selection: selection, limit: request.pageLimit, before: try Self.cursor(of: request))
        let outcome = try await operation.run(in: request.context)
        return .page(outcome.records, next: outcome.next.map { PageCursor($0.time.rfc3339, $0.id) })
    }

    private static func cursor(of request: EndpointRequest) throws(Problem) -> LogCursor? {
        guard let cursor = try request.cursor(parts: 2) else { return nil }
        guard let time = Timestamp(rfc3339: cursor.parts[0]), !cursor.parts[1].contains("\0") else { throw .badCursor }
        return LogCursor(time: time, id: cursor.parts[1])
    }

    private static let schema = Schema.object(
        name: "LogRecord",
        description: "A request that passed through a proxy; no query, no body, no key.",
        [
            .required("id", .string("Unique, rising with time.")),
            .required("request_id", .string("The `X-Request-Id` that client and upstream saw.")),
            .required("time", .time("When it began.")),
            .required("project_id", .id("proj", "The project.").nullable),
            .required("key_id", .string("The key, where it has one.").nullable),
            .required("method", .string("The method.")),
            .required("path", .string("The path, without query, keys in it cut, at most 1024 bytes.")),
            .required("route", .string("The route of the configuration.").nullable),
            .required("status", .integer("What was answered; 499 if the client left before.")),
            .required("latency_us", .integer("Microseconds until the answer's end.")),
            .required("bytes_received", .integer("Bytes of the request.")),
            .required("bytes_sent", .integer("Bytes of the answer.")),
            .required("client_address", .string("The client's IP address.")),
            .required("user_agent", .string("The client's program, at most 256 characters.").nullable),
            .required("limit_verdict", .choice(LimitVerdict.allCases.map(\.rawValue), "What the limits said.")),
            .required("fault", .choice(Fault.allCases.map(\.rawValue), "Whose fault it was.")),
            .required("images", .integer("Images returned.")),
        ]
    )

    private static let example: JSONValue = [
        "data": [
            [
                "id": "019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b", "request_id": "019a1b2c-3d4e-7f50-8a6b-7c8d9e0f1a2b",
                "time": "2026-11-21T09:42:40.123Z", "project_id": "proj_5fZt0aQ2mWx81LcV",
                "key_id": "key_5fZt0aQ2mWx81LcV", "method": "POST", "path": "/v1/generate", "route": "generate",
                "status": 429, "latency_us": 812, "bytes_received": 96, "bytes_sent": 214,
                "client_address": "192.0.2.7", "user_agent": "curl/8.5.0", "limit_verdict": "refused",
                "fault": "none", "images": 0,
            ]
        ],
        "next_cursor": .null,
    ]
}
