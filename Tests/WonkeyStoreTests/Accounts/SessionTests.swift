import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Accounts: sessions and signing keys")
struct SessionTests {
    private static func session(_ name: String, of user: UserID, at time: Int64 = 100) -> Session {
        Session(id: .init(rawValue: "ses_" + name), userID: user, createdAt: at(time), expiresAt: at(time + 1_000))
    }

    private static func renewal(_ presented: String, _ successor: String, at time: Int64) -> SessionRenewal {
        SessionRenewal(
            presented: TokenHash(of: presented),
            successor: TokenHash(of: successor),
            now: at(time),
            expiresAt: at(time + 1_000)
        )
    }

    @Test("a refresh token is traded for the next, and the session lives on with it", arguments: Backend.allCases)
    func renewed(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            var session = Self.session("a", of: alice.user.id)
            try await test.accounts.startSession(session, token: TokenHash(of: "one"), by: webActor)
            #expect(try await test.accounts.user(ofSession: session.id, at: at(1_099)) == alice.user)
            #expect(try await test.accounts.user(ofSession: session.id, at: at(1_100)) == nil)
            session.expiresAt = at(1_500)
            let outcome = try await test.accounts.renewSession(Self.renewal("one", "two", at: 500), by: webActor)
            #expect(outcome == .renewed(session, alice.user))
            #expect(try await test.accounts.user(ofSession: session.id, at: at(1_400)) == alice.user)
            session.expiresAt = at(2_400)
            let next = try await test.accounts.renewSession(Self.renewal("two", "three", at: 1_400), by: webActor)
            #expect(next == .renewed(session, alice.user))
        }
    }

    @Test("a refresh token used twice ends the session, also for who holds the successor", arguments: Backend.allCases)
    func reused(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            let session = Self.session("a", of: alice.user.id)
            let other = Self.session("b", of: alice.user.id)
            try await test.accounts.startSession(session, token: TokenHash(of: "one"), by: webActor)
            try await test.accounts.startSession(other, token: TokenHash(of: "other"), by: webActor)
            _ = try await test.accounts.renewSession(Self.renewal("one", "two", at: 200), by: webActor)
            #expect(
                try await test.accounts.renewSession(Self.renewal("one", "x", at: 300), by: webActor)
                    == .reused(session.id)
            )
            for token in ["one", "two", "x"] {
                let outcome = try await test.accounts.renewSession(Self.renewal(token, "y", at: 400), by: webActor)
                #expect(outcome == .refused)
            }
            #expect(try await test.accounts.user(ofSession: session.id, at: at(400)) == nil)
            #expect(try await test.accounts.user(ofSession: other.id, at: at(400)) == alice.user)
            #expect(
                try await test.values("SELECT org_id, subject_id FROM audit_log WHERE event = 'session.reuse'")
                    == [[.text("org_alice"), .text("usr_alice")]]
            )
        }
    }

    @Test("of many who trade one refresh token at once at most one gets a successor", arguments: Backend.allCases)
    func race(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            let session = Self.session("a", of: alice.user.id)
            try await test.accounts.startSession(session, token: TokenHash(of: "one"), by: webActor)
            let renewed = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<6 {
                    group.addTask {
                        let renewal = Self.renewal("one", "two\(number)", at: 200)
                        guard case .renewed = try await test.accounts.renewSession(renewal, by: webActor) else {
                            return false
                        }
                        return true
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(renewed == 1)
            #expect(try await test.accounts.user(ofSession: session.id, at: at(300)) == nil)
        }
    }

    @Test("an unknown, an expired and an ended session are refused alike", arguments: Backend.allCases)
    func refused(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            let ended = Self.session("ended", of: alice.user.id)
            let expired = Self.session("expired", of: alice.user.id)
            try await test.accounts.startSession(ended, token: TokenHash(of: "ended"), by: webActor)
            try await test.accounts.startSession(expired, token: TokenHash(of: "expired"), by: webActor)
            try await test.accounts.endSession(ended.id, at: at(200), by: webActor)
            try await test.accounts.endSession(ended.id, at: at(201), by: webActor)
            for (token, time) in [("unknown", 200), ("ended", 200), ("expired", 1_100)] as [(String, Int64)] {
                let outcome = try await test.accounts.renewSession(Self.renewal(token, "x", at: time), by: webActor)
                #expect(outcome == .refused)
            }
        }
    }

    @Test("disabling a user and setting a password end all of the user's sessions", arguments: Backend.allCases)
    func shutOut(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            let store = test.store.accounts(for: .operator)
            for (index, isDisabling) in [false, true].enumerated() {
                let session = Self.session("\(index)", of: alice.user.id)
                try await test.accounts.startSession(session, token: TokenHash(of: "t\(index)"), by: webActor)
                if isDisabling {
                    var disabled = alice.user
                    disabled.disabledAt = at(200)
                    let result = try await store.setDisabled(true, user: alice.user.id, at: at(200), by: operatorActor)
                    #expect(result == disabled)
                } else {
                    try await store.setPasswordHash("new", of: alice.user.id, at: at(150), by: operatorActor)
                    #expect(try await store.credentials(email: alice.user.email)?.passwordHash == "new")
                }
                #expect(try await test.accounts.user(ofSession: session.id, at: at(300)) == nil)
            }
            let again = try await store.setDisabled(false, user: alice.user.id, at: at(300), by: operatorActor)
            #expect(again == alice.user)
            #expect(
                try await test.values("SELECT event FROM audit_log WHERE actor = 'cli:test' ORDER BY time")
                    == [[.text("user.set_password")], [.text("user.disable")], [.text("user.enable")]]
            )
            let nobody = UserID(rawValue: "usr_nobody")
            let code = try await storeErrorCode {
                _ = try await store.setDisabled(true, user: nobody, at: at(1), by: operatorActor)
            }
            #expect(code == .notFound)
        }
    }

    @Test(
        "a user's sessions are bounded: the oldest ends for the newest, expired ones are forgotten",
        arguments: Backend.allCases
    )
    func bounded(backend: Backend) async throws {
        try await backend.withStore { test in
            let alice = try await test.register("alice")
            for number in 0...SQLAccountStore.sessionsMax {
                let session = Self.session("\(number)", of: alice.user.id, at: 100 + Int64(number))
                try await test.accounts.startSession(session, token: TokenHash(of: "\(number)"), by: webActor)
            }
            #expect(try await test.values("SELECT count(*) FROM sessions") == [[.integer(100)]])
            #expect(try await test.accounts.user(ofSession: SessionID(rawValue: "ses_0"), at: at(300)) == nil)
            #expect(try await test.accounts.user(ofSession: SessionID(rawValue: "ses_1"), at: at(300)) == alice.user)
            let late = Self.session("late", of: alice.user.id, at: 5_000)
            try await test.accounts.startSession(late, token: TokenHash(of: "late"), by: webActor)
            #expect(try await test.values("SELECT id FROM sessions") == [[.text("ses_late")]])
            #expect(try await test.values("SELECT count(*) FROM refresh_tokens") == [[.integer(1)]])
        }
    }

    @Test(
        "a new signing key retires the others, forgets those a day retired, and is added once by whoever is first",
        arguments: Backend.allCases
    )
    func signingKeys(backend: Backend) async throws {
        try await backend.withStore { test in
            let secret = [UInt8](repeating: 7, count: 32)
            func key(_ name: String, at time: Int64, retires: Int64? = nil) -> SigningKey {
                SigningKey(id: name, secret: secret, createdAt: at(time), retiresAt: retires.map { at($0) })
            }
            func add(_ new: SigningKey, retiringOthersAt others: Int64?, after newest: String?) async throws -> Bool {
                try await test.accounts.addSigningKey(
                    new,
                    retiringOthersAt: others.map { at($0) },
                    ifNewestIs: newest,
                    by: webActor
                )
            }
            let none = try await test.accounts.signingKeys()
            #expect(none == [])
            #expect(try await add(key("a", at: 1), retiringOthersAt: nil, after: nil) == true)
            #expect(try await add(key("b", at: 2), retiringOthersAt: nil, after: nil) == false)
            #expect(try await add(key("c", at: 100), retiringOthersAt: 200, after: "a") == true)
            #expect(try await test.accounts.signingKeys() == [key("c", at: 100), key("a", at: 1, retires: 200)])
            #expect(try await add(key("d", at: 150), retiringOthersAt: 250, after: "c") == true)
            #expect(
                try await test.accounts.signingKeys() == [
                    key("d", at: 150), key("c", at: 100, retires: 250), key("a", at: 1, retires: 200),
                ]
            )
            let later: Int64 = 86_400_000 + 200
            #expect(try await add(key("e", at: later), retiringOthersAt: later, after: "d") == true)
            #expect(
                try await test.accounts.signingKeys() == [
                    key("e", at: later), key("d", at: 150, retires: later), key("c", at: 100, retires: 250),
                ]
            )
        }
    }
}
