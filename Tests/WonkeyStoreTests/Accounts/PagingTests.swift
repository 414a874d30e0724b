import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Administration: pages and the audit log")
struct PagingTests {
    /// Reads a list page by page until one is not full.
    private static func all<Element>(
        pagesOf limit: Int,
        place: (Element) -> ListPlace,
        _ query: (ListPlace?) async throws -> [Element]
    ) async throws -> [Element] {
        var elements: [Element] = []
        while true {
            let page = try await query(elements.last.map(place))
            elements += page
            guard page.count == limit else { return elements }
        }
    }

    @Test(
        "pages of projects and of keys have every one once, oldest first",
        arguments: Backend.allCases,
        [1, 2, 3, 100]
    )
    func pages(backend: Backend, limit: Int) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            // Several of one time, in another order than their names.
            let projects = [("c", 1), ("a", 2), ("b", 2), ("d", 2), ("e", 3)].map { project($0, at: $1) }
            for project in projects.reversed() { try await store.createProject(project, by: operatorActor) }
            let home = projects[0]
            var keys = [("c", 1), ("a", 2), ("b", 2), ("d", 2), ("e", 3)].map { key($0, of: home, at: $1) }
            for index in keys.indices {
                keys[index].permissions = [try permission("p\(index)")]
                keys[index].overrides = ["burst": Quota(limit: index, window: .seconds(1))]
            }
            for key in keys.reversed() { try await store.createKey(key, hash: hash(key.name), by: operatorActor) }
            let readProjects = try await Self.all(pagesOf: limit) {
                ListPlace(time: $0.createdAt, id: $0.id.rawValue)
            } _: {
                try await store.projects(after: $0, limit: limit)
            }
            #expect(readProjects == projects)
            let readKeys = try await Self.all(pagesOf: limit) {
                ListPlace(time: $0.createdAt, id: $0.id.rawValue)
            } _: {
                try await store.keys(of: home.id, after: $0, limit: limit)
            }
            #expect(readKeys == keys)
        }
    }

    /// A project and a key, then the key's name changed by a user.
    private static func fillAudit(_ test: TestStore) async throws {
        try await Members.move(into: test)
        let dan = test.store.administration(for: .member(Members.dan))
        _ = try await dan.updateKey(
            Members.ourKey.id,
            KeyChange(name: "renamed"),
            ifVersion: nil,
            at: at(50),
            by: Members.actor(Members.dan)
        )
    }

    @Test("a change is told with who, from where, and what was before and after", arguments: Backend.allCases)
    func record(backend: Backend) async throws {
        try await backend.withStore { test in
            try await Self.fillAudit(test)
            let filter = AuditFilter(place: .project(Members.ours.id), event: "key.update")
            let records = try await test.store.administration(for: .member(Members.vic))
                .audit(filter, before: nil, limit: 9)
            let before = """
                {"environment":"live","name":"ours","overrides":{},"permissions":[],"start":"nb_live_ours",\
                "state":"active"}
                """
            let expected = AuditRecord(
                id: records.first?.id ?? "",
                time: at(50),
                organizationID: Members.ours.organizationID,
                projectID: Members.ours.id,
                actor: Actor(name: "user:usr_dan", source: "192.0.2.1"),
                event: "key.update",
                subjectKind: "key",
                subjectID: "key_ours",
                before: before,
                after: before.replacing(#""name":"ours""#, with: #""name":"renamed""#)
            )
            #expect(records == [expected])
        }
    }

    struct Selection: Sendable, CustomTestStringConvertible {
        var filter: AuditFilter
        var events: [String]
        var testDescription: String { "\(self.filter)" }
    }

    private static let organization = AuditFilter.Place.organization(Members.ours.organizationID)

    static let selections: [Selection] = [
        Selection(
            filter: AuditFilter(place: Self.organization),
            events: ["key.update", "key.create", "organization.create", "project.create"]
        ),
        Selection(
            filter: AuditFilter(place: .project(Members.ours.id)),
            events: ["key.update", "key.create", "project.create"]
        ),
        Selection(
            filter: AuditFilter(place: Self.organization, subject: "key_ours"),
            events: ["key.update", "key.create"]
        ),
        Selection(filter: AuditFilter(place: Self.organization, actor: "user:usr_dan"), events: ["key.update"]),
        Selection(filter: AuditFilter(place: Self.organization, event: "key.create"), events: ["key.create"]),
        Selection(filter: AuditFilter(place: Self.organization, from: at(20)), events: ["key.update", "key.create"]),
        Selection(filter: AuditFilter(place: Self.organization, from: at(20), to: at(50)), events: ["key.create"]),
        Selection(filter: AuditFilter(place: Self.organization, subject: "key_theirs"), events: []),
    ]

    @Test("the audit log is read by filters, in pages, newest first", arguments: Backend.allCases, Self.selections)
    func filters(backend: Backend, selection: Selection) async throws {
        try await backend.withStore { test in
            try await Self.fillAudit(test)
            let store = test.store.administration(for: .member(Members.vic))
            for limit in [1, 2, 100] {
                let records = try await Self.all(pagesOf: limit) {
                    ListPlace(time: $0.time, id: $0.id)
                } _: {
                    try await store.audit(selection.filter, before: $0, limit: limit)
                }
                #expect(records.map(\.time) == records.map(\.time).sorted(by: >))
                // Those of one transaction have one time, and come in the order of their random ids.
                #expect(records.map(\.event).sorted() == selection.events.sorted())
            }
        }
    }
}
