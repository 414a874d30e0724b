import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Key directory")
struct SQLKeyDirectoryTests {
    private static let home = project("a")

    @Test("an unknown hash finds nothing", arguments: Backend.allCases)
    func unknown(backend: Backend) async throws {
        try await backend.withStore { test in
            let record = try await test.store.keys.keyRecord(hash: hash("none"))
            #expect(record == nil)
        }
    }

    @Test("a key is found in every state, with what the gate needs", arguments: Backend.allCases, KeyState.allCases)
    func found(backend: Backend, state: KeyState) async throws {
        try await backend.withStore { test in
            try await test.store.administration.createProject(Self.home, by: operatorActor)
            var stored = key("one", of: Self.home)
            stored.state = state
            stored.environment = .test
            stored.expiresAt = at(77)
            stored.permissions = [try permission("read")]
            try await test.store.administration.createKey(stored, hash: hash("one"), by: operatorActor)
            let expected = KeyRecord(
                id: stored.id,
                projectID: Self.home.id,
                organizationID: Self.home.organizationID,
                name: "one",
                start: stored.start,
                environment: .test,
                state: state,
                expiresAt: at(77),
                permissions: [try permission("read")]
            )
            #expect(try await test.store.keys.keyRecord(hash: hash("one")) == expected)
        }
    }

    @Test("permissions come directly and through roles, each once", arguments: Backend.allCases)
    func roles(backend: Backend) async throws {
        try await backend.withStore { test in
            try await test.store.administration.createProject(Self.home, by: operatorActor)
            var stored = key("one", of: Self.home)
            stored.permissions = [try permission("read"), try permission("list")]
            try await test.store.administration.createKey(stored, hash: hash("one"), by: operatorActor)
            // Another key brings a permission into the organization that this one does not hold.
            var other = key("two", of: Self.home)
            other.permissions = [try permission("write"), try permission("delete")]
            try await test.store.administration.createKey(other, hash: hash("two"), by: operatorActor)
            try await test.run(
                "INSERT INTO roles (id, org_id, name, created_at, updated_at) VALUES ('role_1', 'org_default', 'r', 1, 1)"
            )
            try await test.run(
                """
                INSERT INTO role_permissions (role_id, permission_id)
                SELECT 'role_1', id FROM permissions WHERE slug IN ('read', 'write')
                """
            )
            try await test.run("INSERT INTO key_roles (key_id, role_id) VALUES ('key_one', 'role_1')")
            let record = try await test.store.keys.keyRecord(hash: hash("one"))
            #expect(record?.permissions == [try permission("read"), try permission("list"), try permission("write")])
            // The control plane shows and rotates only what the key itself holds.
            #expect(
                try await test.store.administration.key(id: stored.id)?.permissions.map(\.rawValue) == ["list", "read"]
            )
        }
    }

    @Test("a key's override beats its identity's, and that one its project's", arguments: Backend.allCases)
    func overrides(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            func quota(_ limit: Int) -> Quota { Quota(limit: limit, window: .seconds(1)) }
            try await store.createProject(Self.home, by: operatorActor)
            var stored = key("one", of: Self.home)
            stored.overrides = ["all": quota(1), "key": quota(2)]
            try await store.createKey(stored, hash: hash("one"), by: operatorActor)
            let quotas = ["all": quota(3), "pair": quota(4), "project": quota(5)]
            let subject = OverrideSubject.project(Self.home.id)
            try await store.setOverrides(quotas, of: subject, ifVersion: nil, at: at(1), by: operatorActor)
            try await test.run(
                """
                INSERT INTO identities (id, org_id, external_id, created_at, updated_at)
                VALUES ('id_1', 'org_default', 'customer', 1, 1)
                """
            )
            try await test.run("UPDATE keys SET identity_id = 'id_1'")
            for (name, limit) in [("all", 6), ("pair", 7), ("identity", 8)] {
                try await test.run(
                    """
                    INSERT INTO limit_overrides (id, identity_id, name, quota, window_ms, created_at, updated_at)
                    VALUES (\("ovr_" + name), 'id_1', \(name), \(limit), 1000, 1, 1)
                    """
                )
            }
            let record = try await test.store.keys.keyRecord(hash: hash("one"))
            #expect(record?.identityID == IdentityID(rawValue: "id_1"))
            #expect(record?.externalID == "customer")
            #expect(
                record?.overrides == [
                    "all": quota(1), "key": quota(2), "pair": quota(7), "identity": quota(8), "project": quota(5),
                ]
            )
        }
    }

    @Test("a key is gone when it or its project is deleted", arguments: Backend.allCases, ["keys", "projects"])
    func deleted(backend: Backend, table: String) async throws {
        try await backend.withStore { test in
            try await test.store.administration.createProject(Self.home, by: operatorActor)
            try await test.store.administration.createKey(
                key("one", of: Self.home),
                hash: hash("one"),
                by: operatorActor
            )
            let statements: [String: BoundSQL] = [
                "keys": "UPDATE keys SET deleted_at = 1", "projects": "UPDATE projects SET deleted_at = 1",
            ]
            try await test.run(try #require(statements[table]))
            #expect(try await test.store.keys.keyRecord(hash: hash("one")) == nil)
        }
    }

    @Test("a stored value that no version wrote is reported as corrupt", arguments: Backend.allCases)
    func corrupt(backend: Backend) async throws {
        try await backend.withStore { test in
            try await test.store.administration.createProject(Self.home, by: operatorActor)
            var stored = key("one", of: Self.home)
            stored.permissions = [try permission("read")]
            try await test.store.administration.createKey(stored, hash: hash("one"), by: operatorActor)
            try await test.run("UPDATE permissions SET slug = 'not a scope'")
            let code = try await storeErrorCode { _ = try await test.store.keys.keyRecord(hash: hash("one")) }
            #expect(code == .corrupt)
        }
    }
}
