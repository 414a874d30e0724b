import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Administration: changing and deleting")
struct ChangeTests {
    private static let home = project("a")

    private static func fill(_ test: TestStore) async throws -> Int64 {
        let store = test.store.administration
        try await store.createProject(Self.home, by: operatorActor)
        try await store.createKey(key("one", of: Self.home), hash: hash("one"), by: operatorActor)
        return try await test.store.changes.latest()
    }

    @Test("a project gets another name, once, and its version grows", arguments: Backend.allCases)
    func rename(backend: Backend) async throws {
        try await backend.withStore { test in
            let latest = try await Self.fill(test)
            let store = test.store.administration
            var expected = Self.home
            expected.name = "b"
            expected.version = 2
            for time in [50, 51] as [Int64] {
                let change = ProjectChange(name: "b")
                let id = Self.home.id
                let renamed = try await store.updateProject(
                    id,
                    change,
                    ifVersion: nil,
                    at: at(time),
                    by: operatorActor
                )
                #expect(renamed == expected)
            }
            #expect(try await store.projects() == [expected])
            let told = Change(sequence: latest + 1, kind: .project, projectID: Self.home.id, keyHash: nil)
            #expect(try await test.store.changes.changes(after: latest) == [told])
            let audit = try await test.values(
                "SELECT event, before_json, after_json FROM audit_log WHERE time >= 50"
            )
            #expect(audit == [[.text("project.update"), .text(#"{"name":"a"}"#), .text(#"{"name":"b"}"#)]])
        }
    }

    @Test("a name that another project has is a conflict, the project's own is not", arguments: Backend.allCases)
    func takenName(backend: Backend) async throws {
        try await backend.withStore { test in
            _ = try await Self.fill(test)
            let store = test.store.administration
            try await store.createProject(project("b"), by: operatorActor)
            func rename(_ name: String) async throws {
                let change = ProjectChange(name: name)
                _ = try await store.updateProject(
                    Self.home.id,
                    change,
                    ifVersion: nil,
                    at: at(50),
                    by: operatorActor
                )
            }
            #expect(try await storeErrorCode { try await rename("b") } == .conflict)
            #expect(try await storeErrorCode { try await rename("a") } == nil)
            try await store.deleteProject(project("b").id, ifVersion: nil, at: at(60), by: operatorActor)
            #expect(try await storeErrorCode { try await rename("b") } == nil)
        }
    }

    @Test("a deleted project and its keys exist for nobody any more, and proxies are told", arguments: Backend.allCases)
    func deleteProject(backend: Backend) async throws {
        try await backend.withStore { test in
            let latest = try await Self.fill(test)
            let store = test.store.administration
            let id = KeyID(rawValue: "key_one")
            try await store.deleteProject(Self.home.id, ifVersion: 1, at: at(50), by: operatorActor)
            #expect(try await store.projects() == [])
            #expect(try await store.key(id: id) == nil)
            #expect(try await store.key(hash: hash("one")) == nil)
            #expect(try await store.keys(of: Self.home.id) == [])
            #expect(try await test.store.keys.keyRecord(hash: hash("one")) == nil)
            let told = Change(sequence: latest + 1, kind: .project, projectID: Self.home.id, keyHash: nil)
            #expect(try await test.store.changes.changes(after: latest) == [told])
            let again = try await storeErrorCode {
                try await store.deleteProject(Self.home.id, ifVersion: nil, at: at(51), by: operatorActor)
            }
            #expect(again == .notFound)
            let stray = try await storeErrorCode {
                try await store.createKey(key("two", of: Self.home), hash: hash("two"), by: operatorActor)
            }
            #expect(stray == .notFound)
        }
    }

    @Test("a project that is protected is not deleted", arguments: Backend.allCases)
    func protected(backend: Backend) async throws {
        try await backend.withStore { test in
            _ = try await Self.fill(test)
            try await test.run("UPDATE projects SET delete_protection = 1")
            let code = try await storeErrorCode {
                let id = Self.home.id
                try await test.store.administration.deleteProject(
                    id,
                    ifVersion: nil,
                    at: at(50),
                    by: operatorActor
                )
            }
            #expect(code == .conflict)
            #expect(try await test.store.administration.projects() == [Self.home])
        }
    }

    struct KeyCase: Sendable, CustomTestStringConvertible {
        var change: KeyChange
        var expect: @Sendable (inout Key) throws -> Void
        var testDescription: String { "\(self.change)" }
    }

    static let keyCases: [KeyCase] = [
        KeyCase(change: KeyChange(name: "b")) { $0.name = "b" },
        KeyCase(change: KeyChange(expiry: .never)) { $0.expiresAt = nil },
        KeyCase(change: KeyChange(expiry: .at(at(9_000)))) { $0.expiresAt = at(9_000) },
        KeyCase(change: KeyChange(permissions: [])) { $0.permissions = [] },
        KeyCase(change: KeyChange(permissions: ["b", "c", "b"].compactMap(Permission.init))) {
            $0.permissions = [try permission("b"), try permission("c")]
        },
        KeyCase(change: KeyChange(state: .disabled)) { $0.state = .disabled },
    ]

