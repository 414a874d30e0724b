import WonkeyCore

/// Keys by themselves (`/v1/keys…`): listed and made in the user's default project, and any key the user may see by its id.
enum KeyEndpoints {
    static let all = [create, list, show, update, delete, revoke, rotate] + ProjectKeyEndpoints.all

    static let id = Parameter.path("id", .id("key", "The key's id, not the key."))

    static let create = Endpoint(
        id: "createKey",
        .post,
        "/v1/keys",
        tag: .keys,
        summary: "Create a key of the default project",
        description: "The answer holds the key's text, this one time. Takes the role developer.",
        body: KeyInput.body,
        answers: [Answer(201, "The key with its text.", .issuedKey, example: Schema.issuedKeyExample)],
        problems: [403, 404, 409],
        takesIdempotencyKey: true
    ) { request in
        var generator = SystemRandomNumberGenerator()
        let operation = DefaultProject(user: try request.user.id)
        let project = try await operation.run(in: try request.context, using: &generator)
        return try await KeyInput.create(in: project.id.rawValue, request)
    }

    static let list = Endpoint(
        id: "listKeys",
        .get,
        "/v1/keys",
        tag: .keys,
        summary: "List the keys of the default project",
        description: "Oldest first.",
        parameters: [.limit, .cursor],
        answers: [KeyInput.page],
        problems: [404, 409]
    ) { request in
        let page = try request.page
        var generator = SystemRandomNumberGenerator()
        let operation = DefaultProject(user: try request.user.id)
        let project = try await operation.run(in: try request.context, using: &generator)
        return .page(try await ListKeys(project: project.id.rawValue).run(page, in: try request.context))
    }

    static let show = Endpoint(
        id: "getKey",
        .get,
        "/v1/keys/{id}",
        tag: .keys,
        summary: "Show a key",
        parameters: [id],
        answers: [Answer(200, "The key, without its text.", .key, example: Schema.keyExample)],
        takesIfMatch: true
    ) { request in
        let key = try await ShowKey(id: request.path("id")).run(in: try request.context)
        try request.expect(version: key.version)
        return .ok(key).tagged(version: key.version)
    }

    static let update = Endpoint(
        id: "updateKey",
        .patch,
        "/v1/keys/{id}",
        tag: .keys,
        summary: "Change a key",
        description: """
            Changes the members that are sent, and nothing else. Takes the role developer. Proxies follow within a second.
            """,
        parameters: [id],
        body: Body(
            .object([
                .optional("name", .name(of: "key")),
                .optional(
                    "expires_at",
                    .time("When it ends by itself; `null` for never.", example: "2099-01-01T00:00:00.000Z").nullable
                ),
                .optional("scopes", .scopes),
                .optional("state", .choice(["active", "disabled"], "Whether it is let in.")),
                .optional("external_id", Schema.externalID.nullable),
            ]),
            example: ["name": "alice's laptop", "expires_at": nil]
        ),
        answers: [Answer(200, "The key as it is now.", .key, example: Schema.keyExample)],
        problems: [403, 409],
        takesIfMatch: true
    ) { request in
        var operation = UpdateKey(
            id: request.path("id"),
            name: request.body.text(ifPresent: "name"),
            permissions: request.body.texts(ifPresent: "scopes"),
            state: request.body.text(ifPresent: "state").flatMap(KeyState.init),
            ifVersion: try request.expectedVersion
        )
        if request.body.contains("expires_at") {
            operation.expiry = request.body.time(ifPresent: "expires_at").map { .at(.at($0)) } ?? .never
        }
        if request.body.contains("external_id") {
            operation.owner = request.body.text(ifPresent: "external_id").map { .identity(externalID: $0) } ?? .nobody
        }
        let key = try await operation.run(in: try request.context)
        return .ok(key).tagged(version: key.version)
    }

    static let delete = Endpoint(
        id: "deleteKey",
        .delete,
        "/v1/keys/{id}",
        tag: .keys,
        summary: "Delete a key",
        description: "No list shows it any more. Takes the role developer. Proxies follow within a second.",
        parameters: [id],
        answers: [Answer(204, "It is deleted.")],
        problems: [403],
        takesIfMatch: true
    ) { request in
        let operation = DeleteKey(id: request.path("id"), ifVersion: try request.expectedVersion)
        _ = try await operation.run(in: try request.context)
        return .noContent
    }

    static let revoke = Endpoint(
        id: "revokeKey",
        .post,
        "/v1/keys/{id}/revoke",
        tag: .keys,
        summary: "Revoke a key",
        description: """
            Ends it for good; it stays in the lists. Takes the role developer. Every proxy refuses it within a second.
            """,
        parameters: [id],
        answers: [
            Answer(200, "The key as it is now.", .key, example: Schema.keyExample.replacing(["state": "revoked"]))
        ],
        problems: [403, 409]
    ) { request in
        let key = try await RevokeKey(id: request.path("id")).run(in: try request.context)
        return .ok(key).tagged(version: key.version)
    }

