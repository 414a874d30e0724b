import Support
import Testing

@Suite("wonkey-admin: changing and deleting", .temporaryDirectory)
struct ChangeProgramTests {
    @Test("a project is renamed and deleted, and its keys are none any more")
    func project() async throws {
        let installation = try await Installation.withProject()
        let key = try await installation.createKey()
        let project = try #require(try await installation.json("project", "list").data.first)
        let renamed = try await installation.json("project", "rename", "acme", "Acme 2")
        #expect(renamed == project.with("name", "Acme 2").with("version", 2))
        let unasked = try await installation.run("project", "delete", "Acme 2", input: "y\n")
        let message = "wonkey-admin: deleting cannot be undone and there is no terminal to ask; pass --yes\n"
        #expect(unasked == .init(status: 2, standardError: message))
        #expect(try await installation.json("project", "delete", "Acme 2", "--yes") == renamed)
        #expect(try await installation.json("project", "list") == ["data": []])
        let verified = try await installation.run("key", "verify", input: key["key"].text)
        #expect(verified.status == 1)
        #expect(verified.standardOutput.hasPrefix("not valid: there is no such key"))
    }

    @Test("a key's name, expiry, permissions and state are changed one by one, and told in the audit log")
    func key() async throws {
        let installation = try await Installation.withProject()
        let key = try await installation.createKey()
        let id = key["id"].text
        func update(_ arguments: String...) async throws -> JSON {
            try await installation.json(["key", "update", id] + arguments)
        }
        #expect(try await update("--name", "bob")["name"] == "bob")
        #expect(try await update("--expires", "2099-01-01")["expires_at"] == "2099-01-01T00:00:00.000Z")
        #expect(try await update("--expires", "never")["expires_at"] == nil)
        #expect(try await update("--permission", "b", "--permission", "a")["permissions"] == ["a", "b"])
        #expect(try await update("--no-permissions")["permissions"] == [])
        #expect(try await update("--disable")["state"] == "disabled")
        let last = try await update("--enable")
        let first = key.without("key").with("permissions", []).with("scopes", [])
        #expect(last == first.with("name", "bob").with("version", 8))

        let log = try await installation.json("audit", "--project", "acme", "--subject", id).data
        #expect(log.map { $0["event"].text }.sorted() == ["key.create"] + Array(repeating: "key.update", count: 7))
        let nothing = try await installation.run("key", "update", id)
        #expect(nothing.status == 2)
    }

    @Test("deleting a key asks on a terminal, needs --yes without one, and leaves it unknown")
    func deleteKey() async throws {
        let installation = try await Installation.withProject()
        let key = try await installation.createKey()
        let id = key["id"].text
        let unasked = try await installation.run("key", "delete", id, input: "y\n")
        let message = "wonkey-admin: deleting cannot be undone and there is no terminal to ask; pass --yes\n"
        #expect(unasked == .init(status: 2, standardError: message))
        #expect(try await installation.json("key", "show", id)["state"] == "active")
        #expect(try await installation.json("key", "delete", id, "--yes") == key.without("key"))
        #expect(try await installation.json("key", "list", "--project", "acme") == ["data": []])
        let verified = try await installation.run("key", "verify", input: key["key"].text)
        #expect(verified.status == 1)
        #expect(verified.standardOutput.hasPrefix("not valid: there is no such key"))
        let again = try await installation.run("key", "delete", "--yes", id)
        let unknown = "wonkey-admin: no key \(id); list the project's keys to see their ids\n"
        #expect(again == .init(status: 1, standardError: unknown))
    }

    @Test("the audit log is that of everything, of an organization or of a project, newest first")
    func audit() async throws {
        let installation = try await Installation.withProject()
        let key = try await installation.createKey()
        _ = try await installation.json("key", "delete", "--yes", key["id"].text)
        _ = try await installation.json("project", "create", "other")
        _ = try await installation.json("user", "create", "a@example.com", input: "correct horse battery")
        func events(_ arguments: String...) async throws -> [String] {
            let records = try await installation.json(["audit"] + arguments).data
            #expect(records.map { $0["time"].text } == records.map { $0["time"].text }.sorted(by: >))
            return records.map { $0["event"].text }.sorted()
        }
        let ofProject = ["key.create", "key.delete", "project.create"]
        let ofOrganization = (ofProject + ["organization.create", "project.create"]).sorted()
        #expect(try await events("--project", "acme") == ofProject)
        #expect(try await events("--organization", "org_default") == ofOrganization)
        let everything = try await events()
        #expect(everything.count { $0 == "project.create" } == 3 && everything.contains("user.register"))
        #expect(try await events("--event", "key.delete") == ["key.delete"])
        let text = try await installation.run("audit", "--organization", "org_default", "--event", "key.delete")
        #expect(text.standardOutput.hasPrefix("TIME") && text.standardOutput.contains(key["id"].text))
        let unknown = try await installation.run("audit", "--organization", "org_none")
        #expect(unknown.status == 1 && unknown.standardError.contains("org_none"), "\(unknown.standardError)")
    }
}
