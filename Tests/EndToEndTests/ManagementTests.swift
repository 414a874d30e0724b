import Foundation
import Support
import Testing

@Suite("The management API, end to end", .temporaryDirectory)
struct ManagementTests {
    private static let routes = """
        counters: {url: "memory:"}
        limits:
          per-minute: {algorithm: fixed-window, limit: 1000, window: 1h, by: key}
        routes:
          - {name: ping, match: {path: /ping}, respond: {status: 200, body: "pong"}, limits: [per-minute]}
        """

    private func deployment(_ store: String = "sqlite:DIRECTORY/wonkey.db") async throws -> Deployment {
        try await Deployment(in: try #require(TemporaryDirectory.current), store: store, Self.routes)
    }

    @Test(
        "register, sign in, make a project and a key, call, see it logged and counted, revoke",
        arguments: Engine.allCases
    )
    func wholeFlow(engine: Engine) async throws {
        try await engine.withStoreURL { url in
            let deployment = try await self.deployment(url)
            let outcomes = try await deployment.serving { _ in
                let outcome = try await Management.serving(deployment) { management in
                    try await Self.flow(deployment, management)
                }
                #expect(outcome.status == 0, "\(outcome.standardError)")
            }
            #expect(outcomes.map(\.status) == [0])
        }
    }

    private static func flow(_ deployment: Deployment, _ management: Management) async throws {
        _ = try await management.register("alice")
        let login = try await management.send(
            "POST",
            "/v1/auth/login",
            #"{"email":"Alice@Example.com","password":"correct horse battery staple"}"#
        )
        let token = try #require(try login.member("access_token"))
        let project = try await management.send("POST", "/v1/projects", token: token, #"{"name":"shop"}"#)
        #expect(project.status == 201)
        let projectID = try #require(try project.member("id"))
        let made = try await management.send(
            "POST",
            "/v1/projects/\(projectID)/keys",
            token: token,
            #"{"name":"first"}"#
        )
        #expect(made.status == 201)
        let key = IssuedKey(id: try #require(try made.member("id")), key: try #require(try made.member("key")))
        try await withTestClient(port: deployment.port) { client in
            #expect(try await client.send("GET", "/ping").status == 401)
            let answer = try await client.send("GET", "/ping", headers: key.headers)
            #expect(answer.status == 200)
        }
        try await eventually("logged") {
            try await management.send("GET", "/v1/projects/\(projectID)/logs?status=2xx", token: token).dataCount() == 1
        }
        let overview = try await management.send("GET", "/v1/projects/\(projectID)/analytics/overview", token: token)
        #expect(overview.status == 200)
        #expect(try overview.member("requests") == "1", "\(overview.text)")
        let series = "/v1/projects/\(projectID)/analytics/timeseries?bucket=hour&metric=requests"
        #expect(try await management.send("GET", series, token: token).dataCount() >= 1)
        #expect(try await management.send("POST", "/v1/keys/\(key.id)/revoke", token: token).status == 200)
        let revokedAt = ContinuousClock.now
        try await eventually("refused") {
            try await withTestClient(port: deployment.port) { client in
                try await client.send("GET", "/ping", headers: key.headers).status == 401
            }
        }
        #expect(ContinuousClock.now - revokedAt < .seconds(5))
        let other = try await management.register("bob")
        #expect(try await management.send("GET", "/v1/projects/\(projectID)", token: other).status == 404)
        #expect(try await management.send("GET", "/v1/keys/\(key.id)", token: other).status == 404)
    }

    @Test("the script in the README does what it says", arguments: Engine.allCases)
    func readme(engine: Engine) async throws {
        let file = URL(fileURLWithPath: #filePath).appending(path: "../../../README.md").standardized
        let text = try String(contentsOf: file, encoding: .utf8)
        let script = try #require(text.components(separatedBy: "```sh\n").first { $0.hasPrefix("API=") })
        try await engine.withStoreURL { url in
            let deployment = try await self.deployment(url)
            try await deployment.serving { _ in
                try await Management.serving(deployment) { management in
                    let outcome = try await BuiltProduct(path: "/bin/bash").run(
                        ["-euo", "pipefail", "-c", String(script.components(separatedBy: "```")[0])],
                        environment: [
                            "API": "http://127.0.0.1:\(management.port)",
                            "PROXY": "http://127.0.0.1:\(deployment.port)",
                        ]
                    )
                    let output = outcome.standardOutput
                    #expect(outcome.status == 0, "\(outcome.standardError)")
                    #expect(output.hasPrefix("200") && output.hasSuffix("401"), "\(output)")
                    #expect(output.contains(#""path":"/ping""#) && output.contains(#""state":"revoked""#), "\(output)")
                }
            }
        }
    }

    @Test("a store that goes away is a 503 with Retry-After, and is taken up again without a restart")
    func storeAway() async throws {
        let server = try await PostgresServer.start()
        do {
            let deployment = try await self.deployment(server.url(database: "postgres"))
            try await Management.serving(deployment) { management in
                let token = try await management.register("alice")
                #expect(try await management.send("GET", "/ready").status == 200)
                await server.kill()
                let away = try await management.send("GET", "/v1/projects", token: token)
                #expect(away.status == 503)
                #expect(away.header("Retry-After") != nil)
                #expect(away.header("Content-Type") == "application/problem+json")
                #expect(try await management.send("GET", "/ready").status == 503)
                #expect(try await management.send("GET", "/health").status == 200)
                try await server.restart()
                try await eventually("back") { try await management.send("GET", "/ready").status == 200 }
                #expect(try await management.send("GET", "/v1/projects", token: token).status == 200)
            }
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }

    @Test("the service's private listener shows its metrics; the public one does not", arguments: Engine.allCases)
    func metrics(engine: Engine) async throws {
        let port = try await FreePort.reserve()
        try await engine.withStoreURL { url in
            let deployment = try await Deployment(
                in: try #require(TemporaryDirectory.current),
                store: url,
                Self.routes + "\nmanagement: {operations: {address: \"127.0.0.1:\(port)\"}}"
            )
            try await Management.serving(deployment) { management in
                _ = try await management.register("alice")
                #expect(try await management.send("GET", "/metrics").status == 404)
                try await withTestClient(port: port) { client in
                    #expect(try await client.send("GET", "/health").status == 200)
                    #expect(try await client.send("GET", "/ready").status == 200)
                    #expect(try await client.send("GET", "/v1/projects").status == 404)
                    let text = try await client.send("GET", "/metrics").text
                    let registered = #"wonkey_management_requests_total{endpoint="register",status="2xx"} 1"#
                    #expect(text.contains("\n" + registered + "\n"), "\(text)")
                    switch engine {
                    case .sqlite: #expect(!text.contains("\nwonkey_store_connections"))
                    case .postgres: #expect(text.contains("\nwonkey_store_connections_max 8\n"))
                    }
                }
            }
        }
    }

    @Test("two admins who change the same thing: one is told that it changed", arguments: Engine.allCases)
    func racing(engine: Engine) async throws {
        try await engine.withStoreURL { url in
            let deployment = try await self.deployment(url)
            try await Management.serving(deployment) { management in
                let token = try await management.register("alice")
                let project = try await management.send("POST", "/v1/projects", token: token, #"{"name":"shop"}"#)
                let path = "/v1/projects/\(try #require(try project.member("id")))"
                let tag = try #require(project.header("ETag"))
                let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                    for name in ["left", "right"] {
                        group.addTask {
                            let body = #"{"name":"\#(name)"}"#
                            return try await management.send(
                                "PATCH",
                                path,
                                token: token,
                                fields: [("If-Match", tag)],
                                body
                            )
                            .status
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(statuses.sorted() == [200, 412])
            }
        }
    }

    @Test(
        "an Idempotency-Key makes one key of many requests, whose text is in the store nowhere",
        arguments: Engine.allCases
    )
    func idempotency(engine: Engine) async throws {
        try await engine.withStoreURL { url in
            let deployment = try await self.deployment(url)
            try await Management.serving(deployment) { management in
                let token = try await management.register("alice")
                let answers = try await withThrowingTaskGroup(of: TestResponse.self) { group in
                    for _ in 0..<8 {
                        group.addTask {
                            let fields = [("Idempotency-Key", "one")]
                            return try await management.send("POST", "/v1/keys", token: token, fields: fields, "{}")
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                #expect(answers.allSatisfy { [201, 409].contains($0.status) })
                let again = try await management.send(
                    "POST",
                    "/v1/keys",
                    token: token,
                    fields: [("Idempotency-Key", "one")],
                    "{}"
                )
                #expect(again.header("Idempotency-Replayed") == "true")
                let texts = try answers.filter { $0.status == 201 }.map { try $0.member("key") }
                #expect(Set(texts + [try again.member("key")]).count == 1)
                #expect(try await management.send("GET", "/v1/keys", token: token).dataCount() == 1)
            }
        }
    }

    /// Making up the values of the coverage phase takes seconds per operation, so that it has a few of them, one of each kind.
    private static let fuzzerSettings = """
        [checks.positive_data_acceptance]
        expected-statuses = ["2xx", "401", "403", "404", "409", "412"]

        [phases.stateful]
        enabled = false

        # Examples must be taken. Made-up values may be refused for what a schema cannot say: what a cursor is, for one.
        [[operations]]
        include-operation-id = ["logIn", "listProjects", "getProject", "removeKeyLimit"]
        phases.coverage.checks.positive_data_acceptance.enabled = false
        phases.fuzzing.checks.positive_data_acceptance.enabled = false

        # Making up values for all operations would take minutes.
        [[operations]]
        exclude-operation-id = ["logIn", "listProjects", "getProject", "removeKeyLimit"]
        phases.coverage.enabled = false
        phases.fuzzing.checks.positive_data_acceptance.enabled = false
        """

    @Test("the API survives what a fuzzer sends, and answers only as it says it does")
    func fuzzed() async throws {
        let fuzzer = try TestVenv.program("schemathesis")
        let open = "{limit: 1000000}"
        let deployment = try await Deployment(
            in: try #require(TemporaryDirectory.current),
            Self.routes + """

                management:
                  sign_in:
                    register_by_address: \(open)
                    login_by_address: \(open)
                    refresh_by_address: \(open)
                """
        )
        let settings = try #require(TemporaryDirectory.current).file("schemathesis.toml")
        try Self.fuzzerSettings.write(toFile: settings, atomically: true, encoding: .utf8)
        try await Management.serving(deployment) { management in
            let token = try await management.register("alice")
            let outcome = try await fuzzer.run(
                [
                    "run", "http://127.0.0.1:\(management.port)/openapi.json", "-H", "Authorization: Bearer \(token)",
                    // Signing out would end the session that the run needs.
                    "--exclude-operation-id", "logOut", "--max-examples", "6", "--generation-deterministic",
                    "--suppress-health-check", "all", "--request-timeout", "20", "--no-color",
                    // Python 3.11 fails now and then where two threads take a lambda's source apart.
                    "--workers", "1",
                ],
                directory: TemporaryDirectory.current?.path,
                within: .seconds(200)
            )
            #expect(outcome.status == 0, "\(outcome.standardOutput.suffix(6_000))")
            // It ran, and got through to what it tested.
            #expect(outcome.standardOutput.contains("Test cases:"))
        }
    }
}
