import JWTKit
import Testing
import WonkeyCore
import WonkeyStore

@testable import WonkeyAdmin

@Suite("Accounts: access tokens")
struct AccessTokenTests {
    private static func configured() -> TokenSettings {
        var settings = TokenSettings()
        settings.secret = Secret("a configured secret of more than 32 bytes")
        return settings
    }

    /// The claims of somebody signed in, to be changed.
    private static func claims(_ bench: AccountBench) async throws -> (AccessClaims, SigningKey) {
        let signedIn = try await bench.register()
        let head = try #require(TokenHead(signedIn.accessToken))
        let claims = try await bench.tokens.claims(of: signedIn.accessToken, head: head)
        let id = try #require(head.keyID)
        let key = try #require(try await bench.tokens.ring.verifier(id))
        return (claims, key)
    }

    @Test("a token names its key, its user, its session and its times, and no two are the same")
    func issued() async throws {
        try await AccountBench.run { bench in
            let (claims, key) = try await Self.claims(bench)
            #expect(claims.iss == "wonkey")
            #expect(claims.aud == "wonkey-management")
            #expect(claims.iat == bench.clock.now.millisecondsSinceEpoch / 1_000)
            #expect(claims.exp == claims.iat + 900)
            #expect(claims.sub.hasPrefix("usr_"))
            #expect(claims.sid.hasPrefix("ses_"))
            #expect(claims.jti.hasPrefix("tok_"))
            #expect(key.id.hasPrefix("sig_"))
            #expect(key.secret.count == 32)
        }
    }

    @Test("a token is good until its last second, and then expired")
    func expires() async throws {
        try await AccountBench.run { bench in
            let token = try await bench.register().accessToken
            bench.clock.advance(by: .seconds(899))
            #expect(await bench.refusal(of: token) == nil)
            bench.clock.advance(by: .seconds(1))
            #expect(await bench.refusal(of: token) == .expiredToken)
        }
    }

    @Test("other issuer, audience, future, session, user and key are refused, each by itself")
    func claims() async throws {
        try await AccountBench.run { bench in
            let (good, key) = try await Self.claims(bench)
            let unchanged = try await signed(good, secret: key.secret, kid: key.id)
            #expect(await bench.refusal(of: unchanged) == nil)
            let changes: [(inout AccessClaims) -> Void] = [
                { $0.iss = "https://example.com" }, { $0.aud = "other" }, { $0.iat += 120 },
                { $0.sid = "ses_other" }, { $0.sub = "usr_other" },
            ]
            for change in changes {
                var claims = good
                change(&claims)
                let token = try await signed(claims, secret: key.secret, kid: key.id)
                #expect(await bench.refusal(of: token) == .invalidToken)
            }
            let wrong = [UInt8](repeating: 1, count: 32)
            let tokens = [
                try await signed(good, secret: wrong, kid: key.id),
                try await signed(good, secret: key.secret, kid: nil),
                try await signed(good, secret: key.secret, kid: "sig_other"),
            ]
            for token in tokens { #expect(await bench.refusal(of: token) == .invalidToken) }
        }
    }

    @Test("algorithm none, other algorithms, critical headers and broken tokens are refused")
    func headers() async throws {
        try await AccountBench.run { bench in
            let signedIn = try await bench.register()
            let parts = signedIn.accessToken.split(separator: ".").map(String.init)
            let head = try #require(TokenHead(signedIn.accessToken))
            let kid = JSONValue(head.keyID)
            func with(_ header: JSONValue, signature: String? = nil) -> String {
                [Base64URL.encode(Array(header.text.utf8)), parts[1], signature ?? parts[2]].joined(separator: ".")
            }
            let tokens = [
                with(["alg": "none", "kid": kid], signature: ""), with(["alg": "none", "kid": kid]),
                with(["alg": "None", "kid": kid]), with(["alg": "HS512", "kid": kid]),
                with(["alg": "RS256", "kid": kid]), with(["alg": "ES256", "kid": kid]), with(["kid": kid]),
                with(["alg": "HS256", "kid": kid, "crit": ["b64"], "b64": false]), with(["alg": 256, "kid": kid]),
                with(["alg": "HS256", "kid": kid], signature: ""), "", "a", "a.b.c", "..", signedIn.accessToken + ".x",
                signedIn.accessToken + String(repeating: "A", count: 9_000), String(signedIn.accessToken.dropLast(3)),
                signedIn.refreshToken.reveal(),
            ]
            for token in tokens { #expect(await bench.refusal(of: token) == .invalidToken, "\(token.prefix(60))") }
        }
    }

    @Test(
        "after a rotation the new key signs, and the old one verifies until its tokens have expired",
        arguments: StoreEngine.allCases
    )
    func rotation(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let old = try await bench.register().accessToken
            let oldID = try #require(TokenHead(old)?.keyID)
            let newID = try await RotateSigningKey().run(on: bench.tokens.ring, by: bench.accounts().actor)
            let new = try await bench.logIn().accessToken
            #expect(newID != oldID)
            #expect(TokenHead(new)?.keyID == newID)
            #expect(await bench.refusal(of: old) == nil)
            bench.clock.advance(by: .seconds(899))
            #expect(await bench.refusal(of: old) == nil)
            bench.clock.advance(by: .seconds(61))
            #expect(try await bench.tokens.ring.verifier(oldID) == nil)
            #expect(try await bench.tokens.ring.verifier(newID) != nil)
        }
    }

    @Test("a key that is old enough is followed by the next one, by itself", arguments: StoreEngine.allCases)
    func age(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let first = try await bench.tokens.ring.signer()
            bench.clock.advance(by: .seconds(30 * 86_400 - 1))
            #expect(try await bench.tokens.ring.signer().id == first.id)
            bench.clock.advance(by: .seconds(1))
            #expect(try await bench.tokens.ring.signer().id != first.id)
        }
    }

    @Test("processes that share a store verify each other's tokens, whoever rotates", arguments: StoreEngine.allCases)
    func processes(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let other = AccessTokens(
                store: bench.store.accounts(for: .accounts),
                settings: TokenSettings(),
                clock: bench.clock
            )
            let authenticator = TokenAuthenticator(
                store: bench.store.accounts(for: .accounts),
                tokens: other,
                clock: bench.clock
            )
            let first = try await bench.register().accessToken
            #expect(await bench.refusal(of: first, by: authenticator) == nil)
            _ = try await RotateSigningKey().run(on: bench.tokens.ring, by: bench.accounts().actor)
            let second = try await bench.logIn().accessToken
            bench.clock.advance(by: .seconds(1))
            #expect(await bench.refusal(of: second, by: authenticator) == nil)
            #expect(await bench.refusal(of: first, by: authenticator) == nil)
        }
    }

    @Test("a configured secret signs, stays out of the store, and is not rotated here")
    func configuredSecret() async throws {
        try await AccountBench.run(settings: Self.configured()) { bench in
            let token = try await bench.register().accessToken
            #expect(TokenHead(token)?.keyID?.hasPrefix("cfg_") == true)
            #expect(await bench.refusal(of: token) == nil)
            #expect(try await bench.store.accounts(for: .operator).signingKeys() == [])
            let error = try await refusal {
                _ = try await RotateSigningKey().run(on: bench.tokens.ring, by: bench.accounts().actor)
            }
            #expect(error.code == .conflict)
        }
    }
}
