/// The OpenAPI 3.1 document of a list of endpoints.
package enum OpenAPIDocument {
    /// Makes the document.
    ///
    /// - Parameter endpoints: What the service offers; the routes are made from the same list.
    /// - Returns: The document.
    package static func json(of endpoints: [Endpoint]) -> JSONValue {
        var components = SchemaComponents()
        let paths = Self.paths(endpoints, &components)
        _ = components.json(of: Problem.schema)
        let used = Set(endpoints.map(\.tag))
        let tags = Tag.allCases.filter(used.contains).map { tag -> JSONValue in
            ["name": .string(tag.rawValue), "description": .string(tag.description)]
        }
        return [
            "openapi": "3.1.0",
            "jsonSchemaDialect": "https://json-schema.org/draft/2020-12/schema",
            "info": [
                "title": "WonKey management API", "version": "1.0.0",
                "summary": "Projects, keys, limits, logs and analytics.",
                "description": .string(Self.description),
                "license": ["name": "Apache-2.0", "identifier": "Apache-2.0"],
            ],
            "servers": [["url": "/", "description": "This service."]],
            "security": [["bearer": []]],
            "tags": .array(tags),
            "paths": paths,
            "components": [
                "securitySchemes": [
                    "bearer": [
                        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
                        "description": "The `access_token` that registering, signing in or refreshing gave.",
                    ]
                ],
                "schemas": components.json,
            ],
        ]
    }

    static let description = """
        JSON in snake case; times are RFC 3339 in UTC with milliseconds. Lists are `{"data": […], "next_cursor": …}`, a \
        page at a time. Problems are `application/problem+json` (RFC 9457); with 422 their `errors` name the fields. \
        Things of others read as absent (404); what your role forbids is 403. Things that can be changed have an `ETag`; \
        send it as `If-Match`, and a change that somebody else made meanwhile is answered with 412 instead of lost. A \
        POST that creates takes an `Idempotency-Key`: repeated within 24 hours it is answered as before. If the service died \
        after the change and before it had kept its answer, the repetition is answered with 409 and changes nothing: look \
        at what is there.
        """

    private static func paths(_ endpoints: [Endpoint], _ components: inout SchemaComponents) -> JSONValue {
        var paths: [JSONValue.Member] = []
        for endpoint in endpoints {
            let operation = JSONValue.Member(
                endpoint.method.rawValue.lowercased(),
                Self.operation(endpoint, &components)
            )
            if let index = paths.firstIndex(where: { $0.name == endpoint.path }),
                case .object(let operations) = paths[index].value
            {
                paths[index].value = .object(operations + [operation])
            } else {
                paths.append(.init(endpoint.path, .object([operation])))
            }
        }
        return .object(paths)
    }

    private static func operation(_ endpoint: Endpoint, _ components: inout SchemaComponents) -> JSONValue {
        var members: [JSONValue.Member] = [
            .init("operationId", .string(endpoint.id)), .init("tags", [.string(endpoint.tag.rawValue)]),
            .init("summary", .string(endpoint.summary)),
        ]
        if let description = endpoint.description { members.append(.init("description", .string(description))) }
        if endpoint.access == .anyone { members.append(.init("security", [])) }
        let parameters = Self.parameters(endpoint, &components)
        if !parameters.isEmpty { members.append(.init("parameters", .array(parameters))) }
        if let body = endpoint.body {
            members.append(
                .init(
                    "requestBody",
                    [
                        "required": .bool(body.isRequired),
                        "content": [
                            "application/json": ["schema": components.json(of: body.schema), "example": body.example]
                        ],
                    ]
                )
            )
        }
        members.append(.init("responses", Self.responses(endpoint, &components)))
        return .object(members)
    }

    private static func parameters(_ endpoint: Endpoint, _ components: inout SchemaComponents) -> [JSONValue] {
        var parameters = endpoint.parameters.map { parameter in
            Self.parameter(
                parameter.name,
                parameter.place.rawValue,
                parameter.isRequired,
                parameter.schema,
                &components
            )
        }
        if endpoint.takesIdempotencyKey {
            let schema = Schema.string(
                // No example: who copied it for a second request would be told that it was used.
                "Makes repeating the request safe: a value of your own, such as a new UUID.",
                length: 1...255,
                pattern: "^[!-~]+$"
            )
            parameters.append(Self.parameter("Idempotency-Key", "header", false, schema, &components))
        }
        if endpoint.takesIfMatch {
            let schema = Schema.string(
                "The `ETag` that the thing must still have.",
                pattern: #"^([*]|(W/)?"[!#-~]*")$"#,
                example: "\"3\""
            )
            parameters.append(Self.parameter("If-Match", "header", false, schema, &components))
        }
        return parameters
    }

    private static func parameter(
        _ name: String,
        _ place: String,
        _ isRequired: Bool,
        _ schema: Schema,
        _ components: inout SchemaComponents
    ) -> JSONValue {
        var plain = schema
        plain.description = nil
        var members: [JSONValue.Member] = [
            .init("name", .string(name)), .init("in", .string(place)), .init("required", .bool(isRequired)),
        ]
        if let description = schema.description { members.append(.init("description", .string(description))) }
        members.append(.init("schema", components.json(of: plain)))
        return .object(members)
    }

    // MARK: Answers

    private static func responses(_ endpoint: Endpoint, _ components: inout SchemaComponents) -> JSONValue {
        var members: [JSONValue.Member] = []
        for answer in endpoint.answers.sorted(by: { $0.status < $1.status }) {
            var response: [JSONValue.Member] = [.init("description", .string(answer.description))]
            response.append(.init("headers", Self.headers(of: answer.status, endpoint)))
            if let content = answer.content {
                let media: JSONValue = ["schema": components.json(of: content.schema), "example": content.example]
                response.append(.init("content", ["application/json": media]))
            }
            members.append(.init("\(answer.status)", .object(response)))
        }
        for status in endpoint.problemStatuses.sorted() {
            members.append(.init("\(status)", Self.problem(status, endpoint, &components)))
        }
        return .object(members)
    }

    private static func problem(
        _ status: Int,
        _ endpoint: Endpoint,
        _ components: inout SchemaComponents
    ) -> JSONValue {
        let media: JSONValue = [
            "schema": components.json(of: Problem.schema),
            "example": Problem.example(status).json(requestID: Self.exampleID),
        ]
        return [
            "description": .string(Problem.meaning(status)), "headers": Self.headers(of: status, endpoint),
            "content": .object([.init(Problem.mediaType, media)]),
        ]
    }

    private static let exampleID = "019aa5b7-21cb-7000-8c51-5d0f3a1b2c3d"

    private static func headers(of status: Int, _ endpoint: Endpoint) -> JSONValue {
        var headers: [JSONValue.Member] = [
            Self.header("X-Request-Id", "Names the request in the operator's log.", true)
        ]
        switch status {
        case 401: headers.append(Self.header("WWW-Authenticate", "The challenge (RFC 6750).", true))
        case 429, 503: headers.append(Self.header("Retry-After", "Seconds until it is worth trying again.", true))
        case 201:
            headers.append(Self.header("Location", "Where the new thing is, if it has a route of its own.", false))
            if endpoint.takesIdempotencyKey {
                headers.append(
                    Self.header("Idempotency-Replayed", "`true` if this is an earlier request's answer.", false)
                )
            }
        default: break
        }
        if status < 300, endpoint.takesIfMatch { headers.append(Self.header("ETag", "The thing's version.", false)) }
        return .object(headers)
    }

    private static func header(_ name: String, _ description: String, _ isRequired: Bool) -> JSONValue.Member {
        .init(
            name,
            ["description": .string(description), "required": .bool(isRequired), "schema": ["type": "string"]]
        )
    }
}

