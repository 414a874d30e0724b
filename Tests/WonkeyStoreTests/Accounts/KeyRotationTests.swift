import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Administration: rotating keys")
struct KeyRotationTests {
    private static let home = project("a")

    @Test(
        "the old key expires at the end of the overlap, or when it did anyway if that is sooner",
        arguments: Backend.allCases,
        [(nil, 500), (at(400), 400), (at(600), 500)] as [(Timestamp?, Int64)]
    )
    func overlap(backend: Backend, old: (expiresAt: Timestamp?, then: Int64)) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            try await store.createProject(Self.home, by: operatorActor)
            var first = key("one", of: Self.home)
            first.expiresAt = old.expiresAt
            try await store.createKey(first, hash: hash("one"), by: operatorActor)
            let latest = try await test.store.changes.latest()
            var second = key("two", of: Self.home, at: 100)
            second.permissions = [try permission("read")]
            try await store.rotateKey(
                first.id,
                to: second,
                hash: hash("two"),
                oldExpiresAt: at(500),
                by: operatorActor
            )
            first.expiresAt = at(old.then)
            first.version = 2
            #expect(try await store.keys(of: Self.home.id) == [first, second])
            #expect(
                try await test.store.changes.changes(after: latest) == [
                    Change(sequence: latest + 1, kind: .key, projectID: Self.home.id, keyHash: hash("one")),
                    Change(sequence: latest + 2, kind: .key, projectID: Self.home.id, keyHash: hash("two")),
                ]
            )
            #expect(
                try await test.values("SELECT event, subject_id FROM audit_log WHERE time = 100 ORDER BY event") == [
                    [.text("key.create"), .text("key_two")], [.text("key.rotate"), .text("key_one")],
                ]
            )
        }
    }

    @Test("the successor takes over identity, metadata, roles and credits", arguments: Backend.allCases)
    func belongings(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            try await store.createProject(Self.home, by: operatorActor)
            try await store.createKey(key("one", of: Self.home), hash: hash("one"), by: operatorActor)
            try await test.run(
                """
                INSERT INTO identities (id, org_id, external_id, created_at, updated_at)
                VALUES ('id_1', 'org_default', 'customer', 1, 1)
                """
            )
            try await test.run(
                "INSERT INTO roles (id, org_id, name, created_at, updated_at) VALUES ('role_1', 'org_default', 'r', 1, 1)"
            )
            try await test.run("INSERT INTO key_roles (key_id, role_id) VALUES ('key_one', 'role_1')")
            try await test.run(
                """
                UPDATE keys SET identity_id = 'id_1', meta = '{"a":1}', credits_remaining = 5,
                    refill_interval = 'monthly', refill_amount = 9, refill_day = 3, refilled_at = 4
                """
            )
            let successor = key("two", of: Self.home, at: 100)
            try await store.rotateKey(
                KeyID(rawValue: "key_one"),
                to: successor,
                hash: hash("two"),
                oldExpiresAt: at(500),
                by: operatorActor
            )
            let belongings = try await test.values(
                """
                SELECT predecessor_id, identity_id, meta, credits_remaining, refill_interval, refill_amount, refill_day,
                    refilled_at, role_id
                FROM keys JOIN key_roles ON key_roles.key_id = keys.id WHERE id = 'key_two'
                """
            )
            #expect(
                belongings == [
                    [
                        .text("key_one"), .text("id_1"), .text(#"{"a":1}"#), .integer(5), .text("monthly"),
                        .integer(9), .integer(3), .integer(4), .text("role_1"),
                    ]
                ]
            )
        }
    }

    @Test("a key that is not active is not rotated", arguments: Backend.allCases, [KeyState.disabled, .revoked, nil])
    func refused(backend: Backend, state: KeyState?) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            try await store.createProject(Self.home, by: operatorActor)
            if let state {
                var stored = key("one", of: Self.home)
                stored.state = state
                try await store.createKey(stored, hash: hash("one"), by: operatorActor)
            }
            let latest = try await test.store.changes.latest()
            let code = try await storeErrorCode {
                try await store.rotateKey(
                    KeyID(rawValue: "key_one"),
                    to: key("two", of: Self.home, at: 100),
                    hash: hash("two"),
                    oldExpiresAt: at(500),
                    by: operatorActor
                )
            }
            #expect(code == (state == nil ? .notFound : .conflict))
            #expect(try await store.key(hash: hash("two")) == nil)
            #expect(try await test.store.changes.latest() == latest)
        }
    }
}
