import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Administration: projects")
struct ProjectTests {
    @Test("projects are listed by name and found by id or name", arguments: Backend.allCases)
    func listing(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            let (b, a) = (project("b"), project("a"))
            try await store.createProject(b, by: operatorActor)
            try await store.createProject(a, by: operatorActor)
            #expect(try await store.projects() == [a, b])
            #expect(try await store.project(nameOrID: "b") == b)
            #expect(try await store.project(nameOrID: "proj_a") == a)
            #expect(try await store.project(nameOrID: "c") == nil)
        }
    }

    @Test("a name is taken once per organization, and shared by two needs an id", arguments: Backend.allCases)
    func names(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            try await store.createProject(project("a"), by: operatorActor)
            var twin = project("a")
            twin.id = ProjectID(rawValue: "proj_twin")
            #expect(try await storeErrorCode { try await store.createProject(twin, by: operatorActor) } == .conflict)
            twin.organizationID = OrganizationID(rawValue: "org_other")
            try await store.createProject(twin, by: operatorActor)
            #expect(try await storeErrorCode { _ = try await store.project(nameOrID: "a") } == .conflict)
            #expect(try await store.project(nameOrID: "proj_twin") == twin)
            var sameID = project("b")
            sameID.id = twin.id
            #expect(try await storeErrorCode { try await store.createProject(sameID, by: operatorActor) } == .conflict)
            #expect(try await store.projects().count == 2)
        }
    }

    @Test("an id wins over another project's name", arguments: Backend.allCases)
    func idFirst(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            let first = project("a")
            var second = project("b")
            second.name = first.id.rawValue
            try await store.createProject(first, by: operatorActor)
            try await store.createProject(second, by: operatorActor)
            #expect(try await store.project(nameOrID: first.id.rawValue) == first)
        }
    }

    @Test(
        "making a project makes its organization once, and tells the outbox and the audit log",
        arguments: Backend.allCases
    )
    func traces(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            try await store.createProject(project("a", at: 7), by: operatorActor)
            try await store.createProject(project("b", at: 8), by: operatorActor)
            #expect(try await test.values("SELECT id, name FROM orgs") == [[.text("org_default"), .text("Default")]])
            #expect(
                try await test.store.changes.changes(after: 0) == [
                    Change(sequence: 1, kind: .project, projectID: project("a").id, keyHash: nil),
                    Change(sequence: 2, kind: .project, projectID: project("b").id, keyHash: nil),
                ]
            )
            let audit = try await test.values(
                "SELECT time, actor, source, event, subject_id, after_json FROM audit_log ORDER BY time, event"
            )
            let who: [SQLValue] = [.text("cli:test"), .text("wonkey-admin")]
            #expect(
                audit == [
                    [.integer(7)] + who
                        + [.text("organization.create"), .text("org_default"), .text(#"{"name":"Default"}"#)],
                    [.integer(7)] + who + [.text("project.create"), .text("proj_a"), .text(#"{"name":"a"}"#)],
                    [.integer(8)] + who + [.text("project.create"), .text("proj_b"), .text(#"{"name":"b"}"#)],
                ]
            )
        }
    }
}
