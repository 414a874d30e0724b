import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Administration: keys")
struct KeyTests {
    @Test("a key comes back as it was stored, by id, by hash and in its project", arguments: Backend.allCases)
    func roundTrip(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            let home = project("a")
            try await store.createProject(home, by: operatorActor)
            var full = key("full", of: home, at: 30)
            full.environment = .test
            full.state = .disabled
            full.expiresAt = at(9_000)
            full.permissions = [try permission("images.create"), try permission("images.read")]
            full.overrides = ["burst": Quota(limit: 0, window: .seconds(1))]
            full.externalID = "customer 17"
            let plain = key("plain", of: home, at: 20)
            try await store.createKey(full, hash: hash("full"), by: operatorActor)
            try await store.createKey(plain, hash: hash("plain"), by: operatorActor)
            #expect(try await store.keys(of: home.id) == [plain, full])
            #expect(try await store.key(id: full.id) == full)
            #expect(try await store.key(hash: hash("plain")) == plain)
            #expect(try await store.key(hash: hash("other")) == nil)
            #expect(try await store.key(id: KeyID(rawValue: "key_other")) == nil)
            #expect(try await store.keys(of: ProjectID(rawValue: "proj_other")) == [])
        }
    }

    @Test(
        "keys of one customer share an identity in their organization; a change moves a key",
        arguments: Backend.allCases
    )
    func identities(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            let home = project("a")
            try await store.createProject(home, by: operatorActor)
            for (name, owner) in [("one", "x"), ("two", "x"), ("three", nil)] {
                var new = key(name, of: home)
                new.externalID = owner
                try await store.createKey(new, hash: hash(name), by: operatorActor)
            }
            #expect(try await test.values("SELECT external_id FROM identities") == [[.text("x")]])
            let told = try await test.store.changes.latest()
            let one = KeyID(rawValue: "key_one")
            for owner in [KeyOwner.identity(externalID: "y"), .nobody, .identity(externalID: "x")] {
                let change = KeyChange(owner: owner)
                let changed = try await store.updateKey(one, change, ifVersion: nil, at: at(50), by: operatorActor)
                #expect(changed.externalID == owner.externalID)
                #expect(try await store.key(id: one) == changed)
                let seen = try await test.store.keys.keyRecord(hash: hash("one"))
                #expect(seen?.externalID == owner.externalID)
            }
            #expect(try await test.store.changes.changes(after: told).count == 3)
            #expect(
                try await test.values("SELECT external_id FROM identities ORDER BY external_id")
                    == [[.text("x")], [.text("y")]]
            )
        }
    }

    @Test("two keys share one row of a permission in their organization", arguments: Backend.allCases)
    func sharedPermission(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            let home = project("a")
            try await store.createProject(home, by: operatorActor)
            for name in ["one", "two"] {
                var new = key(name, of: home)
                new.permissions = [try permission("read"), try permission("read")]
                try await store.createKey(new, hash: hash(name), by: operatorActor)
            }
            #expect(try await test.values("SELECT slug FROM permissions") == [[.text("read")]])
        }
    }

    @Test("a key that cannot be stored leaves no trace", arguments: Backend.allCases)
    func refused(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            let home = project("a")
            try await store.createProject(home, by: operatorActor)
            try await store.createKey(key("one", of: home), hash: hash("one"), by: operatorActor)
            let before = try await Self.traces(test)
            var stray = key("two", of: project("missing"))
            stray.permissions = [try permission("read")]
            let code = try await storeErrorCode {
                try await store.createKey(stray, hash: hash("two"), by: operatorActor)
            }
            #expect(code == .notFound)
            var sameHash = key("three", of: home)
            sameHash.permissions = [try permission("read")]
            let taken = try await storeErrorCode {
                try await store.createKey(sameHash, hash: hash("one"), by: operatorActor)
            }
            #expect(taken == .conflict)
            #expect(try await Self.traces(test) == before)
        }
    }

    struct Transition: CustomTestStringConvertible {
        var from, to: KeyState
        var code: StoreError.Code?
        var isChange: Bool { self.from != self.to && self.code == nil }
        var testDescription: String { "\(self.from) → \(self.to)" }
    }

    private static let transitions: [Transition] = KeyState.allCases.flatMap { from in
        KeyState.allCases.map { to in
            Transition(from: from, to: to, code: from == .revoked && to != .revoked ? .conflict : nil)
        }
    }

    @Test(
        "a key's state changes to any other, except that revocation is final; what changes nothing tells nothing",
        arguments: Backend.allCases,
        Self.transitions
    )
    func states(backend: Backend, transition: Transition) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            let home = project("a")
            try await store.createProject(home, by: operatorActor)
            var stored = key("one", of: home)
            stored.state = transition.from
            try await store.createKey(stored, hash: hash("one"), by: operatorActor)
            let latest = try await test.store.changes.latest()
            let code = try await storeErrorCode {
                _ = try await store.updateKey(
                    stored.id,
                    KeyChange(state: transition.to),
                    ifVersion: nil,
                    at: at(99),
                    by: operatorActor
                )
            }
            #expect(code == transition.code)
            #expect(try await store.key(id: stored.id)?.state == (code == nil ? transition.to : transition.from))
            let told = Change(sequence: latest + 1, kind: .key, projectID: home.id, keyHash: hash("one"))
            #expect(try await test.store.changes.changes(after: latest) == (transition.isChange ? [told] : []))
            let audit = try await test.values("SELECT event FROM audit_log WHERE time = 99")
            #expect(audit == (transition.isChange ? [[.text("key.update")]] : []))
        }
    }

    @Test("neither a key's text nor its hash gets into the audit log", arguments: Backend.allCases)
    func secrets(backend: Backend) async throws {
        try await backend.withStore { test in
            let store = test.store.administration
            let home = project("a")
            let text = "nb_live_00112233445566778899aabbccddeeff"
            var stored = key("one", of: home)
            stored.start = String(text.prefix(16))
            try await store.createProject(home, by: operatorActor)
            try await store.createKey(stored, hash: hash(text), by: operatorActor)
            let revocation = KeyChange(state: .revoked)
            _ = try await store.updateKey(stored.id, revocation, ifVersion: nil, at: at(99), by: operatorActor)
            let states = try await test.values(
                "SELECT before_json, after_json FROM audit_log WHERE subject_kind = 'key' ORDER BY time"
            )
            let made = """
                {"environment":"live","name":"one","overrides":{},"permissions":[],"start":"nb_live_00112233",\
                "state":"active"}
                """
            let revoked = made.replacing(#""active""#, with: #""revoked""#)
            #expect(states == [[.null, .text(made)], [.text(made), .text(revoked)]])
        }
    }

    /// How many rows a failed transaction could have left.
    private static func traces(_ test: TestStore) async throws -> [[SQLValue]] {
        try await test.values(
            """
            SELECT (SELECT COUNT(*) FROM changes), (SELECT COUNT(*) FROM audit_log), (SELECT COUNT(*) FROM keys),
                (SELECT COUNT(*) FROM permissions)
            """
        )
    }
}
