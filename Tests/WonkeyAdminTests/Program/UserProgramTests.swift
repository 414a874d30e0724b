import Foundation
import Support
import Testing
import WonkeyCore

/// The built `wonkey-admin` on a real SQLite file.
@Suite("wonkey-admin user and token", .temporaryDirectory)
struct UserProgramTests {
    private static let password = "correct horse battery"

    @Test("a user is created with a password from standard input, listed and shown, and no file holds the password")
    func create() async throws {
        let installation = try Installation()
        _ = try await installation.json("migrate")
        let user = try await installation.json(
            "user",
            "create",
            "Alice@example.com",
            "--name",
            "Alice",
            input: Self.password + "\n"
        )
        #expect(user["id"].text.wholeMatch(of: /usr_[0-9A-Za-z]{16}/) != nil)
        #expect(
            user == [
                "id": user["id"], "email": "Alice@example.com", "name": "Alice", "created_at": user["created_at"],
                "disabled_at": nil,
            ]
        )
        #expect(try await installation.json("user", "list") == ["data": [user]])
        let shown = try await installation.json("user", "show", "alice@EXAMPLE.com")
        #expect(shown.without("organizations") == user)
        guard case .array(let organizations) = shown["organizations"] else {
            Issue.record("no organizations")
            return
        }
        #expect(organizations.map { $0["role"].text } == ["owner"])
        #expect(organizations.map { $0["name"].text } == ["Alice"])
        for file in try FileManager.default.contentsOfDirectory(atPath: installation.path) {
            let bytes = try Data(contentsOf: URL(fileURLWithPath: installation.path + "/" + file))
            #expect(bytes.range(of: Data(Self.password.utf8)) == nil, "\(file)")
        }
    }

    @Test("disabling and enabling show in the list, by address or id")
    func disable() async throws {
        let installation = try Installation()
        _ = try await installation.json("migrate")
        let user = try await installation.json("user", "create", "alice@example.com", input: Self.password)
        let disabled = try await installation.json("user", "disable", "alice@example.com")
        #expect(Timestamp(rfc3339: disabled["disabled_at"].text) != nil)
        let table = try await installation.run("user", "list")
        #expect(table.standardOutput.contains("disabled"))
        #expect(try await installation.json("user", "enable", user["id"].text) == user)
        let changed = try await installation.json("user", "set-password", user["id"].text, input: "another password")
        #expect(changed == user)
    }

    @Test(
        "what cannot be is refused with status 2, an unknown or taken user with 1, and no password is repeated",
        arguments: [
            (["user", "create", "alice"], "correct horse", 2, "an e-mail address is needed"),
            (["user", "create", "bob@example.com"], "short", 2, "a password has 8 to 128 characters"),
            (["user", "create", "bob@example.com"], "", 2, "give the password on standard input"),
            (["user", "create", "ALICE@example.com"], "correct horse", 1, "there is an account with that e-mail"),
            (["user", "show", "nobody@example.com"], "", 1, "no user \"nobody@example.com\""),
            (["user", "disable", "usr_nobody"], "", 1, "no user \"usr_nobody\""),
            (["user"], "", 2, "Name what to do: create, list, show, disable, enable or set-password."),
            (["token"], "", 2, "Name what to do: rotate."),
        ]
    )
    func refused(arguments: [String], input: String, status: Int32, message: String) async throws {
        let installation = try Installation()
        _ = try await installation.json("migrate")
        _ = try await installation.json("user", "create", "alice@example.com", input: Self.password)
        let outcome = try await installation.run(arguments, input: input)
        #expect(outcome.status == status)
        #expect(outcome.standardOutput == "")
        #expect(outcome.standardError.contains(message))
        #expect(input.isEmpty || !outcome.standardError.contains(input))
    }

    @Test("the signing key is rotated, unless the secret is configured; a secret too short is refused")
    func rotate() async throws {
        let installation = try Installation()
        _ = try await installation.json("migrate")
        let first = try await installation.json("token", "rotate")["id"].text
        let second = try await installation.json("token", "rotate")["id"].text
        #expect(first.wholeMatch(of: /sig_[0-9A-Za-z]{16}/) != nil)
        #expect(first != second)
        let secret = String(repeating: "s", count: 32)
        let configured = try await installation.run("token", "rotate", environment: ["WONKEY_JWT_SECRET": secret])
        #expect(configured.status == 1)
        #expect(configured.standardError.contains("tokens are signed with the configured secret"))
        let short = try await installation.run("token", "rotate", environment: ["WONKEY_JWT_SECRET": "short"])
        #expect(short.status == 2)
        #expect(short.standardError.contains("WONKEY_JWT_SECRET must have at least 32 bytes"))
    }
}
