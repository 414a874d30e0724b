import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Administration: who sees and changes what")
struct ScopeTests {
    /// A call of the port that changes something of ``Members``' first organization, and the role it takes.
    struct Change: Sendable, CustomTestStringConvertible {
        var name: String
        var roleMin: Role
        var run: @Sendable (SQLAdministrationStore) async throws -> Void

        var testDescription: String { self.name }
    }

    static let changes: [Change] = [
        Change(name: "createProject", roleMin: .admin) { store in
            try await store.createProject(project("new", organization: "org_ours"), by: operatorActor)
        },
        Change(name: "updateProject", roleMin: .admin) { store in
            let change = ProjectChange(name: "renamed")
            _ = try await store.updateProject(
                Members.ours.id,
                change,
                ifVersion: nil,
                at: at(50),
                by: operatorActor
            )
        },
        Change(name: "deleteProject", roleMin: .admin) { store in
            try await store.deleteProject(Members.ours.id, ifVersion: nil, at: at(50), by: operatorActor)
        },
        Change(name: "createKey", roleMin: .developer) { store in
            try await store.createKey(key("new", of: Members.ours), hash: hash("new"), by: operatorActor)
        },
        Change(name: "updateKey", roleMin: .developer) { store in
            let change = KeyChange(name: "renamed", permissions: [try permission("read")])
            _ = try await store.updateKey(
                Members.ourKey.id,
                change,
                ifVersion: nil,
                at: at(50),
                by: operatorActor
            )
        },
        Change(name: "deleteKey", roleMin: .developer) { store in
            try await store.deleteKey(Members.ourKey.id, ifVersion: nil, at: at(50), by: operatorActor)
        },
        Change(name: "rotateKey", roleMin: .developer) { store in
            try await store.rotateKey(
                Members.ourKey.id,
                to: key("next", of: Members.ours, at: 50),
                hash: hash("next"),
                oldExpiresAt: at(60),
                by: operatorActor
            )
        },
        Change(name: "setOverrides of a key", roleMin: .developer) {
            try await Self.setOverride(.key(Members.ourKey.id), $0)
        },
        Change(name: "setOverrides of a project", roleMin: .admin) {
            try await Self.setOverride(.project(Members.ours.id), $0)
        },
        Change(name: "removeOverride of a key", roleMin: .developer) { store in
            try await Self.removeOverride(.key(Members.ourKey.id), store)
        },
        Change(name: "removeOverride of a project", roleMin: .admin) { store in
            try await Self.removeOverride(.project(Members.ours.id), store)
        },
    ]

    private static let quota = Quota(limit: 1, window: .seconds(1))

    private static func setOverride(_ subject: OverrideSubject, _ store: SQLAdministrationStore) async throws {
        try await store.setOverrides(["new": Self.quota], of: subject, ifVersion: nil, at: at(50), by: operatorActor)
    }

    private static func removeOverride(_ subject: OverrideSubject, _ store: SQLAdministrationStore) async throws {
        try await store.removeOverride(named: "old", of: subject, ifVersion: nil, at: at(50), by: operatorActor)
    }

    /// Everything a change could have touched, row by row.
    private static func everything(_ test: TestStore) async throws -> [[[SQLValue]]] {
        let queries: [BoundSQL] = [
            "SELECT id, org_id, name, version, updated_at, deleted_at, default_of FROM projects ORDER BY id",
            """
            SELECT id, project_id, name, state, version, updated_at, expires_at, deleted_at FROM keys ORDER BY id
            """,
            "SELECT id, quota, window_ms FROM limit_overrides ORDER BY id",
            "SELECT key_id, permission_id FROM key_permissions ORDER BY key_id, permission_id",
            "SELECT id, slug FROM permissions ORDER BY id",
            "SELECT id, event FROM audit_log ORDER BY id",
            "SELECT sequence, kind FROM changes ORDER BY sequence",
            "SELECT id, name FROM orgs ORDER BY id",
        ]
        var rows: [[[SQLValue]]] = []
        for query in queries { rows.append(try await test.values(query)) }
        return rows
    }

    private static func fill(_ test: TestStore) async throws {
        try await Members.move(into: test)
        for subject in [OverrideSubject.key(Members.ourKey.id), .project(Members.ours.id)] {
            try await test.store.administration.setOverrides(
                ["old": Self.quota],
                of: subject,
                ifVersion: nil,
                at: at(40),
                by: operatorActor
            )
        }
    }

    @Test(
        "a user of another organization, and the proxy, can change nothing, by no method",
        arguments: Backend.allCases,
        Self.changes
    )
    func strangers(backend: Backend, change: Change) async throws {
        try await backend.withStore { test in
            try await Self.fill(test)
            let before = try await Self.everything(test)
            let stranger = test.store.administration(for: .member(Members.eve))
            #expect(try await storeErrorCode { try await change.run(stranger) } == .notFound)
            let nobody = test.store.administration(for: .member(UserID(rawValue: "usr_nobody")))
            #expect(try await storeErrorCode { try await change.run(nobody) } == .notFound)
            let proxy = test.store.administration(for: .proxy)
            #expect(try await storeErrorCode { try await change.run(proxy) } != nil)
            #expect(try await Self.everything(test) == before)
        }
    }

