import Support
import Testing
import WonkeyCore
import WonkeyStore

@testable import WonkeyAdmin

@Suite("Key endpoints")
struct KeyEndpointTests {
    @Test(
        "a key is made in the default project, shown once, listed, changed and deleted",
        arguments: StoreEngine.allCases
    )
    func lifeCycle(engine: StoreEngine) async throws {
        try await ResourceBench.serving(on: engine) { bench, caller in
            let body: JSONValue = [
                "name": "alice", "environment": "test", "expires_at": "2099-01-01T00:00:00Z",
                "scopes": ["b", "a", "b"], "external_id": "customer-17",
            ]
            let created = try await caller.call("POST", "/v1/keys", body)
            #expect(created.status == 201)
            let issued = try created.json
            let (id, path) = (issued.text("id"), "/v1/keys/" + issued.text("id"))
            #expect(created.header("Location") == path)
            #expect(created.header("ETag") == "\"1\"")
            #expect(issued.text("key").wholeMatch(of: /nb_test_[0-9a-f]{32}/) != nil)
            #expect(issued["scopes"] == ["a", "b"])
            #expect(issued.text("expires_at") == "2099-01-01T00:00:00.000Z")
            let shown = issued.without("key")
            #expect(try await caller.expect(200, "GET", path) == shown)
            #expect(try await caller.expect(200, "GET", "/v1/keys") == ["data": [shown], "next_cursor": nil])

            let patch: JSONValue = ["expires_at": nil, "scopes": ["c"], "external_id": nil]
            let changed = try await caller.expect(200, "PATCH", path, patch)
            let expected = shown.replacing([
                "expires_at": nil, "scopes": ["c"], "permissions": ["c"], "external_id": nil, "version": 2,
            ])
            #expect(shown["external_id"] == "customer-17")
            #expect(changed == expected)
            #expect(try await caller.expect(200, "PATCH", path, ["state": "disabled"]).text("state") == "disabled")
            #expect(try await caller.expect(200, "PATCH", path, ["state": "active"]).text("state") == "active")

            let told = try await bench.store.changes.latest()
            _ = try await caller.expect(204, "DELETE", path)
            #expect(try await bench.changes(after: told) == [.key])
            _ = try await caller.expect(404, "GET", path)
            _ = try await caller.expect(404, "DELETE", path)
            #expect(try await caller.expect(200, "GET", "/v1/keys").data.isEmpty)
            #expect(try await bench.store.administration.key(id: KeyID(rawValue: id)) == nil)
        }
    }

