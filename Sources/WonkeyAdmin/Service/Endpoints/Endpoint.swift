/// One operation of the management API: its route, its documentation and its code in one value.
///
/// The router and the OpenAPI document are made from the same list, ``Endpoint/all``, so that nothing is served that is not
/// documented. The service does what is alike everywhere before the code runs: it checks the token, decodes the body
/// and checks it and every parameter against their schemas (422 with the field), answers repeated Idempotency-Keys; and
/// afterwards it turns ``Problem`` and ``OperationError`` into problem documents. An example:
///
/// ```swift
/// enum NoteEndpoints {
///     static let all = [create]
///
///     static let create = Endpoint(
///         id: "createNote",
///         .post,
///         "/v1/projects/{id}/notes",
///         tag: .projects,
///         summary: "Write a note",
///         parameters: [.path("id", .id("proj", "The project's id."))],
///         body: Body(
///             .object([.required("text", .string("What it says.", length: 1...64)), .optional("due_at", .time("When."))]),
///             example: ["text": "Renew the certificate"]
///         ),
///         answers: [Answer(201, "The note as stored.", .note, example: ["id": "note_1", "text": "Renew …"])],
///         problems: [403, 409],
///         takesIdempotencyKey: true
///     ) { request in
///         var generator = SystemRandomNumberGenerator()
///         let operation = WriteNote(
///             project: request.path("id"),
///             text: request.body.text("text"),
///             dueAt: request.body.time(ifPresent: "due_at")
///         )
///         let note = try await operation.run(in: request.context, using: &generator)
///         return .created(note, at: "/v1/notes/\(note.id)")
///     }
/// }
/// ```
package struct Endpoint: Sendable {
    package enum Method: String, Sendable, CaseIterable {
        case get = "GET"
        case post = "POST"
        case put = "PUT"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// Who may ask.
    package enum Access: Sendable {
        /// Needs no token, and none is looked at.
        case anyone
        /// Needs a good access token; what the user may do is for the operation to say.
        case signedIn
    }

    /// What it does with a request that was checked.
    ///
    /// May throw ``Problem``, ``OperationError`` and ``WonkeyCore/StoreError``; anything else is answered with 500.
    package typealias Run = @Sendable (EndpointRequest) async throws -> Reply

    /// The `operationId`, in camel case; unique.
    package var id: String
    package var method: Method
    /// Literal segments and `{names}`, each of which is among the parameters.
    package var path: String
    package var tag: Tag
    /// A few words, imperative, without a full stop.
    package var summary: String
    package var description: String?
    package var access: Access
    /// Of path and query; the fields `Authorization`, `Idempotency-Key` and `If-Match` are documented by themselves.
    package var parameters: [Parameter]
    package var body: Body?
    /// The answers when all goes well, at least one.
    package var answers: [Answer]
    /// Statuses of problems beyond those that follow from the other members (see ``problemStatuses``).
    package var problems: Set<Int>
    /// Whether a client may repeat the request safely with the same Idempotency-Key.
    package var takesIdempotencyKey: Bool
    /// Whether it looks at If-Match (``EndpointRequest/expectedVersion``) and answers with an ETag.
    package var takesIfMatch: Bool
    package var run: Run

    package init(
        id: String,
        _ method: Method,
        _ path: String,
        tag: Tag,
        summary: String,
        description: String? = nil,
        access: Access = .signedIn,
        parameters: [Parameter] = [],
        body: Body? = nil,
        answers: [Answer],
        problems: Set<Int> = [],
        takesIdempotencyKey: Bool = false,
        takesIfMatch: Bool = false,
        run: @escaping Run
    ) {
        self.id = id
        self.method = method
        self.path = path
        self.tag = tag
        self.summary = summary
        self.description = description
        self.access = access
        self.parameters = parameters
        self.body = body
        self.answers = answers
        self.problems = problems
        self.takesIdempotencyKey = takesIdempotencyKey
        self.takesIfMatch = takesIfMatch
        self.run = run
    }
}

/// A value in the path or the query, as text on the wire.
package struct Parameter: Sendable, Equatable {
    package enum Place: String, Sendable { case path, query }

    package var name: String
    package var place: Place
    package var isRequired: Bool
    /// A string, integer or boolean; with its description and example.
    package var schema: Schema

    /// A `{name}` of the path.
    ///
    /// A value that does not fit the schema is answered with 404.
    package static func path(_ name: String, _ schema: Schema) -> Self {
        Self(name: name, place: .path, isRequired: true, schema: schema)
    }

    /// A name of the query, at most once.
    ///
    /// A value that does not fit the schema is answered with 422.
    package static func query(_ name: String, _ schema: Schema, isRequired: Bool = false) -> Self {
        Self(name: name, place: .query, isRequired: isRequired, schema: schema)
    }
}

/// The JSON body of a request.
package struct Body: Sendable, Equatable {
    /// An object: members that it does not name are refused.
    package var schema: Schema
    package var example: JSONValue
    package var isRequired: Bool

    /// Makes one.
    ///
    /// - Parameters:
    ///   - schema: An object.
    ///   - example: A body that fits it.
    ///   - isRequired: Whether it may be left out, which reads like `{}`.
    package init(_ schema: Schema, example: JSONValue, isRequired: Bool = true) {
        self.schema = schema
        self.example = example
        self.isRequired = isRequired
    }
}

/// What an endpoint says when all went well.
package struct Answer: Sendable, Equatable {
    package var status: Int
    /// One sentence.
    package var description: String
    /// `nil` for an answer without body, such as 204.
    package var content: Content?

    package struct Content: Sendable, Equatable {
        package var schema: Schema
        package var example: JSONValue
    }

    /// An answer with a JSON body.
    package init(_ status: Int, _ description: String, _ schema: Schema, example: JSONValue) {
        self.status = status
        self.description = description
        self.content = Content(schema: schema, example: example)
    }

    /// An answer without body.
    package init(_ status: Int, _ description: String) {
        self.status = status
        self.description = description
    }
}

extension Endpoint {
    /// The statuses of all problems it may answer with: its own and those that follow from its shape.
    package var problemStatuses: Set<Int> {
        var statuses = self.problems.union([400, 500, 503])
        if self.access == .signedIn { statuses.insert(401) }
        if self.parameters.contains(where: { $0.place == .path }) { statuses.insert(404) }
        // Query members that nobody knows are refused everywhere.
        statuses.insert(422)
        if self.body != nil { statuses.formUnion([408, 413, 415]) }
        if self.takesIdempotencyKey { statuses.insert(409) }
        if self.takesIfMatch { statuses.insert(412) }
        return statuses
    }
}
