import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Administration: a user's default project")
struct DefaultProjectTests {
    private static let candidate = project("Default", organization: "org_ignored", at: 70)

    private static func find(_ user: UserID, _ test: TestStore, id: String = "proj_new") async throws -> Project {
        var candidate = Self.candidate
        candidate.id = ProjectID(rawValue: id)
        return try await test.store.administration(for: .member(user))
            .defaultProject(of: user, orMake: candidate, by: Members.actor(user))
    }

    @Test(
        "the oldest project of the user's own organization becomes the default, and stays it",
        arguments: Backend.allCases
    )
    func oldest(backend: Backend) async throws {
        try await backend.withStore { test in
            try await Members.move(into: test)
            let later = project("later", organization: "org_ours", at: 80)
            try await test.store.administration.createProject(later, by: operatorActor)
            #expect(try await Self.find(Members.ann, test) == Members.ours)
            try await test.run("UPDATE projects SET created_at = 1 WHERE id = \(later.id)")
            #expect(try await Self.find(Members.ann, test) == Members.ours)
        }
    }

    @Test("one is made where there is none, also after the old one was deleted", arguments: Backend.allCases)
    func made(backend: Backend) async throws {
        try await backend.withStore { test in
            try await Members.move(into: test)
            _ = try await Self.find(Members.ann, test)
            let ann = test.store.administration(for: .member(Members.ann))
            try await ann.deleteProject(
                Members.ours.id,
                ifVersion: nil,
                at: at(60),
                by: Members.actor(Members.ann)
            )
            var expected = Self.candidate
            expected.id = ProjectID(rawValue: "proj_new")
            expected.organizationID = Members.ours.organizationID
            #expect(try await Self.find(Members.ann, test) == expected)
            #expect(try await Self.find(Members.ann, test, id: "proj_never") == expected)
            let audit = try await test.values("SELECT actor, event FROM audit_log WHERE subject_id = 'proj_new'")
            #expect(audit == [[.text("user:usr_ann"), .text("project.create")]])
        }
    }

    @Test("two at once find one and the same", arguments: Backend.allCases)
    func racing(backend: Backend) async throws {
        try await backend.withStore { test in
            try await Members.move(into: test)
            try await test.run("UPDATE projects SET deleted_at = 1 WHERE id = \(Members.ours.id)")
            let found = try await withThrowingTaskGroup(of: Project.self) { group in
                for index in 0..<8 { group.addTask { try await Self.find(Members.ann, test, id: "proj_\(index)") } }
                return try await group.reduce(into: Set<ProjectID>()) { $0.insert($1.id) }
            }
            #expect(found.count == 1)
        }
    }

    @Test("who owns no organization has none", arguments: Backend.allCases)
    func homeless(backend: Backend) async throws {
        try await backend.withStore { test in
            try await Members.move(into: test)
            #expect(try await storeErrorCode { _ = try await Self.find(Members.dan, test) } == .notFound)
        }
    }
}