    @Test("a key needs nothing but to be asked for", arguments: StoreEngine.allCases)
    func defaults(engine: StoreEngine) async throws {
        try await ResourceBench.serving(on: engine) { _, caller in
            for body in [nil, .object([])] as [JSONValue?] {
                let issued = try await caller.expect(201, "POST", "/v1/keys", body)
                let chosen = issued.without(
                    "id",
                    "key",
                    "start",
                    "project_id",
                    "created_at",
                    "limits",
                    "permissions",
                    "organization_id"
                )
                #expect(
                    chosen == [
                        "name": "API key", "environment": "live", "state": "active", "external_id": nil,
                        "expires_at": nil, "last_used_at": nil, "scopes": [], "version": 1,
                    ]
                )
                #expect(issued.text("organization_id") == "org_ours")
            }
        }
    }

    @Test("a revoked key stays listed, is revoked once, and proxies are told", arguments: StoreEngine.allCases)
    func revoke(engine: StoreEngine) async throws {
        try await ResourceBench.serving(on: engine) { bench, caller in
            let path = "/v1/keys/" + (try await caller.expect(201, "POST", "/v1/keys")).text("id")
            let told = try await bench.store.changes.latest()
            #expect(try await caller.expect(200, "POST", path + "/revoke").text("state") == "revoked")
            #expect(try await bench.changes(after: told) == [.key])
            _ = try await caller.expect(409, "POST", path + "/revoke")
            _ = try await caller.expect(409, "PATCH", path, ["state": "active"])
            _ = try await caller.expect(409, "POST", path + "/rotate")
            #expect(try await caller.expect(200, "GET", "/v1/keys").data.map { $0.text("state") } == ["revoked"])
        }
    }

    @Test("rotation gives a new key and lets the old one live for the overlap", arguments: StoreEngine.allCases)
    func rotate(engine: StoreEngine) async throws {
        try await ResourceBench.serving(on: engine) { _, caller in
            let body: JSONValue = ["scopes": ["a"], "limits": [["name": "burst", "limit": 5, "window": "1s"]]]
            let old = try await caller.expect(201, "POST", "/v1/keys", body)
            let path = "/v1/keys/" + old.text("id")
            let new = try await caller.expect(201, "POST", path + "/rotate", ["overlap": "2h"])
            #expect(new["scopes"] == ["a"] && new["limits"] == old["limits"])
            #expect(new.text("key") != old.text("key"))
            let ends = (Bench.start + .seconds(7_200)).rfc3339
            #expect(new["replaces"] == ["id": .string(old.text("id")), "expires_at": .string(ends)])
            #expect(try await caller.expect(200, "GET", path).text("expires_at") == ends)
            let successor = "/v1/keys/\(new.text("id"))/rotate"
            let faults = try await caller.call("POST", successor, ["overlap": "91d"]).faults
            #expect(faults == ["overlap": "an overlap is from 0s to 90d"])
            #expect(try await caller.call("POST", successor, ["overlap": "soon"]).faults.keys.sorted() == ["overlap"])
        }
    }

    @Test("keys of a project are made and listed there, page by page", arguments: StoreEngine.allCases)
    func project(engine: StoreEngine) async throws {
        try await ResourceBench.serving(on: engine) { _, caller in
            let project = try await caller.expect(201, "POST", "/v1/projects", ["name": "acme"])
            let path = "/v1/projects/\(project.text("id"))/keys"
            var names: [String] = []
            for name in ["a", "b", "c"] {
                let issued = try await caller.expect(201, "POST", path, ["name": .string(name)])
                #expect(issued.text("project_id") == project.text("id"))
            }
            var cursor = ""
            repeat {
                let page = try await caller.expect(200, "GET", path + "?limit=2" + cursor)
                names += page.data.map { $0.text("name") }
                cursor = page["next_cursor"] == .null ? "" : "&cursor=" + page.text("next_cursor")
            } while !cursor.isEmpty
            #expect(names.sorted() == ["a", "b", "c"])
            #expect(try await caller.call("GET", path + "?cursor=xyz").faults.keys.sorted() == ["cursor"])
            #expect(try await caller.call("GET", path + "?limit=101").faults.keys.sorted() == ["limit"])
        }
    }

    @Test(
        "what is wrong with a key is named by its field",
        arguments: [
            (["name": ""], "name"), (["name": " a"], "name"), (["name": 1], "name"),
            (["environment": "prod"], "environment"),
            (["expires_at": "2020-01-01T00:00:00Z"], "expires_at"), (["expires_at": "soon"], "expires_at"),
            (["scopes": ["a b"]], "scopes[0]"), (["scopes": "a"], "scopes"), (["external_id": " a"], "external_id"),
            (["nmae": "a"], "nmae"),
            (["limits": [["name": "per-minit", "limit": 1, "window": "1m"]]], "limits"),
            (["limits": [["name": "burst", "limit": 1, "window": "1x"]]], "limits[0].window"),
        ] as [(JSONValue, String)]
    )
    func faults(body: JSONValue, field: String) async throws {
        try await ResourceBench.serving { bench, caller in
            let response = try await caller.call("POST", "/v1/keys", body)
            #expect(response.status == 422)
            #expect(try response.faults.keys.sorted() == [field])
            #expect(try await bench.store.administration.projects().count <= 1)
            #expect(try await caller.expect(200, "GET", "/v1/keys").data.isEmpty)
        }
    }

    @Test("nobody without a token gets anywhere", arguments: KeyEndpoints.all.map(\.id))
    func unauthenticated(id: String) async throws {
        let endpoint = try #require(KeyEndpoints.all.first { $0.id == id })
        let path = endpoint.path.replacing("/projects/{id}", with: "/projects/proj_a").replacing("{id}", with: "key_a")
        try await ResourceBench.serving { _, caller in
            let body: JSONValue? = endpoint.body == nil ? nil : [:]
            let response = try await caller.call(as: nil, endpoint.method.rawValue, path, body)
            #expect(response.status == 401)
            #expect(response.header("WWW-Authenticate")?.hasPrefix("Bearer") == true)
        }
    }

    @Test("somebody else's key does not exist, and a viewer may only look", arguments: StoreEngine.allCases)
    func others(engine: StoreEngine) async throws {
        try await ResourceBench.serving(on: engine) { bench, caller in
            let key = try await caller.expect(201, "POST", "/v1/keys")
            let (path, list) = ("/v1/keys/" + key.text("id"), "/v1/projects/\(key.text("project_id"))/keys")
            let told = try await bench.store.changes.latest()
            for (user, status) in [("eve", 404), ("vic", 403)] {
                _ = try await caller.expect(status, as: user, "PATCH", path, ["name": "mine"])
                _ = try await caller.expect(status, as: user, "DELETE", path)
                _ = try await caller.expect(status, as: user, "POST", path + "/revoke")
                _ = try await caller.expect(status, as: user, "POST", path + "/rotate")
                _ = try await caller.expect(status, as: user, "POST", list, ["name": "mine"])
            }
            _ = try await caller.expect(404, as: "eve", "GET", path)
            _ = try await caller.expect(404, as: "eve", "GET", list)
            #expect(try await caller.expect(200, as: "eve", "GET", "/v1/keys").data.isEmpty)
            #expect(try await caller.expect(200, as: "vic", "GET", path) == key.without("key"))
            #expect(try await caller.expect(200, as: "vic", "GET", list).data == [key.without("key")])
            _ = try await caller.expect(404, as: "vic", "POST", "/v1/keys")
            #expect(try await bench.changes(after: told).allSatisfy { $0 == .project })
            _ = try await caller.expect(201, as: "dan", "POST", list, ["name": "dan's"])
        }
    }

    @Test(
        "a change of an old version is refused with 412, of the current one it goes through",
        arguments: StoreEngine.allCases
    )
    func versions(engine: StoreEngine) async throws {
        try await ResourceBench.serving(on: engine) { _, caller in
            let path = "/v1/keys/" + (try await caller.expect(201, "POST", "/v1/keys")).text("id")
            let first = try await caller.call("PATCH", path, ["name": "b"], ifVersion: "1")
            #expect(first.status == 200)
            #expect(first.header("ETag") == "\"2\"")
            _ = try await caller.expect(412, "PATCH", path, ["name": "c"], ifVersion: "1")
            _ = try await caller.expect(412, "DELETE", path, ifVersion: "1")
            _ = try await caller.expect(412, "GET", path, ifVersion: "1")
            #expect(try await caller.expect(200, "GET", path, ifVersion: "2").text("name") == "b")
            _ = try await caller.expect(204, "DELETE", path, ifVersion: "2")
        }
    }

    @Test("a grant that is missing is a fault of the service, and its log names the table")
    func missingGrant() async throws {
        try await ResourceBench.serving(on: .postgres) { bench, caller in
            _ = try await caller.expect(201, "POST", "/v1/keys")
            try await bench.run("REVOKE SELECT ON keys FROM wonkey_management")
            let answer = try await caller.call("GET", "/v1/keys")
            #expect(answer.status == 500)
            #expect(!answer.text.contains("denied") && !answer.text.contains("keys\""))
            let line = bench.logLines.first { $0.hasPrefix("error") } ?? ""
            #expect(line.contains("permission denied for table keys (SQLSTATE 42501)"), "\(bench.logLines)")
        }
    }

    @Test("what an Idempotency-Key made is made once, and shown alike", arguments: StoreEngine.allCases)
    func idempotency(engine: StoreEngine) async throws {
        try await ResourceBench.serving(on: engine) { _, caller in
            let fields = [("Idempotency-Key", "one")]
            let first = try await caller.call("POST", "/v1/keys", fields: fields)
            let second = try await caller.call("POST", "/v1/keys", fields: fields)
            #expect(first.status == 201 && second.status == 201)
            #expect(first.body == second.body)
            #expect(second.header("Idempotency-Replayed") == "true")
            #expect(try await caller.expect(200, "GET", "/v1/keys").data.count == 1)
        }
    }
}
