import Support
import Testing
import WonkeyCore

@testable import WonkeyAdmin
@testable import WonkeyStore

/// The management service on a real socket over a real store, with two organizations.
///
/// Ann owns `org_ours`, Dan develops in it, Vic looks at it, Eve owns `org_theirs`; their tokens are `user-NAME`. Nobody has
/// a project yet.
struct ResourceBench: Sendable {
    let store: Store
    private let service: ServiceBench
    private let database: any SQLDatabase

    /// Runs `body` with the service running.
    static func serving(
        on engine: StoreEngine = .sqlite,
        _ body: @escaping @Sendable (ResourceBench, ResourceCaller) async throws -> Void
    ) async throws {
        try await engine.withStore { store, database in
            let bench = try await Self(store, database)
            try await bench.service.serving(Endpoint.all) { port, _ in
                try await withTestClient(port: port) { client in
                    try await body(bench, ResourceCaller(client: client))
                }
            }
        }
    }

    private init(_ store: Store, _ database: any SQLDatabase) async throws {
        self.store = store
        self.database = database
        self.service = ServiceBench(
            administration: { store.administration(for: $0, under: $1) },
            idempotency: { store.idempotency(for: $0) }
        )
        for (organization, people) in [
            ("org_ours", [("ann", Role.owner), ("dan", .developer), ("vic", .viewer)]),
            ("org_theirs", [("eve", .owner)]),
        ] {
            try await self.run(
                "INSERT INTO orgs (id, name, created_at, updated_at) VALUES (\(organization), 'O', 1, 1)"
            )
            for (name, role) in people {
                let (user, email) = ("usr_" + name, name + "@example.com")
                try await self.run(
                    """
                    INSERT INTO users (id, email, email_folded, created_at, updated_at)
                    VALUES (\(user), \(email), \(email), 1, 1)
                    """
                )
                try await self.run(
                    """
                    INSERT INTO memberships (org_id, user_id, role, created_at)
                    VALUES (\(organization), \(user), \(role.rawValue), 1)
                    """
                )
            }
        }
    }

    /// What the service logged.
    var logLines: [String] { self.service.log.lines }

    /// What operations of a user work on.
    func context(of name: String) -> AdministrationContext {
        let user = UserID(rawValue: "usr_" + name)
        let actor = Actor(name: "user:\(user)", source: "test")
        return self.service.services.context(for: .member(user), actor: actor)
    }

    func run(_ statement: BoundSQL) async throws {
        _ = try await self.database.write { try $0.execute(statement) }
    }

    /// What proxies were told after `sequence`.
    func changes(after sequence: Int64) async throws -> [Change.Kind] {
        try await self.store.changes.changes(after: sequence).map(\.kind)
    }
}

/// Calls the API as one user or another, and checks that every answer is as documented.
final class ResourceCaller {
    private let client: TestClient

    init(client: TestClient) {
        self.client = client
    }

    /// Sends one request; no `user` is none's token, and `version` goes into `If-Match`.
    func call(
        as user: String? = "ann",
        _ method: String,
        _ path: String,
        _ body: JSONValue? = nil,
        ifVersion version: String? = nil,
        fields: [(String, String)] = [],
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> TestResponse {
        var headers = fields
        if let user { headers.append(TokenNames.header(user)) }
        if let version { headers.append(("If-Match", "\"\(version)\"")) }
        // Without a length the client would send an empty body in chunks.
        headers.append(body == nil ? ("Content-Length", "0") : ("Content-Type", "application/json"))
        let response = try await self.client.send(
            method,
            path,
            headers: headers,
            body: body.map { Array($0.text.utf8) } ?? []
        )
        try Self.check(response, of: method, path, sourceLocation)
        return response
    }

    /// Sends one request that must be answered with this status.
    func expect(
        _ status: Int,
        as user: String? = "ann",
        _ method: String,
        _ path: String,
        _ body: JSONValue? = nil,
        ifVersion version: String? = nil,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> JSONValue {
        let response = try await self.call(
            as: user,
            method,
            path,
            body,
            ifVersion: version,
            sourceLocation: sourceLocation
        )
        #expect(response.status == status, "\(response.text)", sourceLocation: sourceLocation)
        return response.body.isEmpty ? .null : try response.json
    }

    /// Whether the status is documented, and the body has the documented form.
    private static func check(
        _ response: TestResponse,
        of method: String,
        _ path: String,
        _ sourceLocation: SourceLocation
    ) throws {
        let segments = path.prefix { $0 != "?" }.split(separator: "/")
        let endpoint = try #require(
            Endpoint.all.first { endpoint in
                let template = endpoint.path.split(separator: "/")
                return endpoint.method.rawValue == method && template.count == segments.count
                    && zip(template, segments).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
            },
            sourceLocation: sourceLocation
        )
        if let answer = endpoint.answers.first(where: { $0.status == response.status }) {
            if let content = answer.content {
                #expect(try content.schema.faults(in: response.json) == [], sourceLocation: sourceLocation)
            }
            #expect(response.body.isEmpty == (answer.content == nil), sourceLocation: sourceLocation)
        } else {
            #expect(endpoint.problemStatuses.contains(response.status), sourceLocation: sourceLocation)
            #expect(response.header("Content-Type") == "application/problem+json", sourceLocation: sourceLocation)
        }
    }
}

extension JSONValue {
    /// The elements of `data`.
    var data: [JSONValue] {
        guard case .array(let elements) = self["data"] ?? .null else { return [] }
        return elements
    }

    /// The text of a member, empty if there is none.
    func text(_ name: String) -> String {
        guard case .string(let text) = self[name] ?? .null else { return "" }
        return text
    }

    /// The object without some members.
    func without(_ names: String...) -> JSONValue {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { !names.contains($0.name) })
    }
}
