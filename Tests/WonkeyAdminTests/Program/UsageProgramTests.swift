import Foundation
import Support
import Testing

/// The built `wonkey-admin` and its duties as a program (http-proxy-duties §11).
@Suite("wonkey-admin as a program", .temporaryDirectory)
struct UsageProgramTests {
    @Test("the version and help go to standard output, with status 0")
    func versionAndHelp() async throws {
        let installation = try Installation()
        let version = try await installation.bare("--version")
        #expect(version == .init(status: 0, standardOutput: "wonkey-admin (WonKey) 0.1.0\n"))
        let help = try await installation.bare("key", "create", "--help")
        #expect(help.status == 0)
        #expect(help.standardError == "")
        #expect(help.standardOutput.contains("--project <name-or-id>"))
        for shell in ["bash", "zsh", "fish"] {
            let script = try await installation.bare("--generate-completion-script", shell)
            #expect(script.status == 0)
            #expect(script.standardOutput.contains("wonkey-admin"))
        }
    }

    @Test(
        "a usage error goes to standard error, with status 2",
        arguments: [
            ([], "Name a command."),
            (["key"], "Name what to do: create, list, show, update, revoke, delete, rotate or verify."),
            (["key", "create", "--project", "acme"], "Missing expected argument '--name <name>'"),
            (["frobnicate"], "Unexpected argument 'frobnicate'"),
            (["project", "list", "--frob"], "Unknown option '--frob'"),
            (["project", "list", "--output", "xml"], "The value 'xml' is invalid for '--output <format>'"),
            (["logs", "--project", "acme", "--count", "--follow"], "--count and --follow exclude each other."),
            (
                ["audit", "--project", "acme", "--organization", "o"],
                "--organization and --project exclude each other."
            ),
            (["limit", "list"], "Give either --key or --project."),
            (["key", "create", "--project", "acme", "--name", "a", "--expires", "soon"], "\"soon\" is no time"),
            (
                ["key", "create", "--project", "acme", "--name", "a", "--expires", "2020-01-01"],
                "a key expires in the future"
            ),
            (["key", "create", "--project", "acme", "--name", "a", "--permission", "a b"], "\"a b\" is no permission"),
            (["key", "rotate", "key_a", "--overlap", "1"], "--overlap takes a duration"),
            (["logs", "--project", "acme", "--status", "4yx"], "\"4yx\" is no status"),
            (["logs", "--project", "acme", "--from", "1 hour"], "\"1 hour\" is no time"),
        ]
    )
    func usageErrors(arguments: [String], message: String) async throws {
        let installation = try await Installation.withProject()
        let outcome = try await installation.run(arguments)
        #expect(outcome.status == 2)
        #expect(outcome.standardOutput == "")
        #expect(outcome.standardError.hasPrefix("wonkey-admin: \(message)"), "\(outcome.standardError)")
    }

    @Test("a thing that does not exist, or exists already, is a failure with status 1 and a hint")
    func failures() async throws {
        let installation = try await Installation.withProject()
        let table = [
            (["project", "create", "acme"], "a project \"acme\" exists already; choose another name"),
            (["key", "list", "--project", "acne"], "no project \"acne\"; did you mean \"acme\"?"),
            (["key", "show", "key_a"], "no key key_a; list the project's keys to see their ids"),
            (
                ["limit", "remove", "--project", "acme", "burst"],
                "no exception to \"burst\"; there are no exceptions"
            ),
        ]
        for (arguments, message) in table {
            let outcome = try await installation.run(arguments)
            let start = "wonkey-admin: \(message)"
            #expect(outcome.status == 1)
            #expect(outcome.standardOutput == "")
            #expect(outcome.standardError.hasPrefix(start), "\(outcome.standardError)")
        }
    }

    @Test("a store that was not made says to migrate, which makes it once and can be tried before")
    func migrate() async throws {
        let installation = try Installation()
        let early = try await installation.run("project", "list")
        #expect(early.status == 1)
        #expect(early.standardError.contains("wonkey-admin migrate"))

        let plan = try await installation.json("migrate", "--dry-run")
        #expect(plan["applied"] == false)
        #expect(plan.data.first?["number"] == 1)
        #expect(plan.data.allSatisfy { [12, 16].contains($0["number"]) != $0["sql"].text.contains("CREATE") })
        // Row-level security is PostgreSQL's.
        #expect(plan.data.first { $0["number"] == 12 }?["sql"].text.hasPrefix("-- nothing to do") == true)
        #expect(try await installation.run("project", "list").status == 1)

        let applied = try await installation.json("migrate")
        #expect(applied == plan.with("applied", true))
        #expect(try await installation.json("migrate") == ["applied": true, "data": []])
        let again = try await installation.run("migrate")
        #expect(again == .init(status: 0, standardOutput: "The store is up to date.\n"))
        #expect(try await installation.json("project", "list") == ["data": []])
    }

    @Test("the configuration comes from the option, else the environment, else the working directory")
    func configuration() async throws {
        let installation = try await Installation.withProject()
        let list = ["project", "list", "--output", "json"]
        let here = try await installation.bare(list)
        #expect(here.status == 0)
        let option = try await installation.bare(list + ["--config", "missing.yaml"])
        #expect(option.status == 2)
        #expect(option.standardError.contains("missing.yaml"))
        let variable = try await installation.bare(list, environment: ["WONKEY_CONFIG": "absent.yaml"])
        #expect(variable.status == 2)
        #expect(variable.standardError.contains("absent.yaml"))
        let after = try await installation.bare(
            list + ["--config=wonkey.yaml"],
            environment: ["WONKEY_CONFIG": "absent.yaml"]
        )
        #expect(after == here)
        try FileManager.default.removeItem(atPath: installation.configuration)
        let none = try await installation.bare(list)
        #expect(none.status == 2)
        #expect(none.standardError.hasPrefix("wonkey-admin: no configuration: give --config FILE"))
    }

    @Test("a faulty configuration is reported with its place, with status 2")
    func faultyConfiguration() async throws {
        let installation = try Installation()
        let file = installation.configuration
        let text = try String(contentsOfFile: file, encoding: .utf8)
        try text.replacing("version: 1", with: "verison: 1").write(toFile: file, atomically: true, encoding: .utf8)
        let outcome = try await installation.run("project", "list")
        #expect(outcome.status == 2)
        #expect(outcome.standardOutput == "")
        #expect(outcome.standardError.contains("\(file):1:1: "))
        #expect(outcome.standardError.contains("version"))
    }

    @Test("output that cannot be written is a failure")
    func fullOutput() async throws {
        let installation = try await Installation.withProject()
        let shell = BuiltProduct(path: "/bin/sh")
        let program = try BuiltProduct("wonkey-admin").path
        let command = "\"$0\" --config \"$1\" project list > /dev/full"
        let outcome = try await shell.run(["-c", command, program, installation.configuration])
        #expect(outcome.status == 1)
        #expect(outcome.standardError.hasPrefix("wonkey-admin: standard output cannot be written: "))
    }
}
