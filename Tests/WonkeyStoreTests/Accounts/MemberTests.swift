import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Accounts: members and invitations")
struct MemberTests {
    @Test("an invitation makes a member of whom it was for, once", arguments: Backend.allCases)
    func invite(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            let bob = try await test.register("bob")
            let mallory = try await test.register("mallory")
            let token = TokenHash(of: "secret")
            let offer = try invitation(to: "bob", as: .developer, of: alice)
            try await test.accounts(of: "alice").invite(offer, token: token, by: webActor)
            #expect(try await test.accounts(of: "alice").invitations(of: alice.organization.id, at: at(999)) == [offer])
            #expect(try await test.accounts(of: "alice").invitations(of: alice.organization.id, at: at(1_000)) == [])

            func accept(_ user: Registration, at time: Int64) async throws -> StoreError.Code? {
                try await storeErrorCode {
                    _ = try await test.accounts.acceptInvitation(
                        token: token,
                        as: user.user.id,
                        at: at(time),
                        by: webActor
                    )
                }
            }
            #expect(try await accept(mallory, at: 20) == .notFound)
            #expect(try await accept(bob, at: 1_000) == .notFound)
            let joined = try await test.accounts.acceptInvitation(
                token: token,
                as: bob.user.id,
                at: at(20),
                by: webActor
            )
            #expect(joined == OrganizationMembership(organization: alice.organization, role: .developer))
            #expect(try await accept(bob, at: 21) == .notFound)
            #expect(
                try await test.accounts(of: "bob").members(of: alice.organization.id) == [
                    Member(
                        organizationID: alice.organization.id,
                        userID: alice.user.id,
                        email: alice.user.email,
                        name: "alice",
                        role: .owner,
                        joinedAt: at(10)
                    ),
                    Member(
                        organizationID: alice.organization.id,
                        userID: bob.user.id,
                        email: bob.user.email,
                        name: "bob",
                        role: .developer,
                        joinedAt: at(20)
                    ),
                ]
            )
            let organizations = try await test.accounts(of: "bob").organizations(of: bob.user.id)
            #expect(organizations.map(\.organization.id.rawValue) == ["org_alice", "org_bob"])
            #expect(organizations.map(\.role) == [.developer, .owner])
        }
    }

    @Test(
        "a second invitation replaces the first, a member is not invited, a revoked one is gone",
        arguments: Backend.allCases
    )
    func replaced(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            let store = test.accounts(of: "alice")
            var offer = try invitation(to: "bob", as: .viewer, of: alice)
            try await store.invite(offer, token: TokenHash(of: "first"), by: webActor)
            offer.id = .init(rawValue: "inv_second")
            try await store.invite(offer, token: TokenHash(of: "second"), by: webActor)
            #expect(try await store.invitations(of: alice.organization.id, at: at(20)) == [offer])
            let oneself = try invitation(to: "alice", as: .viewer, of: alice)
            let code = try await storeErrorCode {
                try await store.invite(oneself, token: TokenHash(of: "third"), by: webActor)
            }
            #expect(code == .conflict)
            try await store.revokeInvitation(offer.id, of: alice.organization.id, at: at(30), by: webActor)
            #expect(try await store.invitations(of: alice.organization.id, at: at(30)) == [])
            let again = try await storeErrorCode {
                try await store.revokeInvitation(offer.id, of: alice.organization.id, at: at(31), by: webActor)
            }
            #expect(again == .notFound)
        }
    }

    @Test("an invitation raises a lower role and lowers none", arguments: Backend.allCases)
    func raises(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            let bob = try await test.register("bob", as: .developer, of: alice)
            for (role, expected) in [(Role.viewer, Role.developer), (.admin, .admin)] {
                // Only while bob is no member can he be invited; the row is made by hand, as a race would leave it.
                try await test.run(
                    """
                    INSERT INTO invitations (
                        id, org_id, email, email_folded, role, token_hash, invited_by, created_at, expires_at
                    ) VALUES (
                        'inv_late', 'org_alice', 'bob@example.com', 'bob@example.com', \(role.rawValue),
                        \(TokenHash(of: "late")), 'usr_alice', 1, 1000
                    )
                    """
                )
                let joined = try await test.accounts.acceptInvitation(
                    token: TokenHash(of: "late"),
                    as: bob.user.id,
                    at: at(50),
                    by: webActor
                )
                #expect(joined.role == expected)
                #expect(try await test.accounts.member(bob.user.id, of: alice.organization.id)?.role == expected)
            }
        }
    }

    @Test(
        "roles are given and taken as the acting one administers them",
        arguments: Backend.allCases,
        [
            (Role.owner, Role.developer, Role.owner, nil), (.owner, .owner, .viewer, nil),
            (.admin, .developer, .admin, nil), (.admin, .admin, .viewer, nil), (.admin, .developer, .owner, .forbidden),
            (.admin, .owner, .developer, .forbidden), (.developer, .viewer, .developer, .forbidden),
            (.viewer, .viewer, .viewer, .forbidden),
        ] as [(Role, Role, Role, StoreError.Code?)]
    )
    func setRole(backend: Backend, row: (acting: Role, old: Role, new: Role, code: StoreError.Code?)) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            _ = try await test.register("acting", as: row.acting, of: alice)
            let bob = try await test.register("bob", as: row.old, of: alice)
            let change = RoleChange(user: bob.user.id, organization: alice.organization.id, role: row.new, now: at(50))
            let code = try await storeErrorCode {
                let member = try await test.accounts(of: "acting").setRole(change, by: webActor)
                #expect(member.role == row.new)
            }
            #expect(code == row.code)
            let role = try await test.accounts.member(bob.user.id, of: alice.organization.id)?.role
            #expect(role == (row.code == nil ? row.new : row.old))
            let removal = try await storeErrorCode {
                try await test.accounts(of: "acting").removeMember(
                    bob.user.id,
                    of: alice.organization.id,
                    at: at(60),
                    by: webActor
                )
            }
            #expect((removal == nil) == row.acting.administers(role ?? .owner))
        }
    }

    @Test("a role changed meanwhile is outdated, and each change counts", arguments: Backend.allCases)
    func version(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            let bob = try await test.register("bob", as: .viewer, of: alice)
            var change = RoleChange(
                user: bob.user.id,
                organization: alice.organization.id,
                role: .developer,
                version: 1,
                now: at(50)
            )
            #expect(try await test.accounts(of: "alice").setRole(change, by: webActor).version == 2)
            change.role = .admin
            let code = try await storeErrorCode {
                _ = try await test.accounts(of: "alice").setRole(change, by: webActor)
            }
            #expect(code == .outdated)
            change.version = 2
            #expect(try await test.accounts(of: "alice").setRole(change, by: webActor).version == 3)
        }
    }

    @Test("the last owner stays one, whoever asks", arguments: Backend.allCases)
    func lastOwner(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            let organization = alice.organization.id
            let bob = try await test.register("bob", as: .admin, of: alice)
            let demotion = RoleChange(user: alice.user.id, organization: organization, role: .admin, now: at(50))
            for scope in [StoreScope.operator, .member(alice.user.id)] {
                let store = test.store.accounts(for: scope)
                let demoted = try await storeErrorCode { _ = try await store.setRole(demotion, by: webActor) }
                #expect(demoted == .conflict)
                let removed = try await storeErrorCode {
                    try await store.removeMember(alice.user.id, of: organization, at: at(50), by: webActor)
                }
                #expect(removed == .conflict)
            }
            let promotion = RoleChange(user: bob.user.id, organization: organization, role: .owner, now: at(60))
            _ = try await test.accounts(of: "alice").setRole(promotion, by: webActor)
            try await test.accounts(of: "alice").removeMember(alice.user.id, of: organization, at: at(70), by: webActor)
            #expect(try await test.accounts(of: "bob").members(of: organization).map(\.userID) == [bob.user.id])
        }
    }

    @Test("of two owners who demote each other at once one stays", arguments: Backend.allCases)
    func ownersRace(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            let organization = alice.organization.id
            let bob = try await test.register("bob", as: .owner, of: alice)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (acting, other) in [(alice, bob), (bob, alice)] {
                    let store = test.store.accounts(for: .member(acting.user.id))
                    let change = RoleChange(user: other.user.id, organization: organization, role: .viewer, now: at(50))
                    group.addTask { _ = try await storeErrorCode { _ = try await store.setRole(change, by: webActor) } }
                }
                try await group.waitForAll()
            }
            let owners = try await test.store.accounts(for: .operator).members(of: organization).filter {
                $0.role == .owner
            }
            #expect(owners.count == 1)
        }
    }

    @Test(
        "whoever is no member finds nothing of an organization, and a viewer may leave it",
        arguments: Backend.allCases
    )
    func strangers(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            let organization = alice.organization.id
            let bob = try await test.register("bob", as: .viewer, of: alice)
            let offer = try invitation(to: "carol", as: .viewer, of: alice)
            try await test.accounts(of: "alice").invite(offer, token: TokenHash(of: "carol"), by: webActor)
            _ = try await test.register("mallory")
            let store = test.accounts(of: "mallory")
            let role = RoleChange(user: bob.user.id, organization: organization, role: .viewer, now: at(50))
            let calls: [() async throws -> Void] = [
                { _ = try await store.members(of: organization) },
                { _ = try await store.invitations(of: organization, at: at(1)) },
                { _ = try await store.setRole(role, by: webActor) },
                { try await store.removeMember(bob.user.id, of: organization, at: at(1), by: webActor) },
                { try await store.revokeInvitation(offer.id, of: organization, at: at(1), by: webActor) },
                {
                    try await store.invite(
                        try invitation(to: "x", as: .viewer, of: alice),
                        token: TokenHash(of: "x"),
                        by: webActor
                    )
                },
            ]
            for call in calls { #expect(try await storeErrorCode(call) == .notFound) }
            #expect(try await store.member(bob.user.id, of: organization) == nil)
            #expect(try await store.organizations(of: bob.user.id) == [])
            try await test.accounts(of: "bob").removeMember(bob.user.id, of: organization, at: at(60), by: webActor)
            #expect(
                try await storeErrorCode { _ = try await test.accounts(of: "bob").members(of: organization) }
                    == .notFound
            )
        }
    }
}
