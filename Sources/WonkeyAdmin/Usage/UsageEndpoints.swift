import WonkeyCore

/// What the keys of a user's default project used.
enum UsageEndpoints {
    static let all = [read]

    static let read = Endpoint(
        id: "readUsage",
        .get,
        "/v1/usage",
        tag: .usage,
        summary: "Read daily images and requests",
        description: """
            Admitted requests and returned images of the user's default project, by day (UTC) and key. Days without use \
            are left out; 366 days at most.
            """,
        parameters: [
            .query("from", .moment("The first day; 29 days before the last if left out.", example: "30d")),
            .query("to", .moment("The last day, inclusive; today if left out.", example: "2026-11-21")),
            .query("key_id", .id("key", "A key's id; it need not exist any more.")),
        ],
        answers: [Answer(200, "The days with use, oldest first.", Self.schema, example: Self.example)]
    ) { request in
        let context = try request.context
        var generator = SystemRandomNumberGenerator()
        let project = try await DefaultProject(user: try request.user.id).run(in: context, using: &generator)
        let operation = ReadUsage(
            project: project.id.rawValue,
            key: request.query("key_id"),
            from: try request.query(moment: "from"),
            to: try request.query(moment: "to")
        )
        return .ok(try await operation.run(in: context))
    }

    private static let count = 0...Int64.max

    private static let schema = Schema.object(
        name: "Usage",
        description: "What keys used, by day.",
        [
            .required(
                "data",
                .array(
                    of: .object([
                        .required("day", .string("The day (UTC).", format: .date, example: "2026-11-21")),
                        .required("key_id", .string("The key.")),
                        .required("requests", .integer("Requests that were admitted.", Self.count)),
                        .required("images", .integer("Images returned.", Self.count)),
                    ])
                )
            ),
            .required(
                "total",
                .object([
                    .required("requests", .integer("All requests.", Self.count)),
                    .required("images", .integer("All images.", Self.count)),
                ])
            ),
        ]
    )

    private static let example: JSONValue = [
        "data": [["day": "2026-11-21", "key_id": "key_5fZt0aQ2mWx81LcV", "requests": 128, "images": 12]],
        "total": ["requests": 128, "images": 12],
    ]
}
