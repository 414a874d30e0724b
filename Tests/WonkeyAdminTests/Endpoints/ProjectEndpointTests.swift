import Support
import Testing
import WonkeyCore
import WonkeyStore

@testable import WonkeyAdmin

@Suite("Project, limit and audit endpoints")
struct ProjectEndpointTests {
    @Test("a project is made, shown, listed, renamed and deleted with its keys", arguments: StoreEngine.allCases)
    func lifeCycle(engine: StoreEngine) async throws {
        try await ResourceBench.serving(on: engine) { bench, caller in
            let created = try await caller.call(
                "POST",
                "/v1/projects",
                ["name": "acme", "organization_id": "org_ours"]
            )
            #expect(created.status == 201)
            let project = try created.json
            let path = "/v1/projects/" + project.text("id")
            #expect(created.header("Location") == path)
            #expect(
                project.without("id", "created_at") == ["name": "acme", "organization_id": "org_ours", "version": 1]
            )
            #expect(try await caller.expect(200, "GET", "/v1/projects") == ["data": [project], "next_cursor": nil])
            let key = try await caller.expect(201, "POST", path + "/keys", ["name": "a"])
            #expect(try await caller.expect(200, "GET", path) == project.replacing(["keys": 1, "limits": []]))

            let renamed = try await caller.expect(200, "PATCH", path, ["name": "Acme"], ifVersion: "1")
            #expect(renamed == project.replacing(["name": "Acme", "version": 2]))
            _ = try await caller.expect(412, "PATCH", path, ["name": "b"], ifVersion: "1")
            _ = try await caller.expect(412, "DELETE", path, ifVersion: "1")
            _ = try await caller.expect(201, "POST", "/v1/projects", ["name": "taken"])
            _ = try await caller.expect(409, "POST", "/v1/projects", ["name": "taken"])
            _ = try await caller.expect(409, "PATCH", path, ["name": "taken"])

            let told = try await bench.store.changes.latest()
            _ = try await caller.expect(204, "DELETE", path)
            #expect(try await bench.changes(after: told) == [.project])
            _ = try await caller.expect(404, "GET", path)
            _ = try await caller.expect(404, "GET", path + "/keys")
            _ = try await caller.expect(404, "GET", "/v1/keys/" + key.text("id"))
        }
    }

    @Test(
        "somebody else's project does not exist, and a role below admin may not change it",
        arguments: StoreEngine.allCases
    )
    func others(engine: StoreEngine) async throws {
        try await ResourceBench.serving(on: engine) { bench, caller in
            let project = try await caller.expect(201, "POST", "/v1/projects", ["name": "acme"])
            let path = "/v1/projects/" + project.text("id")
            let quota: JSONValue = ["limit": 1, "window": "1m"]
            let before = try await bench.store.administration.projects()
            for (user, status) in [("eve", 404), ("vic", 403), ("dan", 403)] {
                _ = try await caller.expect(status, as: user, "PATCH", path, ["name": "mine"])
                _ = try await caller.expect(status, as: user, "DELETE", path)
                _ = try await caller.expect(status, as: user, "PUT", path + "/limits/burst", quota)
                let body: JSONValue = ["name": "new", "organization_id": "org_ours"]
                _ = try await caller.expect(status, as: user, "POST", "/v1/projects", body)
            }
            for route in ["", "/limits", "/audit", "/keys"] {
                _ = try await caller.expect(404, as: "eve", "GET", path + route)
                _ = try await caller.expect(200, as: "vic", "GET", path + route)
            }
            #expect(try await caller.expect(200, as: "eve", "GET", "/v1/projects").data.isEmpty)
            _ = try await caller.expect(404, as: "eve", "GET", "/v1/organizations/org_ours/audit")
            #expect(try await bench.store.administration.projects() == before)
        }
    }

    @Test(
        "limits of projects and keys are set, replaced, listed and removed under their owner's version",
        arguments: StoreEngine.allCases
    )
    func limits(engine: StoreEngine) async throws {
        try await ResourceBench.serving(on: engine) { _, caller in
            let key = try await caller.expect(201, "POST", "/v1/keys")
            for (owner, member) in [
                ("/v1/keys/" + key.text("id"), "key_id"), ("/v1/projects/" + key.text("project_id"), "project_id"),
            ] {
                let path = owner + "/limits"
                let first = try await caller.call(
                    "PUT",
                    path + "/burst",
                    ["limit": 5, "window": "60s"],
                    ifVersion: "1"
                )
                #expect(first.header("ETag") == "\"2\"")
                let burst = try first.json
                #expect(burst.text("window") == "1m")
                #expect(burst[member] == key[member == "key_id" ? "id" : "project_id"])
                _ = try await caller.expect(412, "PUT", path + "/burst", ["limit": 6, "window": "1m"], ifVersion: "1")
                let second = try await caller.expect(200, "PUT", path + "/per-minute", ["limit": 0, "window": "1h"])
                let list = try await caller.call("GET", path)
                #expect(list.header("ETag") == "\"3\"")
                #expect(try list.json == ["data": .array([burst, second]), "next_cursor": nil])
                _ = try await caller.expect(412, "DELETE", path + "/burst", ifVersion: "2")
                _ = try await caller.expect(204, "DELETE", path + "/burst", ifVersion: "3")
                _ = try await caller.expect(404, "DELETE", path + "/burst")
                #expect(try await caller.expect(200, "GET", path).data == [second])
            }
        }
    }

    @Test(
        "a limit that cannot be is refused by its field",
        arguments: [
            ("per-minit", ["limit": 1, "window": "1m"], "name"), ("burst", ["limit": -1, "window": "1m"], "limit"),
            ("burst", ["limit": 1_000_000_001, "window": "1m"], "limit"),
            ("burst", ["limit": 1, "window": "1"], "window"),
            ("burst", ["limit": 1, "window": "367d"], "window"), ("burst", ["limit": 1, "window": "0s"], "window"),
            ("burst", ["limit": 1], "window"),
        ] as [(String, JSONValue, String)]
    )
    func badLimits(name: String, body: JSONValue, field: String) async throws {
        try await ResourceBench.serving { _, caller in
            let key = try await caller.expect(201, "POST", "/v1/keys")
            let path = "/v1/keys/\(key.text("id"))/limits"
            let response = try await caller.call("PUT", path + "/" + name, body)
            #expect(response.status == 422)
            #expect(try response.faults.keys.sorted() == [field])
            if field == "name" {
                #expect(try response.faults["name"]?.hasSuffix("did you mean \"per-minute\"?") == true)
            }
            #expect(try await caller.expect(200, "GET", path).data.isEmpty)
        }
    }

    @Test(
        "the audit log tells who changed what from where, without secrets, by filters and pages",
        arguments: StoreEngine.allCases
    )
    func audit(engine: StoreEngine) async throws {
        try await ResourceBench.serving(on: engine) { _, caller in
            let key = try await caller.expect(201, "POST", "/v1/keys", ["name": "a"])
            let path = "/v1/keys/" + key.text("id")
            _ = try await caller.expect(200, as: "dan", "PATCH", path, ["name": "b"])
            _ = try await caller.expect(204, "DELETE", path)
            let all = "/v1/organizations/org_ours/audit"
            let log = try await caller.call("GET", all)
            #expect(!log.text.contains(key.text("key")))
            let events = try log.json.data.map { $0.text("event") }
            #expect(events.sorted() == ["key.create", "key.delete", "key.update", "project.create"])
            let updates = try await caller.expect(200, "GET", all + "?event=key.update").data
            let update = try #require(updates.first)
            #expect(updates.count == 1)
            #expect(update.text("actor") == "user:usr_dan")
            #expect(update.text("source") == "127.0.0.1")
            #expect(update.text("subject_id") == key.text("id"))
            #expect(update["before"]?.text("name") == "a" && update["after"]?.text("name") == "b")
            let ofProject = "/v1/projects/\(key.text("project_id"))/audit?actor=user:usr_dan&subject=\(key.text("id"))"
            #expect(try await caller.expect(200, "GET", ofProject).data == updates)
            #expect(try await caller.expect(200, "GET", all + "?to=2020-01-01").data.isEmpty)
            #expect(try await caller.call("GET", all + "?from=soon").faults.keys.sorted() == ["from"])
            let page = try await caller.expect(200, "GET", all + "?limit=3")
            let rest = try await caller.expect(200, "GET", all + "?limit=3&cursor=" + page.text("next_cursor"))
            #expect(try page.data + rest.data == log.json.data)
        }
    }

    @Test(
        "two who change different members at once both hold, and of two with one version one is told",
        arguments: StoreEngine.allCases
    )
    func racing(engine: StoreEngine) async throws {
        try await ResourceBench.serving(on: engine) { bench, caller in
            let key = try await caller.expect(201, "POST", "/v1/keys")
            let id = key.text("id")
            let context = bench.context(of: "ann")
            let statuses = try await withThrowingTaskGroup(of: OperationError.Code?.self) { group in
                for index in 0..<6 {
                    group.addTask {
                        let operation = UpdateKey(id: id, name: "name \(index)", ifVersion: 1)
                        do throws(OperationError) {
                            _ = try await operation.run(in: context)
                            return nil
                        } catch {
                            return error.code
                        }
                    }
                }
                return try await group.reduce(into: [OperationError.Code?]()) { $0.append($1) }
            }
            #expect(statuses.count { $0 == nil } == 1)
            #expect(statuses.count { $0 == .outdated } == 5)
            #expect(try await caller.expect(200, "GET", "/v1/keys/" + id)["version"] == 2)
        }
    }
}