extension Problem {
    /// What a status stands for in this API.
    static func meaning(_ status: Int) -> String {
        switch status {
        case 400: "The request is broken HTTP, or its body no JSON."
        case 401: "The token is missing, expired or not good."
        case 403: "Your role does not allow this."
        case 404: "There is no such thing, or it is somebody else's."
        case 408: "The body did not arrive in time."
        case 409:
            "It conflicts with what is there; or the same request is still being answered, or its answer was lost."
        case 412: "The thing is not at the version in If-Match."
        case 413: "The body is too large."
        case 415: "The body is not application/json."
        case 422: "Members, parameters or fields cannot be accepted; `errors` names them."
        case 429: "Too often; Retry-After says when to try again."
        case 500: "A fault of the service; its log has the reason under `instance`."
        case 503: "The store is away, or the request took too long and was broken off; try again soon."
        default: Self.title(status) + "."
        }
    }

    /// A problem of that status, for the documentation.
    static func example(_ status: Int) -> Problem {
        switch status {
        case 401: .unauthenticated()
        case 404: .notFound()
        case 412: .preconditionFailed()
        case 422: .invalid(field: "name", "must have 1 to 64 characters")
        case 429: .tooManyRequests("Too often. Try again later.", retryAfter: .seconds(30))
        case 500: .failure
        case 503: .unavailable("The store gives no answer. Try again soon.")
        default: Problem(status: status, detail: Self.meaning(status))
        }
    }
}