    static let rotate = Endpoint(
        id: "rotateKey",
        .post,
        "/v1/keys/{id}/rotate",
        tag: .keys,
        summary: "Replace a key by a new one",
        description: """
            The new key has the old one's name, scopes, limits and expiry, and its text is shown this one time. The old one \
            works for the overlap. Takes the role developer.
            """,
        parameters: [id],
        body: Body(
            .object([
                .optional(
                    "overlap",
                    .string(
                        "How long the old key still works: 0s to 90d, 1h if left out.",
                        length: 2...20,
                        example: "24h"
                    )
                )
            ]),
            example: ["overlap": "24h"],
            isRequired: false
        ),
        answers: [Answer(201, "The new key with its text.", .rotatedKey, example: Schema.rotatedKeyExample)],
        problems: [403, 409],
        takesIdempotencyKey: true
    ) { request in
        guard let overlap = Duration(text: request.body.text(ifPresent: "overlap") ?? "1h") else {
            throw Problem.invalid(field: "overlap", "must be a duration such as 1h, 30m or 0s")
        }
        var generator = SystemRandomNumberGenerator()
        let operation = RotateKey(id: request.path("id"), overlap: overlap)
        let outcome = try await operation.run(in: try request.context, using: &generator)
        return .created(outcome, at: "/v1/keys/\(outcome.issued.key.id)").tagged(version: outcome.issued.key.version)
    }
}

/// The keys of one project (`/v1/projects/{id}/keys`).
enum ProjectKeyEndpoints {
    static let all = [create, list]

    static let create = Endpoint(
        id: "createProjectKey",
        .post,
        "/v1/projects/{id}/keys",
        tag: .keys,
        summary: "Create a key of a project",
        description: "The answer holds the key's text, this one time. Takes the role developer.",
        parameters: [ProjectEndpoints.id],
        body: KeyInput.body,
        answers: [Answer(201, "The key with its text.", .issuedKey, example: Schema.issuedKeyExample)],
        problems: [403, 409],
        takesIdempotencyKey: true
    ) { request in try await KeyInput.create(in: request.path("id"), request) }

    static let list = Endpoint(
        id: "listProjectKeys",
        .get,
        "/v1/projects/{id}/keys",
        tag: .keys,
        summary: "List the keys of a project",
        description: "Oldest first.",
        parameters: [ProjectEndpoints.id, .limit, .cursor],
        answers: [KeyInput.page]
    ) { request in
        let page = try request.page
        return .page(try await ListKeys(project: request.path("id")).run(page, in: try request.context))
    }
}

/// What both ways to make and list keys share.
extension KeyInput {
    fileprivate static let page = Answer(
        200,
        "The keys, without their texts.",
        .page(of: .key),
        example: ["data": [Schema.keyExample], "next_cursor": nil]
    )

    fileprivate static let body = Body(
        .object([
            .optional("name", .name(of: "key")),
            .optional("environment", .choice(["live", "test"], "Visible in the key's text; live if left out.")),
            .optional(
                "expires_at",
                .time("When it ends by itself; never if left out.", example: "2099-01-01T00:00:00.000Z").nullable
            ),
            .optional("scopes", .scopes),
            .optional("external_id", Schema.externalID.nullable),
            .optional(
                "limits",
                .array(of: .limitInput, "The key's own exceptions to configured limits, each once.", count: 0...100)
            ),
        ]),
        example: ["name": "alice", "environment": "live", "scopes": ["images:write"]],
        isRequired: false
    )

    fileprivate static func create(in project: String, _ request: EndpointRequest) async throws -> Reply {
        let operation = CreateKey(
            project: project,
            name: request.body.text(ifPresent: "name") ?? "API key",
            environment: request.body.text(ifPresent: "environment").flatMap(KeyEnvironment.init) ?? .live,
            expires: request.body.time(ifPresent: "expires_at").map(Moment.at),
            permissions: request.body.texts(ifPresent: "scopes") ?? [],
            externalID: request.body.text(ifPresent: "external_id"),
            limits: try (request.body.objects(ifPresent: "limits") ?? []).enumerated().map { index, object in
                try LimitArgument(name: object.text("name"), object, at: "limits[\(index)].")
            }
        )
        var generator = SystemRandomNumberGenerator()
        let issued = try await operation.run(in: try request.context, using: &generator)
        return .created(issued, at: "/v1/keys/\(issued.key.id)").tagged(version: issued.key.version)
    }
}
