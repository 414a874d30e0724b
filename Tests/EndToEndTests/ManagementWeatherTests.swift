import Foundation
import Support
import Testing

@Suite("The management API in bad weather, end to end", .temporaryDirectory, .timeLimit(.minutes(5)))
struct ManagementWeatherTests {
    /// Short, so that a test does not wait long; a statement gets 2 s more than this before its connection is given up.
    private static let limits = ", connect_timeout: 300ms, statement_timeout: 500ms"
    /// More than all limits together, for a busy machine, and less than any default.
    private static let bound = Duration.seconds(12)

    private static func deployment(
        _ store: String,
        limits: String = "",
        logs: String = ""
    ) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            store: store,
            limits: limits,
            logs: logs,
            """
            counters: {url: "memory:"}
            routes:
              - {name: ping, match: {path: /ping}, respond: {status: 200, body: "pong"}}
            """
        )
    }

    @Test("the service deletes log rows that are older than the configuration keeps them", arguments: Engine.allCases)
    func cleaner(engine: Engine) async throws {
        try await engine.withStore { url, sql in
            let deployment = try await Self.deployment(url, logs: "logs: {retention: {records: 2h}}")
            try await deployment.admin("project", "create", "shop")
            let now = Int(Date().timeIntervalSince1970 * 1_000)
            let rows = [("old", 180), ("young", 60)].map { id, minutesAgo in
                """
                ('\(id)', '\(id)', \(now - minutesAgo * 60_000), (SELECT id FROM projects), 'GET', '/', 200,
                    1, 1, 1, '', 'admitted', 'none', 0)
                """
            }
            try await sql(
                """
                INSERT INTO request_logs (id, request_id, time, project_id, method, path, status,
                    latency_us, bytes_received, bytes_sent, client_address, limit_verdict, fault, images)
                VALUES \(rows.joined(separator: ", "))
                """
            )
            #expect(try await deployment.logCount() == 2)
            let outcome = try await Management.serving(deployment) { _ in
                try await eventually("deleted") { try await deployment.logCount() == 1 }
            }
            #expect(outcome.status == 0)
            let left = try await deployment.admin("logs", "--project", "shop", "--output", "json")
            #expect(left.contains(#""id":"young""#), "\(left)")
        }
    }

    @Test("a request under way when SIGTERM comes is finished, while nobody else is let in")
    func drain() async throws {
        try await withPostgresDatabase { database in
            let deployment = try await Self.deployment(database.url)
            let outcome = try await Management.serving(deployment) { management in
                // Whoever registers waits for this lock.
                async let holder: String? = try? database.sql(
                    "BEGIN; LOCK TABLE users IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600)"
                )
                let locks = "SELECT count(*) FROM pg_locks WHERE relation = 'users'::regclass AND granted ="
                try await eventually("locked") { try await database.sql("\(locks) true") == "1" }
                async let token = management.register("alice")
                try await eventually("waiting") { try await database.sql("\(locks) false") != "0" }
                management.stop()
                try await eventually("closed to others") {
                    do {
                        _ = try await management.send("GET", "/health")
                        return false
                    } catch {
                        return true
                    }
                }
                try await database.sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' "
                        + "AND pid <> pg_backend_pid()"
                )
                _ = await holder
                #expect(try await !token.isEmpty)
            }
            #expect(outcome.status == 0, "\(outcome.standardError)")
            #expect(try await database.sql("SELECT email_folded FROM users") == "alice@example.com")
        }
    }

    @Test("a store that takes connections and never answers is a 503 in time, and taken up when it answers")
    func blackHole() async throws {
        try await Self.withServer { server in
            let deployment = try await Self.deployment(server.url(database: "postgres"), limits: Self.limits)
            await server.kill()
            try? FileManager.default.removeItem(atPath: server.socket)
            let hole = try await OriginServer.start([.await("an answer")], path: server.socket)
            try await Management.serving(deployment) { management in
                try await Self.expectAway(management, token: nil)
                #expect(hole.connectionCount > 0)
                try await hole.closeConnections()
                await hole.stop()
                try await server.restart()
                try await eventually("back") { try await management.send("GET", "/ready").status == 200 }
                let token = try await management.register("alice")
                #expect(try await management.send("GET", "/v1/projects", token: token).status == 200)
            }
        }
    }

    @Test("a store that stands still is a 503 in time, hinders nobody from stopping, and is used when it goes on")
    func paused() async throws {
        try await Self.withServer { server in
            let deployment = try await Self.deployment(server.url(database: "postgres"), limits: Self.limits)
            let clock = ContinuousClock()
            try await Management.serving(deployment) { management in
                let token = try await management.register("alice")
                #expect(try await management.send("GET", "/v1/projects", token: token).status == 200)
                try await server.pause()
                try await Self.expectAway(management, token: token)
                try await server.resume()
                try await eventually("back") { try await management.send("GET", "/ready").status == 200 }
                #expect(try await management.send("GET", "/v1/projects", token: token).status == 200)
            }
            let stopped = clock.now
            let outcome = try await Management.serving(deployment) { management in
                let token = try await management.register("bob")
                try await server.pause()
                // One who gives up while the store does not answer.
                let client = try await RawClient.connect(port: management.port)
                try await client.send(
                    "GET /v1/projects HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \(token)\r\n\r\n"
                )
                #expect(try await management.send("GET", "/v1/projects", token: token).status == 503)
                await client.close()
            }
            #expect(outcome.status == 0, "\(outcome.standardError)")
            #expect(clock.now - stopped < .seconds(40))
            try await server.resume()
        }
    }

    @Test("a store whose disk is full is a 503 for writers and reads on, and takes up writing when there is room")
    func full() async throws {
        try await withPostgresDatabase { database in
            let deployment = try await Self.deployment(database.url)
            try await Management.serving(deployment) { management in
                let token = try await management.register("alice")
                // What the server says when there is no room for a row.
                try await database.sql(
                    """
                    CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS
                        $$ BEGIN RAISE disk_full USING MESSAGE = 'No space left on device'; END $$;
                    CREATE TRIGGER no_room BEFORE INSERT ON projects FOR EACH ROW EXECUTE FUNCTION no_room();
                    """
                )
                let body = #"{"name":"shop"}"#
                let refused = try await management.send("POST", "/v1/projects", token: token, body)
                #expect(refused.status == 503 && refused.header("Retry-After") != nil, "\(refused.text)")
                #expect(!refused.text.contains("device"))
                #expect(try await management.send("GET", "/v1/projects", token: token).status == 200)
                try await database.sql("DROP FUNCTION no_room CASCADE")
                #expect(try await management.send("POST", "/v1/projects", token: token, body).status == 201)
            }
        }
    }

    /// Whatever needs the store is refused in time, eight at once, and the service itself is well.
    private static func expectAway(_ management: Management, token: String?) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let answers = try await withThrowingTaskGroup(of: TestResponse.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    if let token { return try await management.send("GET", "/v1/projects", token: token) }
                    let body = #"{"email":"a@example.com","password":"correct horse battery"}"#
                    return try await management.send("POST", "/v1/auth/login", body)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(clock.now - start < Self.bound)
        #expect(answers.map(\.status) == Array(repeating: 503, count: 8), "\(answers.map(\.text))")
        #expect(answers.allSatisfy { $0.header("Retry-After") != nil })
        #expect(try await management.send("GET", "/ready").status == 503)
        #expect(try await management.send("GET", "/health").status == 200)
    }

    private static func withServer(_ body: (PostgresServer) async throws -> Void) async throws {
        let server = try await PostgresServer.start()
        do {
            try await body(server)
        } catch {
            await server.stop()
            throw error
        }
        await server.stop()
    }
}
