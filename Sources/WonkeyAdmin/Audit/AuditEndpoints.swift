import WonkeyCore

/// Who changed what (`…/audit`).
enum AuditEndpoints {
    static let all = [ofOrganization, ofProject]

    static let ofOrganization = Endpoint(
        id: "listOrganizationAudit",
        .get,
        "/v1/organizations/{id}/audit",
        tag: .audit,
        summary: "Read an organization's audit log",
        description: "Every change of the organization, its projects, keys, limits and members, newest first.",
        parameters: [.path("id", .id("org", "The organization's id."))] + filters,
        answers: [page]
    ) { request in
        try await Self.read(.organization(OrganizationID(rawValue: request.path("id"))), request)
    }

    static let ofProject = Endpoint(
        id: "listProjectAudit",
        .get,
        "/v1/projects/{id}/audit",
        tag: .audit,
        summary: "Read a project's audit log",
        description: "Every change of the project, its keys and limits, newest first.",
        parameters: [ProjectEndpoints.id] + filters,
        answers: [page]
    ) { request in try await Self.read(.project(request.path("id")), request) }

    private static let filters: [Parameter] = [
        .query("subject", .string("The id of what was changed.", length: 1...128, example: "key_5fZt0aQ2mWx81LcV")),
        .query("actor", .string("Who changed it.", length: 1...128, example: "user:usr_5fZt0aQ2mWx81LcV")),
        .query("event", .string("What happened.", length: 1...64, example: "key.update")),
        .query("from", .moment("The first moment.")),
        .query("to", .moment("The first moment no more.")),
        .limit,
        .cursor,
    ]

    private static let page = Answer(
        200,
        "The changes.",
        .page(of: .auditRecord),
        example: ["data": [Schema.auditExample], "next_cursor": nil]
    )

    private static func read(_ place: ReadAudit.Place, _ request: EndpointRequest) async throws -> Reply {
        let operation = ReadAudit(
            place: place,
            subject: request.query("subject"),
            actor: request.query("actor"),
            event: request.query("event"),
            from: try request.query(moment: "from"),
            to: try request.query(moment: "to")
        )
        return .page(try await operation.run(try request.page, in: try request.context))
    }
}

extension Schema {
    static let auditRecord = Schema.object(
        name: "AuditRecord",
        description: "One change.",
        [
            .required("id", .id("log")),
            .required("time", .time()),
            .required("organization_id", .id("org")),
            .required("project_id", .id("proj").nullable),
            .required(
                "actor",
                .string("Who: `user:…`, or `cli:…` for the operator.", example: "user:usr_5fZt0aQ2mWx81LcV")
            ),
            .required("source", .string("From where: a client's address, or `wonkey-admin`.", example: "203.0.113.7")),
            .required("event", .string("What happened.", example: "key.update")),
            .required("subject_kind", .string("What it happened to.", example: "key")),
            .required("subject_id", .string("Its id.", example: "key_5fZt0aQ2mWx81LcV")),
            .required("before", .any("Its state before, without secrets; `null` where there was none.")),
            .required("after", .any("Its state after, without secrets; `null` where there is none.")),
        ]
    )

    static let auditExample: JSONValue = [
        "id": "log_5fZt0aQ2mWx81LcV",
        "time": "2026-11-21T09:42:40.123Z",
        "organization_id": "org_3hVc9RkPq61sJdUe",
        "project_id": "proj_8Qb2LmZx04TnYw7K",
        "actor": "user:usr_2WxQ81LcV0mZt5fa",
        "source": "203.0.113.7",
        "event": "project.update",
        "subject_kind": "project",
        "subject_id": "proj_8Qb2LmZx04TnYw7K",
        "before": ["name": "Image API"],
        "after": ["name": "Images"],
    ]
}
