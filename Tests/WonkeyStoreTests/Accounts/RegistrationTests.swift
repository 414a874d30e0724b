import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Accounts: signing up")
struct RegistrationTests {
    @Test(
        "signing up makes user, organization, membership and project, and the audit log says so",
        arguments: Backend.allCases
    )
    func register(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            let found = try await test.accounts.credentials(email: try email("ALICE@example.com"))
            #expect(found?.user == alice.user)
            #expect(found?.passwordHash == "hash")
            #expect(try await test.accounts.user(id: alice.user.id) == alice.user)
            let mine = OrganizationMembership(organization: alice.organization, role: .owner)
            #expect(try await test.accounts(of: "alice").organizations(of: alice.user.id) == [mine])
            #expect(try await test.store.administration.project(nameOrID: "proj_alice")?.name == "default")
            #expect(try await test.store.changes.latest() == 1)
            #expect(
                try await test.values(
                    "SELECT event, org_id, subject_id, actor, source FROM audit_log ORDER BY event"
                ) == [
                    ["member.create", "org_alice", "usr_alice", "anonymous", "192.0.2.1"].map(SQLValue.text),
                    ["organization.create", "org_alice", "org_alice", "anonymous", "192.0.2.1"].map(SQLValue.text),
                    ["project.create", "org_alice", "proj_alice", "anonymous", "192.0.2.1"].map(SQLValue.text),
                    ["user.register", "org_alice", "usr_alice", "anonymous", "192.0.2.1"].map(SQLValue.text),
                ]
            )
            let leaks = try await test.values(
                "SELECT 1 FROM audit_log WHERE after_json LIKE '%hash%' OR before_json LIKE '%hash%'"
            )
            #expect(leaks.isEmpty)
        }
    }

    @Test("an address is taken once, regardless of case, and a refused one leaves nothing", arguments: Backend.allCases)
    func taken(backend: Backend) async throws {
        try await backend.withStore { test in
            _ = try await test.register("alice")
            let second = try registration("other", email: "Alice@Example.com")
            let code = try await storeErrorCode { try await test.accounts.register(second, by: webActor) }
            #expect(code == .conflict)
            #expect(try await test.accounts.user(id: second.user.id) == nil)
            #expect(try await test.values("SELECT id FROM orgs") == [[.text("org_alice")]])
        }
    }

    @Test("of many who register one address at once exactly one does", arguments: Backend.allCases)
    func race(backend: Backend) async throws {
        try await backend.withStore { test in
            _ = try await test.register("first")
            let codes = try await withThrowingTaskGroup(of: StoreError.Code?.self) { group in
                for number in 0..<8 {
                    group.addTask {
                        let mine = try registration("racer\(number)", email: "racer@example.com")
                        return try await storeErrorCode { try await test.accounts.register(mine, by: webActor) }
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(codes.filter { $0 == nil }.count == 1)
            #expect(codes.filter { $0 == .conflict }.count == 7)
            #expect(try await test.values("SELECT count(*) FROM orgs") == [[.integer(2)]])
        }
    }

    @Test("somebody else's token issuer is a way in of its own, once per subject", arguments: Backend.allCases)
    func external(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try registration("alice", passwordHash: nil, externalSubject: "7f3c")
            try await test.accounts.register(alice, by: webActor)
            #expect(try await test.accounts.user(externalSubject: "7f3c") == alice.user)
            #expect(try await test.accounts.user(externalSubject: "other") == nil)
            #expect(try await test.accounts.credentials(email: alice.user.email)?.passwordHash == nil)
            let again = try registration("bob", externalSubject: "7f3c")
            let code = try await storeErrorCode { try await test.accounts.register(again, by: webActor) }
            #expect(code == .conflict)
        }
    }

    @Test("a hash is replaced only where it is still the one that was verified", arguments: Backend.allCases)
    func rehash(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            try await test.accounts.replacePasswordHash(of: alice.user.id, "other", with: "lost")
            #expect(try await test.accounts.credentials(email: alice.user.email)?.passwordHash == "hash")
            try await test.accounts.replacePasswordHash(of: alice.user.id, "hash", with: "stronger")
            #expect(try await test.accounts.credentials(email: alice.user.email)?.passwordHash == "stronger")
        }
    }

    @Test("users are listed in pages by the operator alone", arguments: Backend.allCases)
    func users(backend: Backend) async throws {
        try await backend.withStore { test in
            var all: [User] = []
            for name in ["alice", "bob", "carol"] { all.append(try await test.register(name).user) }
            let store = test.store.accounts(for: .operator)
            let first = try await store.users(after: nil, limit: 2)
            #expect(first == Array(all.prefix(2)))
            #expect(try await store.users(after: first.last?.email, limit: 2) == [all[2]])
            for scope in [StoreScope.accounts, .member(all[0].id), .proxy] {
                let code = try await storeErrorCode {
                    _ = try await test.store.accounts(for: scope).users(after: nil, limit: 1)
                }
                #expect(code == .forbidden)
            }
        }
    }

    @Test("credentials and sessions are out of a signed-in user's reach", arguments: Backend.allCases)
    func scope(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            let store = test.accounts(of: "alice")
            let token = TokenHash(of: "x")
            let calls: [() async throws -> Void] = [
                { _ = try await store.credentials(email: alice.user.email) },
                { _ = try await store.user(id: alice.user.id) },
                { _ = try await store.user(externalSubject: "x") },
                { _ = try await store.signingKeys() },
                { _ = try await store.user(ofSession: SessionID(rawValue: "x"), at: at(1)) },
                { try await store.register(try registration("bob"), by: webActor) },
                { _ = try await store.acceptInvitation(token: token, as: alice.user.id, at: at(1), by: webActor) },
                { _ = try await store.setDisabled(true, user: alice.user.id, at: at(1), by: webActor) },
            ]
            for call in calls { #expect(try await storeErrorCode(call) == .forbidden) }
        }
    }
}