    @Test("a change of a key touches what it names and nothing else", arguments: Backend.allCases, Self.keyCases)
    func updateKey(backend: Backend, row: KeyCase) async throws {
        try await backend.withStore { test in
            _ = try await Self.fill(test)
            let store = test.store.administration
            var expected = key("full", of: Self.home)
            expected.expiresAt = at(5_000)
            expected.permissions = [try permission("a"), try permission("b")]
            expected.overrides = ["burst": Quota(limit: 1, window: .seconds(1))]
            try await store.createKey(expected, hash: hash("full"), by: operatorActor)
            let latest = try await test.store.changes.latest()
            let id = expected.id
            try row.expect(&expected)
            expected.version = 2
            for _ in 0..<2 {
                let updated = try await store.updateKey(
                    id,
                    row.change,
                    ifVersion: nil,
                    at: at(50),
                    by: operatorActor
                )
                #expect(updated == expected)
            }
            #expect(try await store.key(id: id) == expected)
            let told = Change(sequence: latest + 1, kind: .key, projectID: Self.home.id, keyHash: hash("full"))
            #expect(try await test.store.changes.changes(after: latest) == [told])
            #expect(try await test.store.keys.keyRecord(hash: hash("full"))?.permissions == Set(expected.permissions))
        }
    }

    @Test(
        "a deleted key exists for nobody any more, and proxies are told",
        arguments: Backend.allCases,
        KeyState.allCases
    )
    func deleteKey(backend: Backend, state: KeyState) async throws {
        try await backend.withStore { test in
            _ = try await Self.fill(test)
            let store = test.store.administration
            let id = KeyID(rawValue: "key_one")
            try await test.run("UPDATE keys SET state = \(state.rawValue)")
            let latest = try await test.store.changes.latest()
            try await store.deleteKey(id, ifVersion: 1, at: at(50), by: operatorActor)
            #expect(try await store.key(id: id) == nil)
            #expect(try await store.keys(of: Self.home.id) == [])
            #expect(try await store.keyCount(of: Self.home.id) == 0)
            #expect(try await test.store.keys.keyRecord(hash: hash("one")) == nil)
            let told = Change(sequence: latest + 1, kind: .key, projectID: Self.home.id, keyHash: hash("one"))
            #expect(try await test.store.changes.changes(after: latest) == [told])
            #expect(try await test.values("SELECT event FROM audit_log WHERE time = 50") == [[.text("key.delete")]])
            let again = try await storeErrorCode {
                try await store.deleteKey(id, ifVersion: nil, at: at(51), by: operatorActor)
            }
            #expect(again == .notFound)
        }
    }

    @Test("a change that names an older version is refused and changes nothing", arguments: Backend.allCases)
    func outdated(backend: Backend) async throws {
        try await backend.withStore { test in
            _ = try await Self.fill(test)
            let store = test.store.administration
            let id = KeyID(rawValue: "key_one")
            let quotas = ["burst": Quota(limit: 1, window: .seconds(1))]
            for subject in [OverrideSubject.key(id), .project(Self.home.id)] {
                try await store.setOverrides(quotas, of: subject, ifVersion: 1, at: at(40), by: operatorActor)
            }
            let (project, key) = (try await store.project(nameOrID: "a"), try await store.key(id: id))
            #expect(project?.version == 2 && key?.version == 2)
            let latest = try await test.store.changes.latest()
            let calls: [@Sendable () async throws -> Void] = [
                {
                    let change = ProjectChange(name: "b")
                    _ = try await store.updateProject(
                        Self.home.id,
                        change,
                        ifVersion: 1,
                        at: at(50),
                        by: operatorActor
                    )
                },
                { try await store.deleteProject(Self.home.id, ifVersion: 1, at: at(50), by: operatorActor) },
                {
                    _ = try await store.updateKey(
                        id,
                        KeyChange(name: "b"),
                        ifVersion: 1,
                        at: at(50),
                        by: operatorActor
                    )
                },
                { try await store.deleteKey(id, ifVersion: 3, at: at(50), by: operatorActor) },
                {
                    try await store.setOverrides(
                        ["burst": Quota(limit: 2, window: .seconds(1))],
                        of: .key(id),
                        ifVersion: 1,
                        at: at(50),
                        by: operatorActor
                    )
                },
                {
                    try await store.removeOverride(
                        named: "burst",
                        of: .project(Self.home.id),
                        ifVersion: 1,
                        at: at(50),
                        by: operatorActor
                    )
                },
            ]
            for call in calls { #expect(try await storeErrorCode(call) == .outdated) }
            #expect(try await store.project(nameOrID: "a") == project)
            #expect(try await store.key(id: id) == key)
            #expect(try await test.store.changes.latest() == latest)
        }
    }
}
