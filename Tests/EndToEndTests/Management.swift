import Foundation
import GRDB
import Support
import Testing

/// `wonkey-admin serve` of a deployment, while it runs.
struct Management: Sendable {
    let port: Int
    private let signals: AsyncStream<RunningProgram.Signal>.Continuation

    /// Runs the service, waits until it answers, and stops it with SIGTERM after `body`.
    ///
    /// - Parameters:
    ///   - deployment: Its first configuration is used.
    ///   - body: Runs while the service does.
    /// - Returns: How the service ended.
    /// - Throws: What `body` throws, or why the service did not run.
    @discardableResult
    static func serving(
        _ deployment: Deployment,
        _ body: @escaping @Sendable (Management) async throws -> Void
    ) async throws -> BuiltProduct.Outcome {
        let (signals, entrance) = AsyncStream.makeStream(of: RunningProgram.Signal.self)
        let management = Management(port: try await FreePort.reserve(), signals: entrance)
        return try await withThrowingTaskGroup(of: BuiltProduct.Outcome?.self) { group in
            group.addTask {
                try await deployment.admin.run(
                    ["--config", deployment.configurations[0], "serve", "--address", "127.0.0.1:\(management.port)"],
                    environment: deployment.environment,
                    within: .seconds(240)
                ) { program in
                    for await signal in signals { try? program.signal(signal) }
                }
            }
            group.addTask {
                defer { management.stop() }
                try await eventually("serving") {
                    try await withTestClient(port: management.port) {
                        try await $0.send("GET", "/health").status == 200
                    }
                }
                try await body(management)
                return nil
            }
            var outcome: BuiltProduct.Outcome?
            do {
                for try await ended in group { outcome = ended ?? outcome }
            } catch {
                management.stop()
                throw error
            }
            return try #require(outcome)
        }
    }

    func stop() {
        self.signals.yield(.terminate)
        self.signals.finish()
    }

    /// Sends a request on a connection of its own.
    func send(
        _ method: String,
        _ path: String,
        token: String? = nil,
        fields: [(String, String)] = [],
        _ body: String? = nil
    ) async throws -> TestResponse {
        let headers =
            fields + (token.map { [("Authorization", "Bearer \($0)")] } ?? [])
            + (body == nil ? [] : [("Content-Type", "application/json")])
        return try await withTestClient(port: self.port) { client in
            try await client.send(method, path, headers: headers, body: Array((body ?? "").utf8))
        }
    }

    /// Registers somebody and gives their access token.
    func register(_ name: String) async throws -> String {
        let body = #"{"email":"\#(name)@example.com","password":"correct horse battery staple"}"#
        let answer = try await self.send("POST", "/v1/auth/register", body)
        #expect(answer.status == 201, "\(answer.text)")
        return try #require(try answer.member("access_token"))
    }
}

extension TestResponse {
    /// A member of the JSON object in the body, as text.
    func member(_ name: String) throws -> String? {
        let object = try JSONSerialization.jsonObject(with: Data(self.body)) as? [String: Any]
        return object?[name].map { "\($0)" }
    }

    /// How many things a list has.
    func dataCount() throws -> Int {
        let object = try JSONSerialization.jsonObject(with: Data(self.body)) as? [String: Any]
        return (object?["data"] as? [Any])?.count ?? 0
    }
}

/// An engine for the store, and the URL of an empty database on it.
enum Engine: String, CaseIterable {
    case sqlite, postgres

    func withStoreURL(_ body: (String) async throws -> Void) async throws {
        try await self.withStore { url, _ in try await body(url) }
    }

    /// The same, with a way to run SQL in it once it is there.
    func withStore(_ body: (_ url: String, _ sql: (String) async throws -> Void) async throws -> Void) async throws {
        switch self {
        case .sqlite:
            let path = try #require(TemporaryDirectory.current).file("wonkey.db")
            try await body("sqlite:\(path)") { sql in
                try await DatabaseQueue(path: path).write { try $0.execute(sql: sql) }
            }
        case .postgres:
            try await withPostgresDatabase { database in
                try await body(database.url) { try await database.sql($0) }
            }
        }
    }
}
