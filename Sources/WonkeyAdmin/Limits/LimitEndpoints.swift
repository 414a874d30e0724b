import WonkeyCore

/// Exceptions to configured limits, of a project and of a key.
///
/// One version counts for all of a subject's: the key's or project's own.
enum LimitEndpoints {
    static let all = [
        list(of: .project), set(of: .project), remove(of: .project), list(of: .key), set(of: .key), remove(of: .key),
    ]

    /// Whose limits a route is about.
    enum Subject: String, Sendable {
        case key, project

        var path: String { "/v1/\(self.rawValue)s/{id}/limits" }
        var parameter: Parameter { self == .key ? KeyEndpoints.id : ProjectEndpoints.id }
        var suffix: String { self == .key ? "KeyLimit" : "ProjectLimit" }
        var role: String { self == .key ? "developer" : "admin" }

        func subject(_ id: String) -> LimitSubject {
            switch self {
            case .key: .key(id)
            case .project: .project(id)
            }
        }

        func version(_ id: String, in context: AdministrationContext) async throws(OperationError) -> Int64 {
            switch self {
            case .key: try await ShowKey(id: id).run(in: context).version
            case .project: try await context.project(id).version
            }
        }
    }

    private static let name = Parameter.path(
        "name",
        .string("The configured limit's name.", length: 1...64, example: "per-minute")
    )

    private static func list(of subject: Subject) -> Endpoint {
        Endpoint(
            id: "list\(subject.suffix)s",
            .get,
            subject.path,
            tag: .limits,
            summary: "List the limits of a \(subject.rawValue)",
            description: "Its own exceptions to the configured limits, by name; all on one page.",
            parameters: [subject.parameter],
            answers: [
                Answer(
                    200,
                    "The exceptions; the `ETag` is the \(subject.rawValue)'s.",
                    .page(of: .limitOverride),
                    example: ["data": [Schema.limitExample(of: subject)], "next_cursor": nil]
                )
            ],
            takesIfMatch: true
        ) { request in
            let (id, context) = (request.path("id"), try request.context)
            // Read before the list: a version that is too old is refused later, one that is too new would not be.
            let version = try await subject.version(id, in: context)
            try request.expect(version: version)
            let overrides = try await ListLimits(subject: subject.subject(id)).run(in: context)
            return .page(overrides, next: nil).tagged(version: version)
        }
    }

    private static func set(of subject: Subject) -> Endpoint {
        Endpoint(
            id: "set\(subject.suffix)",
            .put,
            subject.path + "/{name}",
            tag: .limits,
            summary: "Set a limit of a \(subject.rawValue)",
            description: "Sets or replaces its exception to a configured limit. Takes the role \(subject.role).",
            parameters: [subject.parameter, self.name],
            body: Body(Schema.object(Schema.quotaInput), example: ["limit": 100, "window": "1m"]),
            answers: [
                Answer(
                    200,
                    "The exception; the `ETag` is the \(subject.rawValue)'s.",
                    .limitOverride,
                    example: Schema.limitExample(of: subject)
                )
            ],
            problems: [403],
            takesIfMatch: true
        ) { request in
            let operation = SetLimit(
                subject: subject.subject(request.path("id")),
                limits: [try LimitArgument(name: request.path("name"), request.body)],
                ifVersion: try request.expectedVersion
            )
            let outcome = try await operation.run(in: try request.context)
            guard let override = outcome.overrides.first else { throw Problem.failure }
            return .ok(override).tagged(version: outcome.version)
        }
    }

    private static func remove(of subject: Subject) -> Endpoint {
        Endpoint(
            id: "remove\(subject.suffix)",
            .delete,
            subject.path + "/{name}",
            tag: .limits,
            summary: "Remove a limit of a \(subject.rawValue)",
            description: "The configured limit applies again. Takes the role \(subject.role).",
            parameters: [subject.parameter, self.name],
            answers: [Answer(204, "It is removed.")],
            problems: [403],
            takesIfMatch: true
        ) { request in
            let operation = RemoveLimit(
                subject: subject.subject(request.path("id")),
                name: request.path("name"),
                ifVersion: try request.expectedVersion
            )
            _ = try await operation.run(in: try request.context)
            return .noContent
        }
    }
}

extension LimitArgument {
    /// Takes the members `limit` and `window` of a body.
    ///
    /// - Parameters:
    ///   - name: The limit's name.
    ///   - object: Fits ``Schema/quotaInput``.
    ///   - path: Stands before the members' names where they are nested.
    /// - Throws: ``Problem`` 422.
    init(name: String, _ object: JSONObject, at path: String = "") throws(Problem) {
        guard let window = Duration(text: object.text("window")), window >= .milliseconds(1), window <= Self.windowMax
        else {
            let range = "must be a duration from 1ms to \(Self.windowMax.text), such as 1m or 24h"
            throw .invalid(field: path + "window", range)
        }
        self.init(name: name, quota: Quota(limit: Int(object.integer("limit")), window: window))
    }
}

extension Schema {
    static let quotaInput: [Property] = [
        .required(
            "limit",
            .integer("Units per window; 0 refuses everything.", 0...Int64(LimitArgument.limitMax), example: 100)
        ),
        .required("window", .string("A duration, such as `1m` or `24h`.", length: 2...20, example: "1m")),
    ]

    static let limitInput = Schema.object(
        [.required("name", .string("The configured limit's name.", length: 1...64, example: "per-minute"))]
            + Self.quotaInput
    )

    static let limit = Schema.object(
        name: "Limit",
        description: "An exception to a configured limit.",
        [
            .required("name", .string("The configured limit's name.", example: "per-minute")),
            .required("limit", .integer("Units per window.", 0...Int64(LimitArgument.limitMax))),
            .required("window", .string("A duration.", example: "1m")),
            .required("window_ms", .integer("The same in milliseconds.", 1...Int64.max)),
        ]
    )

    static let limitOverride = Schema.limit.adding(
        name: "LimitOverride",
        [.required("key_id", .id("key").nullable), .required("project_id", .id("proj").nullable)]
    )

    static func limitExample(of subject: LimitEndpoints.Subject) -> JSONValue {
        let isKey = subject == .key
        return [
            "name": "per-minute", "limit": 100, "window": "1m", "window_ms": 60_000,
            "key_id": isKey ? "key_5fZt0aQ2mWx81LcV" : nil, "project_id": isKey ? nil : "proj_8Qb2LmZx04TnYw7K",
        ]
    }
}
