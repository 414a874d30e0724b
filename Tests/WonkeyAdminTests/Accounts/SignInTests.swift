import Testing
import WonkeyCore
import WonkeyStore

@testable import WonkeyAdmin

@Suite("Accounts: signing up and in")
struct SignInTests {
    @Test("signing up signs in, with an organization and a project of one's own", arguments: StoreEngine.allCases)
    func register(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let alice = try await bench.register()
            #expect(alice.user.email.text == "alice@example.com")
            #expect(alice.accessLifetime == .seconds(900))
            #expect(alice.refreshExpiresAt == bench.clock.now + .seconds(30 * 86_400))
            let principal = try await bench.authenticator.authenticate(bearer: alice.accessToken)
            #expect(principal.user == alice.user)
            let shown = try await ShowUser(idOrEmail: "ALICE@example.com").run(in: bench.accounts())
            #expect(shown.user == alice.user)
            #expect(shown.organizations.map(\.role) == [.owner])
            #expect(shown.organizations.map(\.organization.name) == ["alice"])
        }
    }

    @Test(
        "what cannot be is refused with its field, before anything is hashed",
        arguments: [
            ("alice", "correct horse", nil, "email"), ("alice@example.com", "1234567", nil, "password"),
            ("alice@example.com", String(repeating: "x", count: 129), nil, "password"),
            ("alice@example.com", "correct horse", " ", "name"),
            ("alice@example.com", "correct horse", "a\u{7}b", "name"),
        ] as [(String, String, String?, String)]
    )
    func invalid(email: String, password: String, name: String?, field: String) async throws {
        try await AccountBench.run { bench in
            var generator = SystemRandomNumberGenerator()
            let error = try await refusal {
                _ = try await Register(email: email, password: password, name: name).run(
                    in: bench.context(),
                    using: &generator
                )
            }
            #expect(error.code == .invalidInput)
            #expect(error.field == field)
            #expect(bench.hasher.calls == .init())
        }
    }

    @Test("a taken address is a conflict, regardless of case", arguments: StoreEngine.allCases)
    func taken(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            _ = try await bench.register()
            let error = try await refusal { _ = try await bench.register("ALICE") }
            #expect(error.code == .conflict)
        }
    }

    @Test("of two who register one address at once one is told that it is taken", arguments: StoreEngine.allCases)
    func race(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let codes = await withTaskGroup(of: OperationError.Code?.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        do {
                            _ = try await bench.register()
                            return nil
                        } catch {
                            return (error as? OperationError)?.code
                        }
                    }
                }
                return await group.reduce(into: [OperationError.Code?]()) { $0.append($1) }
            }
            #expect(codes.contains(nil))
            #expect(codes.contains(.conflict))
        }
    }

    @Test("one signs in with the address in any case", arguments: StoreEngine.allCases)
    func logIn(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let alice = try await bench.register()
            let again = try await bench.logIn("Alice@Example.COM")
            #expect(again.user == alice.user)
            #expect(again.accessToken != alice.accessToken)
            #expect(await bench.refusal(of: again.accessToken) == nil)
            #expect(await bench.refusal(of: alice.accessToken) == nil)
        }
    }

    @Test(
        "unknown address, no address, no password, disabled user and wrong password: one answer after one comparison",
        arguments: StoreEngine.allCases
    )
    func noHint(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            _ = try await bench.register()
            _ = try await bench.register("disabled")
            _ = try await SetUserDisabled(idOrEmail: "disabled@example.com", isDisabled: true).run(in: bench.accounts())
            var generator = SystemRandomNumberGenerator()
            let external = Registration.new(
                email: try #require(EmailAddress("external@example.com")),
                name: nil,
                passwordHash: nil,
                externalSubject: "x",
                at: bench.clock.now,
                using: &generator
            )
            try await bench.store.accounts(for: .accounts).register(external, by: bench.accounts().actor)
            let attempts = [
                ("nobody@example.com", "correct horse"), ("no address", "correct horse"),
                ("external@example.com", "correct horse"), ("disabled@example.com", "correct horse"),
                ("alice@example.com", "wrong horse"), ("alice@example.com", ""),
            ]
            var errors: [OperationError] = []
            for (index, attempt) in attempts.enumerated() {
                errors.append(try await refusal { _ = try await bench.logIn(attempt.0, attempt.1) })
                #expect(bench.hasher.calls.comparisons == index + 1)
            }
            let expected = OperationError(
                code: .unauthenticated,
                message: "the e-mail address or the password is wrong"
            )
            #expect(errors == Array(repeating: expected, count: attempts.count))
            #expect(bench.hasher.calls.dummies == 3)
        }
    }

    @Test("a weak hash is replaced at the next good sign-in", arguments: StoreEngine.allCases)
    func rehash(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let alice = try await bench.register()
            bench.hasher.strengthen(to: "strong:")
            _ = try await bench.logIn()
            let credentials = try await bench.store.accounts(for: .accounts).credentials(email: alice.user.email)
            #expect(credentials?.passwordHash == "strong:correct horse")
            let calls = bench.hasher.calls
            _ = try await bench.logIn()
            #expect(bench.hasher.calls.hashes == calls.hashes)
        }
    }

    @Test("when too many passwords wait one is told to come again")
    func busy() async throws {
        try await AccountBench.run { bench in
            bench.hasher.fail(with: PasswordHasherError(code: .busy, message: "busy"))
            let error = try await refusal { _ = try await bench.logIn() }
            #expect(error.code == .rateLimited)
            #expect(error.retryAfter == .seconds(2))
        }
    }

    @Test(
        "a refresh token is good once; used again it ends the session and every token of it",
        arguments: StoreEngine.allCases
    )
    func refresh(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let first = try await bench.register()
            let second = try await bench.refresh(first.refreshToken.reveal())
            #expect(await bench.refusal(of: second.accessToken) == nil)
            let reuse = try await refusal { _ = try await bench.refresh(first.refreshToken.reveal()) }
            #expect(reuse.code == .unauthenticated)
            let successor = try await refusal { _ = try await bench.refresh(second.refreshToken.reveal()) }
            #expect(successor == reuse)
            #expect(await bench.refusal(of: second.accessToken) == .invalidToken)
        }
    }

    @Test("a refresh token ends thirty days after it was made", arguments: StoreEngine.allCases)
    func refreshExpires(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let first = try await bench.register()
            bench.clock.advance(by: .seconds(30 * 86_400 - 1))
            let second = try await bench.refresh(first.refreshToken.reveal())
            bench.clock.advance(by: .seconds(30 * 86_400))
            let error = try await refusal { _ = try await bench.refresh(second.refreshToken.reveal()) }
            #expect(error.code == .unauthenticated)
        }
    }

    @Test("signing out, disabling and a new password end the tokens at once", arguments: StoreEngine.allCases)
    func ends(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let user = try await bench.register().user
            for end in 0..<3 {
                let signedIn = try await bench.logIn()
                let principal = try await bench.authenticator.authenticate(bearer: signedIn.accessToken)
                switch end {
                case 0: try await LogOut(session: principal.session).run(in: bench.context())
                case 1:
                    _ = try await SetUserPassword(idOrEmail: user.id.rawValue, password: "correct horse").run(
                        in: bench.accounts(),
                        hasher: bench.hasher
                    )
                default:
                    _ = try await SetUserDisabled(idOrEmail: user.id.rawValue, isDisabled: true).run(
                        in: bench.accounts()
                    )
                }
                #expect(await bench.refusal(of: signedIn.accessToken) == .invalidToken)
                let error = try await refusal { _ = try await bench.refresh(signedIn.refreshToken.reveal()) }
                #expect(error.code == .unauthenticated)
            }
        }
    }
}
