import WonkeyCore

/// Projects (`/v1/projects…`).
enum ProjectEndpoints {
    static let all = [create, list, show, update, delete]

    static let id = Parameter.path("id", .id("proj", "The project's id."))

    static let create = Endpoint(
        id: "createProject",
        .post,
        "/v1/projects",
        tag: .projects,
        summary: "Create a project",
        description: "Takes the role admin.",
        body: Body(
            .object([
                .required("name", .name(of: "project")),
                .optional("organization_id", .id("org", "Where; the organization you own if left out.")),
            ]),
            example: ["name": "Image API"]
        ),
        answers: [Answer(201, "The project.", .project, example: Schema.projectExample)],
        problems: [403, 404, 409],
        takesIdempotencyKey: true
    ) { request in
        var generator = SystemRandomNumberGenerator()
        let name = try checkedProjectName(request.body.text("name"))
        var organization = request.body.text(ifPresent: "organization_id").map(OrganizationID.init)
        if organization == nil {
            let home = DefaultProject(user: try request.user.id)
            organization = try await home.run(in: try request.context, using: &generator).organizationID
        }
        let operation = CreateProject(name: name, organization: organization ?? CreateProject.defaultOrganization)
        let project = try await operation.run(in: try request.context, using: &generator)
        return .created(project, at: "/v1/projects/\(project.id)").tagged(version: project.version)
    }

    static let list = Endpoint(
        id: "listProjects",
        .get,
        "/v1/projects",
        tag: .projects,
        summary: "List projects",
        description: "Those of all organizations that you are a member of, oldest first.",
        parameters: [.limit, .cursor],
        answers: [
            Answer(
                200,
                "The projects.",
                .page(of: .project),
                example: ["data": [Schema.projectExample], "next_cursor": nil]
            )
        ]
    ) { request in .page(try await ListProjects().run(try request.page, in: try request.context)) }

    static let show = Endpoint(
        id: "getProject",
        .get,
        "/v1/projects/{id}",
        tag: .projects,
        summary: "Show a project",
        description: "With its limits and how many keys it has.",
        parameters: [id],
        answers: [Answer(200, "The project.", .projectDetails, example: Schema.projectDetailsExample)],
        takesIfMatch: true
    ) { request in
        let outcome = try await ShowProject(nameOrID: request.path("id")).run(in: try request.context)
        try request.expect(version: outcome.project.version)
        return .ok(outcome).tagged(version: outcome.project.version)
    }

    static let update = Endpoint(
        id: "updateProject",
        .patch,
        "/v1/projects/{id}",
        tag: .projects,
        summary: "Change a project",
        description: "Changes the members that are sent, and nothing else. Takes the role admin.",
        parameters: [id],
        body: Body(.object([.optional("name", .name(of: "project"))]), example: ["name": "Image API"]),
        answers: [Answer(200, "The project as it is now.", .project, example: Schema.projectExample)],
        problems: [403, 409],
        takesIfMatch: true
    ) { request in
        let operation = UpdateProject(
            nameOrID: request.path("id"),
            name: request.body.text(ifPresent: "name"),
            ifVersion: try request.expectedVersion
        )
        let project = try await operation.run(in: try request.context)
        return .ok(project).tagged(version: project.version)
    }

    static let delete = Endpoint(
        id: "deleteProject",
        .delete,
        "/v1/projects/{id}",
        tag: .projects,
        summary: "Delete a project",
        description: "Its keys are refused within a second by every proxy. Takes the role admin.",
        parameters: [id],
        answers: [Answer(204, "It is deleted.")],
        problems: [403, 409],
        takesIfMatch: true
    ) { request in
        let operation = DeleteProject(nameOrID: request.path("id"), ifVersion: try request.expectedVersion)
        _ = try await operation.run(in: try request.context)
        return .noContent
    }
}

extension Schema {
    static let project = Schema.object(
        name: "Project",
        description: "A protected API and its keys.",
        [
            .required("id", .id("proj")),
            .required("name", .string("Unique within the organization.", length: 1...512, example: "Image API")),
            .required("organization_id", .id("org")),
            .required("created_at", .time()),
            .required("version", .integer("Grows with every change; the `ETag` holds it.", 1...Int64.max)),
        ]
    )

    static let projectDetails = Schema.project.adding(
        name: "ProjectDetails",
        [
            .required("keys", .integer("How many keys it has, revoked ones too.", 0...Int64.max)),
            .required("limits", .array(of: .limit, "The project's own exceptions to limits.")),
        ]
    )

    static let projectExample: JSONValue = [
        "id": "proj_8Qb2LmZx04TnYw7K",
        "name": "Image API",
        "organization_id": "org_3hVc9RkPq61sJdUe",
        "created_at": "2026-11-21T09:42:40.123Z",
        "version": 1,
    ]

    static let projectDetailsExample = Schema.projectExample.replacing([
        "keys": 2, "limits": [["name": "per-minute", "limit": 100, "window": "1m", "window_ms": 60_000]],
    ])
}

extension EndpointRequest {
    /// Checks `If-Match` where a thing is only read.
    func expect(version: Int64) throws(Problem) {
        guard let expected = try self.expectedVersion, expected != version else { return }
        throw .preconditionFailed()
    }
}
