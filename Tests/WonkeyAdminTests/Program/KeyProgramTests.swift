import Foundation
import Support
import Testing
import WonkeyCore

/// The built `wonkey-admin` on a real SQLite file.
@Suite("wonkey-admin project and key", .temporaryDirectory)
struct KeyProgramTests {
    @Test("projects are created, listed and shown as JSON")
    func projects() async throws {
        let installation = try Installation()
        _ = try await installation.json("migrate")
        let project = try await installation.json("project", "create", "acme")
        #expect(project["id"].text.wholeMatch(of: /proj_[0-9A-Za-z]{16}/) != nil)
        #expect(Timestamp(rfc3339: project["created_at"].text) != nil)
        #expect(
            project == [
                "id": project["id"], "name": "acme", "organization_id": "org_default",
                "created_at": project["created_at"], "version": 1,
            ]
        )
        #expect(try await installation.json("project", "list") == ["data": [project]])
        let shown = project.with("keys", 0).with("limits", [])
        #expect(try await installation.json("project", "show", "acme") == shown)
        #expect(try await installation.json("project", "show", project["id"].text) == shown)
    }

    @Test("a key is printed when it is made and never again, and only its hash is stored")
    func createKey() async throws {
        let installation = try Installation()
        _ = try await installation.json("migrate")
        let project = try await installation.json("project", "create", "acme")
        let created = try await installation.json(
            "key",
            "create",
            "--project",
            "acme",
            "--name",
            "alice",
            "--environment",
            "test",
            "--expires",
            "2099-01-01T00:00:00Z",
            "--permission",
            "images:write",
            "--permission",
            "a:read",
            "--external-id",
            "customer-17",
            "--limit",
            "per-minute=100/1m"
        )
        let key = created["key"].text
        #expect(key.wholeMatch(of: /nb_test_[0-9a-f]{32}/) != nil)
        let expected: JSON = [
            "id": created["id"], "start": .string(String(key.prefix(16))), "name": "alice",
            "project_id": project["id"], "organization_id": "org_default", "environment": "test", "state": "active",
            "external_id": "customer-17",
            "created_at": created["created_at"], "expires_at": "2099-01-01T00:00:00.000Z", "last_used_at": nil,
            "permissions": ["a:read", "images:write"], "scopes": ["a:read", "images:write"],
            "limits": [["name": "per-minute", "limit": 100, "window": "1m", "window_ms": 60_000]],
            "version": 1,
        ]
        #expect(created.without("key") == expected)

        let id = created["id"].text
        #expect(try await installation.json("key", "show", id) == expected)
        #expect(try await installation.json("key", "list", "--project", "acme") == ["data": [expected]])
        for arguments in [["key", "show", id], ["key", "list", "--project", "acme"], ["project", "show", "acme"]] {
            let outcome = try await installation.run(arguments)
            #expect(outcome.status == 0)
            #expect(!(outcome.standardOutput + outcome.standardError).contains(key.dropFirst(16)))
        }
        for file in try FileManager.default.contentsOfDirectory(atPath: installation.path) {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: installation.path + "/" + file))
            #expect(bytes.range(of: Data(key.utf8.dropFirst(16))) == nil, "\(file)")
        }
    }

    @Test("a key in the text format stands in its first line, with nothing on standard error")
    func createKeyAsText() async throws {
        let installation = try await Installation.withProject()
        let outcome = try await installation.run("key", "create", "--project", "acme", "--name", "alice")
        #expect(outcome.status == 0)
        #expect(outcome.standardError == "")
        let lines = outcome.standardOutput.split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.first?.wholeMatch(of: /key +nb_live_[0-9a-f]{32}/) != nil)
        let names = lines.prefix(while: { !$0.isEmpty }).compactMap { $0.split(separator: "  ").first }
        #expect(
            names == [
                "key", "id", "name", "project", "organization", "environment", "state", "external id", "created",
                "expires",
                "permissions", "limits",
            ]
        )
        #expect(lines.suffix(3) == ["", "Keep the key: it is not shown again.", ""])
    }

    @Test("a key is verified from standard input, with exit status 0 or 1")
    func verify() async throws {
        let installation = try await Installation.withProject()
        let created = try await installation.createKey()
        let key = created["key"].text
        let record = created.without("key")
        let valid = try await installation.json("key", "verify", input: key + "\n")
        #expect(valid == ["valid": true, "code": "valid", "key": record])

        let text = try await installation.run("key", "verify", input: "  \(key)\r\n")
        #expect(text.status == 0)
        #expect(text.standardOutput.hasPrefix("valid\nid "))

        let other = "nb_live_0123456789abcdef0123456789abcdef"
        let table: [(String, String)] = [
            (other, "not valid: there is no such key\n"), ("hello", "not valid: it does not have the form of a key\n"),
            ("", "not valid: it does not have the form of a key\n"),
        ]
        for (input, expected) in table {
            let outcome = try await installation.run("key", "verify", input: input)
            #expect(outcome == .init(status: 1, standardOutput: expected))
        }
        let permission = try await installation.run(
            "key",
            "verify",
            "--permission",
            "admin",
            "--output",
            "json",
            input: key
        )
        #expect(permission.status == 1)
        #expect(
            try JSON(permission.standardOutput)
                == ["valid": false, "code": "insufficient_permissions", "key": record]
        )
        _ = try await installation.json("key", "revoke", created["id"].text, "--yes")
        let revoked = try await installation.run("key", "verify", "--output", "json", input: key)
        #expect(revoked.status == 1)
        #expect(
            try JSON(revoked.standardOutput)
                == ["valid": false, "code": "revoked", "key": record.with("state", "revoked").with("version", 2)]
        )
    }

    @Test("a key given as an argument is refused and not repeated")
    func keyAsArgument() async throws {
        let installation = try await Installation.withProject()
        let key = "nb_live_0123456789abcdef0123456789abcdef"
        for arguments in [
            ["key", "verify", key], ["key", "show", key], ["key", "revoke", "--yes", key], ["key", "rotate", key],
            ["logs", "--project", "acme", "--key", key], ["key", "create", "--project", "acme", "--name", key],
            ["--output", key, "project", "list"], [key],
        ] {
            let outcome = try await installation.run(arguments)
            #expect(outcome.status == 2, "\(arguments)")
            #expect(outcome.standardOutput == "")
            #expect(outcome.standardError.hasPrefix("wonkey-admin: "))
            #expect(!outcome.standardError.contains("89abcdef0123"), "\(arguments)")
        }
    }

    @Test("revoking asks on a terminal, needs --yes without one, and is a conflict the second time")
    func revoke() async throws {
        let installation = try await Installation.withProject()
        let created = try await installation.createKey()
        let id = created["id"].text
        let unasked = try await installation.run("key", "revoke", id, input: "y\n")
        let message = "wonkey-admin: revoking cannot be undone and there is no terminal to ask; pass --yes\n"
        #expect(unasked == .init(status: 2, standardError: message))
        #expect(try await installation.json("key", "show", id)["state"] == "active")
        #expect(
            try await installation.json("key", "revoke", id, "--yes")
                == created.without("key").with("state", "revoked").with("version", 2)
        )
        let again = try await installation.run("key", "revoke", "--yes", id)
        #expect(again == .init(status: 1, standardError: "wonkey-admin: the key \(id) is revoked already\n"))
    }

    @Test("rotation prints a new key once and lets the old one live for the overlap")
    func rotate() async throws {
        let installation = try await Installation.withProject()
        let old = try await installation.createKey()
        let new = try await installation.json("key", "rotate", old["id"].text, "--overlap", "2h")
        #expect(new["key"].text.wholeMatch(of: /nb_live_[0-9a-f]{32}/) != nil)
        #expect(new["key"] != old["key"])
        let created = try #require(Timestamp(rfc3339: new["created_at"].text))
        let ends = (created + .seconds(7_200)).rfc3339
        #expect(
            new.without("key", "id", "start", "created_at", "replaces")
                == old.without("key", "id", "start", "created_at")
        )
        #expect(new["replaces"] == ["id": old["id"], "expires_at": .string(ends)])
        #expect(try await installation.json("key", "show", old["id"].text)["expires_at"].text == ends)
        for key in [old, new] {
            #expect(try await installation.json("key", "verify", input: key["key"].text)["valid"] == true)
        }

        let atOnce = try await installation.json("key", "rotate", new["id"].text, "--overlap", "0s")
        let verified = try await installation.run("key", "verify", input: new["key"].text)
        #expect(verified.status == 1)
        #expect(verified.standardOutput.hasPrefix("not valid: it has expired\n"))
        #expect(atOnce["replaces"]["id"] == new["id"])
    }

    @Test("a list of keys is an aligned table without tabs and colours, in colours if they are asked for")
    func table() async throws {
        let installation = try await Installation.withProject()
        let first = try await installation.json("key", "create", "--project", "acme", "--name", "a")
        let second = try await installation.json("key", "create", "--project", "acme", "--name", "名前 long")
        _ = try await installation.json("key", "revoke", "--yes", second["id"].text)
        func row(_ key: JSON, _ name: String, _ state: String) -> String {
            let (id, start, created) = (key["id"].text, key["start"].text, key["created_at"].text)
            return "\(id)  \(start)…  \(name)  \(state)  \(created)  -        -\n"
        }
        let head =
            "ID                    START              NAME       STATE    CREATED                   EXPIRES  LAST USED\n"
        let outcome = try await installation.run("key", "list", "--project", "acme")
        #expect(
            outcome
                == .init(
                    status: 0,
                    standardOutput: head + row(first, "a        ", "active ") + row(second, "名前 long", "revoked")
                )
        )
        let colored = try await installation.run(
            "key",
            "list",
            "--project",
            "acme",
            "--color",
            "always",
            environment: ["NO_COLOR": "1"]
        )
        #expect(colored.standardOutput.contains("\u{1B}[31mrevoked\u{1B}[0m"))
    }
}

extension Installation {
    /// One with its store made and the project `acme`.
    static func withProject() async throws -> Installation {
        let installation = try Installation()
        _ = try await installation.json("migrate")
        _ = try await installation.json("project", "create", "acme")
        return installation
    }

    func createKey() async throws -> JSON {
        try await self.json("key", "create", "--project", "acme", "--name", "alice", "--permission", "images:write")
    }
}