    @Test(
        "a member may make the changes that their role reaches, and the others are forbidden and leave no trace",
        arguments: Backend.allCases,
        Self.changes
    )
    func roles(backend: Backend, change: Change) async throws {
        for (user, role) in [(Members.vic, Role.viewer), (Members.dan, .developer), (Members.ann, .owner)] {
            try await backend.withStore { test in
                try await Self.fill(test)
                let before = try await Self.everything(test)
                let store = test.store.administration(for: .member(user))
                let code = try await storeErrorCode { try await change.run(store) }
                #expect(code == (role >= change.roleMin ? nil : .forbidden), "\(role)")
                #expect(try await (Self.everything(test) == before) == (code != nil), "\(role)")
            }
        }
    }

    @Test("a user sees what is of their organizations, and nothing else exists", arguments: Backend.allCases)
    func reading(backend: Backend) async throws {
        try await backend.withStore { test in
            try await Self.fill(test)
            let owner = test.store.administration
            let ours = try await owner.project(nameOrID: "ours")
            let ourKey = try await owner.key(id: Members.ourKey.id)
            let vic = test.store.administration(for: .member(Members.vic))
            #expect(try await vic.projects() == [ours].compactMap(\.self))
            #expect(try await vic.projects(after: nil, limit: 9) == [ours].compactMap(\.self))
            #expect(try await vic.project(nameOrID: "ours") == ours)
            #expect(try await vic.project(nameOrID: Members.ours.id.rawValue) == ours)
            #expect(try await vic.keys(of: Members.ours.id) == [ourKey].compactMap(\.self))
            #expect(try await vic.keys(of: Members.ours.id, after: nil, limit: 9) == [ourKey].compactMap(\.self))
            #expect(try await vic.keyCount(of: Members.ours.id) == 1)
            #expect(try await vic.key(id: Members.ourKey.id) == ourKey)
            #expect(try await vic.key(hash: hash("ours")) == ourKey)
            #expect(try await vic.overrides(of: .key(Members.ourKey.id)).map(\.name) == ["old"])
            #expect(try await vic.overrides(of: .project(Members.ours.id)).map(\.name) == ["old"])
            let place = AuditFilter.Place.organization(Members.ours.organizationID)
            #expect(try await vic.audit(AuditFilter(place: place), before: nil, limit: 9).count == 5)
        }
    }

    @Test(
        "what belongs to another organization is not read by any method",
        // PostgreSQL refuses the other two scopes outright: see `RowLevelSecurityTests`.
        arguments: [
            (.sqlite, .member(Members.eve)), (.sqlite, .accounts), (.sqlite, .proxy), (.postgres, .member(Members.eve)),
        ] as [(Backend, StoreScope)]
    )
    func blindness(backend: Backend, scope: StoreScope) async throws {
        try await backend.withStore { test in
            try await Self.fill(test)
            let store = test.store.administration(for: scope)
            #expect(try await store.projects().allSatisfy { $0.id == Members.theirs.id })
            #expect(try await store.projects(after: nil, limit: 9).allSatisfy { $0.id == Members.theirs.id })
            #expect(try await store.project(nameOrID: "ours") == nil)
            #expect(try await store.project(nameOrID: Members.ours.id.rawValue) == nil)
            #expect(try await store.keys(of: Members.ours.id) == [])
            #expect(try await store.keys(of: Members.ours.id, after: nil, limit: 9) == [])
            #expect(try await store.keyCount(of: Members.ours.id) == 0)
            #expect(try await store.key(id: Members.ourKey.id) == nil)
            #expect(try await store.key(hash: hash("ours")) == nil)
            #expect(try await store.overrides(of: .key(Members.ourKey.id)) == [])
            #expect(try await store.overrides(of: .project(Members.ours.id)) == [])
            for place in [
                AuditFilter.Place.organization(Members.ours.organizationID), .project(Members.ours.id),
            ] {
                let code = try await storeErrorCode {
                    _ = try await store.audit(AuditFilter(place: place), before: nil, limit: 9)
                }
                #expect(code == .notFound)
            }
        }
    }

    @Test("who leaves an organization sees nothing of it any more", arguments: Backend.allCases)
    func leaving(backend: Backend) async throws {
        try await backend.withStore { test in
            try await Self.fill(test)
            let dan = test.store.administration(for: .member(Members.dan))
            #expect(try await dan.projects().count == 1)
            try await test.run("DELETE FROM memberships WHERE user_id = \(Members.dan)")
            #expect(try await dan.projects() == [])
            #expect(try await storeErrorCode { try await Self.changes[4].run(dan) } == .notFound)
        }
    }
}
