import Testing
@testable import WonkeyAdmin
import WonkeyCore

@Suite("Project operations")
struct ProjectOperationsTests {
    @Test("a project is made with a new id, now, in the default organization, by the actor")
    func create() async throws {
        var bench = Bench()
        let project = try await bench.project("Acme API")
        #expect(
            project
                == Project(
                    id: project.id,
                    organizationID: OrganizationID(rawValue: "org_default"),
                    name: "Acme API",
                    createdAt: Bench.start
                )
        )
        #expect(project.id.rawValue.wholeMatch(of: /proj_[0-9A-Za-z]{16}/) != nil)
        #expect(try await ListProjects().run(in: bench.context) == [project])
        #expect(bench.store.with { $0.actors } == [bench.actor])
    }

    @Test("a taken name is a conflict that says so")
    func conflict() async throws {
        var bench = Bench()
        _ = try await bench.project("acme")
        let error = try await refusal { _ = try await bench.project("acme") }
        #expect(error.code == .conflict)
        #expect(error.message == "a project \"acme\" exists already; choose another name")
    }

    @Test(
        "a name is 1 to 64 visible characters",
        arguments: [
            ("a", true), (String(repeating: "é", count: 64), true), ("Ünïcödé 👩‍👩‍👧 名前", true),
            ("", false), (String(repeating: "a", count: 65), false), (" a", false), ("a ", false), ("a\nb", false),
            ("a\u{1B}[31m", false), ("a\u{202E}b", false), ("a\u{200B}", false), ("a\u{7F}", false), ("\u{0}", false),
            ("proj_0123456789abcdef", false), ("nb_live_0123456789abcdef0123456789abcdef", false),
        ]
    )
    func names(name: String, isGood: Bool) async throws {
        var bench = Bench()
        if isGood {
            #expect(try await bench.project(name).name == name)
        } else {
            let error = try await refusal { _ = try await bench.project(name) }
            #expect(error.code == .invalidInput)
            #expect(bench.store.with { $0.projects.isEmpty })
        }
    }

    @Test("a project is shown by name and by id, with its limits and the number of its keys")
    func show() async throws {
        var bench = Bench()
        let project = try await bench.project()
        _ = try await bench.key(of: project)
        let limit = try LimitArgument("burst=5/1s")
        let set = try await SetLimit(subject: .project("acme"), limits: [limit]).run(in: bench.context).overrides
        for name in ["acme", project.id.rawValue] {
            let outcome = try await ShowProject(nameOrID: name).run(in: bench.context)
            #expect(outcome.project == project)
            #expect(outcome.overrides == set)
            #expect(outcome.keyCount == 1)
        }
    }

    @Test(
        "an unknown project is named back with the nearest one",
        arguments: [
            ("acme-ap", "no project \"acme-ap\"; did you mean \"acme-api\"?"),
            ("other", "no project \"other\"; list the projects to see their names"),
            ("\u{1B}[31m", "no project \"\\u{1b}[31m\"; list the projects to see their names"),
            (
                "nb_live_0123456789abcdef0123456789abcdef",
                "no project \"nb_live_01234567…\"; list the projects to see their names"
            ),
        ]
    )
    func unknown(name: String, message: String) async throws {
        var bench = Bench()
        _ = try await bench.project("acme-api")
        let error = try await refusal { _ = try await ShowProject(nameOrID: name).run(in: bench.context) }
        #expect(error == OperationError(code: .notFound, message: message))
    }

    @Test("without any project the message says to create one")
    func none() async throws {
        let bench = Bench()
        let error = try await refusal { _ = try await ListKeys(project: "acme").run(in: bench.context) }
        #expect(error.message == "no project \"acme\"; there is none yet; create it first")
    }

    @Test(
        "a failing store is told apart, with its own words kept for the operator",
        arguments: [
            (StoreError.Code.unavailable, OperationError.Code.storeUnavailable, "the store gives no answer"),
            (.denied, .storeDenied, "the store does not let this program do that: a grant is missing"),
            (.full, .storeUnavailable, "the store has no room left"),
            (.corrupt, .storeUnavailable, "the store holds what this version does not understand"),
            (.notFound, .notFound, "it does not exist any more"),
            (.conflict, .conflict, "somebody else changed it meanwhile"),
        ]
    )
    func failures(code: StoreError.Code, expected: OperationError.Code, message: String) async throws {
        let bench = Bench()
        bench.store.with { $0.failure = StoreError(code: code, message: "disk on fire") }
        let error = try await refusal { _ = try await ListProjects().run(in: bench.context) }
        #expect(error == OperationError(code: expected, message: message, detail: "disk on fire"))
    }

    @Test("a store whose schema is behind is refused with the command to run")
    func schema() async throws {
        let bench = Bench()
        try await Migrate.requireCurrentSchema(bench.store)
        bench.store.with { $0.pendingSteps = [(1, "organizations", "CREATE"), (2, "keys", "CREATE")] }
        let error = try await refusal { try await Migrate.requireCurrentSchema(bench.store) }
        #expect(
            error
                == OperationError(
                    code: .schemaBehind,
                    message: "the store is not up to date (2 steps are missing); run wonkey-admin migrate"
                )
        )
        #expect(try await Migrate(mode: .dryRun).run(on: bench.store).map(\.number) == [1, 2])
        #expect(try await Migrate(mode: .apply).run(on: bench.store).map(\.number) == [1, 2])
        #expect(try await Migrate(mode: .dryRun).run(on: bench.store).isEmpty)
    }
}
