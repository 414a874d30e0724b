import Crypto
import CryptoExtras
import JWTKit
import Synchronization
import Testing
import WonkeyCore

@testable import WonkeyAdmin

/// Answers with a key set, or with nothing, and counts.
private final class KeySetStandIn: ServiceClient {
    private let body = Mutex<String?>(nil)
    private let count = Mutex(0)

    var calls: Int { self.count.withLock { $0 } }

    func publish(_ body: String?) {
        self.body.withLock { $0 = body }
    }

    func send(_ request: ServiceRequest) async throws(ServiceError) -> ServiceResponse {
        self.count.withLock { $0 += 1 }
        guard let body = self.body.withLock({ $0 }) else { throw ServiceError(code: .unreachable, message: "away") }
        return ServiceResponse(status: 200, body: Array(body.utf8))
    }
}

@Suite("Accounts: tokens of Supabase")
struct SupabaseTests {
    private static let issuer = "https://abc.supabase.co/auth/v1"
    private static let secret = Secret("the project's JWT secret, 32 bytes or more")
    private static let url = "https://abc.supabase.co/auth/v1/.well-known/jwks.json"

    private static func claims(_ bench: AccountBench, email: String? = "alice@example.com") -> SupabaseClaims {
        let now = Double(bench.clock.now.millisecondsSinceEpoch) / 1_000
        return SupabaseClaims(
            iss: Self.issuer,
            aud: AudienceClaim(value: ["authenticated"]),
            sub: "7f3c8a52-0f43-4a6b-9d55-1d6f0f0b7c11",
            exp: now + 3_600,
            iat: now,
            nbf: nil,
            email: email,
            role: "authenticated",
            is_anonymous: false,
            user_metadata: .init(full_name: "Alice A.", name: nil)
        )
    }

    private static func symmetric(_ bench: AccountBench) -> TokenAuthenticator {
        let settings = SupabaseSettings(keys: .secret(Self.secret), issuer: Self.issuer)
        return bench.authenticator(
            accepting: SupabaseTokens(settings, client: KeySetStandIn(), clock: bench.clock)
        )
    }

    private static func hmac(_ claims: SupabaseClaims) async throws -> String {
        try await signed(claims, secret: Array(Self.secret.revealed.utf8), kid: nil)
    }

    @Test(
        "a user is made at first sight, with an organization of their own, and known again",
        arguments: StoreEngine.allCases
    )
    func adopted(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let authenticator = Self.symmetric(bench)
            let token = try await Self.hmac(Self.claims(bench))
            let first = try await authenticator.authenticate(bearer: token)
            #expect(first.session == nil)
            #expect(first.user.email.text == "alice@example.com")
            #expect(first.user.name == "Alice A.")
            #expect(try await authenticator.authenticate(bearer: token) == first)
            let shown = try await ShowUser(idOrEmail: first.user.id.rawValue).run(in: bench.accounts())
            #expect(shown.organizations.map(\.role) == [.owner])
            _ = try await SetUserDisabled(idOrEmail: first.user.id.rawValue, isDisabled: true).run(in: bench.accounts())
            #expect(await bench.refusal(of: token, by: authenticator) == .invalidToken)
        }
    }

    @Test("requests at once make one user", arguments: StoreEngine.allCases)
    func race(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            let authenticator = Self.symmetric(bench)
            let token = try await Self.hmac(Self.claims(bench))
            let users = try await withThrowingTaskGroup(of: UserID.self) { group in
                for _ in 0..<4 { group.addTask { try await authenticator.authenticate(bearer: token).user.id } }
                return try await group.reduce(into: Set<UserID>()) { $0.insert($1) }
            }
            #expect(users.count == 1)
        }
    }

    @Test("an address that an account here has opens that account to nobody", arguments: StoreEngine.allCases)
    func takenAddress(engine: StoreEngine) async throws {
        try await AccountBench.run(on: engine) { bench in
            _ = try await bench.register()
            let token = try await Self.hmac(Self.claims(bench))
            #expect(await bench.refusal(of: token, by: Self.symmetric(bench)) == .invalidToken)
        }
    }

    @Test("what is no signed-in user's token of the project is refused, each reason by itself")
    func refused() async throws {
        try await AccountBench.run { bench in
            let changes: [(inout SupabaseClaims) -> Void] = [
                { $0.iss = "https://other.supabase.co/auth/v1" }, { $0.aud = AudienceClaim(value: ["other"]) },
                { $0.role = "service_role" }, { $0.role = "anon" }, { $0.is_anonymous = true }, { $0.sub = "" },
                { $0.email = nil }, { $0.email = "" }, { $0.iat = $0.exp }, { $0.nbf = $0.exp },
            ]
            for change in changes {
                var claims = Self.claims(bench)
                change(&claims)
                let token = try await Self.hmac(claims)
                #expect(await bench.refusal(of: token, by: Self.symmetric(bench)) == .invalidToken)
            }
            let token = try await Self.hmac(Self.claims(bench))
            #expect(await bench.refusal(of: token) == .invalidToken, "not configured")
            let other = try await signed(Self.claims(bench), secret: Array(repeating: 1, count: 32), kid: nil)
            #expect(await bench.refusal(of: other, by: Self.symmetric(bench)) == .invalidToken)
            bench.clock.advance(by: .seconds(3_600))
            #expect(await bench.refusal(of: token, by: Self.symmetric(bench)) == .expiredToken)
        }
    }

    @Test("a user of the project is not one of ours because a token claims our issuer")
    func ourIssuer() async throws {
        try await AccountBench.run { bench in
            var claims = Self.claims(bench)
            claims.iss = "wonkey"
            let token = try await Self.hmac(claims)
            #expect(await bench.refusal(of: token, by: Self.symmetric(bench)) == .invalidToken)
        }
    }
}

@Suite("Accounts: key sets of Supabase")
struct KeySetTests {
    private static let issuer = "https://abc.supabase.co/auth/v1"

    private struct Claims: JWTPayload {
        var iss = KeySetTests.issuer
        var aud = "authenticated"
        var sub = "subject"
        var email = "alice@example.com"
        var exp: Int64

        func verify(using algorithm: some JWTAlgorithm) {}
    }

    /// A key of the issuer's, and how it is published.
    private struct Pair {
        let id: String
        let key = P256.Signing.PrivateKey()

        var published: String {
            let point = Array(self.key.publicKey.rawRepresentation)
            let (x, y) = (Base64URL.encode(Array(point.prefix(32))), Base64URL.encode(Array(point.suffix(32))))
            return #"{"kty":"EC","crv":"P-256","use":"sig","alg":"ES256","kid":"\#(self.id)","x":"\#(x)","y":"\#(y)"}"#
        }

        func token(at now: Timestamp) async throws -> String {
            let key = try ES256PrivateKey(pem: self.key.pemRepresentation)
            let id = JWKIdentifier(string: self.id)
            let keys = await JWTKeyCollection().add(ecdsa: key, kid: id)
            return try await keys.sign(Claims(exp: now.millisecondsSinceEpoch / 1_000 + 3_600), kid: id)
        }
    }

    private static func set(_ keys: String...) -> String { #"{"keys":[\#(keys.joined(separator: ","))]}"# }

    private static func authenticator(_ bench: AccountBench, _ client: KeySetStandIn) -> TokenAuthenticator {
        let settings = SupabaseSettings(
            keys: .keySet(url: "https://abc.supabase.co/auth/v1/.well-known/jwks.json"),
            issuer: Self.issuer
        )
        return bench.authenticator(accepting: SupabaseTokens(settings, client: client, clock: bench.clock))
    }

    @Test("the keys are fetched once and kept; a new key's id fetches them again")
    func fetched() async throws {
        try await AccountBench.run { bench in
            let client = KeySetStandIn()
            let (first, second) = (Pair(id: "one"), Pair(id: "two"))
            client.publish(Self.set(first.published))
            let authenticator = Self.authenticator(bench, client)
            for _ in 0..<3 {
                let firstToken = try await first.token(at: bench.clock.now)
                #expect(await bench.refusal(of: firstToken, by: authenticator) == nil)
            }
            #expect(client.calls == 1)
            client.publish(Self.set(first.published, second.published))
            bench.clock.advance(by: KeySetSource.intervalMin)
            let secondToken = try await second.token(at: bench.clock.now)
            #expect(await bench.refusal(of: secondToken, by: authenticator) == nil)
            #expect(client.calls == 2)
        }
    }

    @Test("made-up key ids fetch no more often than every half minute")
    func flood() async throws {
        try await AccountBench.run { bench in
            let client = KeySetStandIn()
            client.publish(Self.set(Pair(id: "one").published))
            let authenticator = Self.authenticator(bench, client)
            for number in 0..<20 {
                let token = try await Pair(id: "made-up-\(number)").token(at: bench.clock.now)
                #expect(await bench.refusal(of: token, by: authenticator) == .invalidToken)
            }
            #expect(client.calls == 1)
        }
    }

    @Test("while the issuer is away known keys stay good, and unknown ones cannot be told")
    func away() async throws {
        try await AccountBench.run { bench in
            let client = KeySetStandIn()
            let pair = Pair(id: "one")
            let authenticator = Self.authenticator(bench, client)
            let early = try await pair.token(at: bench.clock.now)
            #expect(await bench.refusal(of: early, by: authenticator) == .unavailable)
            client.publish(Self.set(pair.published))
            bench.clock.advance(by: KeySetSource.intervalMin)
            #expect(await bench.refusal(of: early, by: authenticator) == nil)
            client.publish(nil)
            bench.clock.advance(by: KeySetSource.lifetime)
            #expect(await bench.refusal(of: early, by: authenticator) == nil)
            #expect(client.calls == 3)
        }
    }

    @Test("a public key verifies no HMAC made with it, and another key of that id verifies nothing")
    func confusion() async throws {
        try await AccountBench.run { bench in
            let client = KeySetStandIn()
            let pair = Pair(id: "one")
            client.publish(Self.set(pair.published))
            let authenticator = Self.authenticator(bench, client)
            let claims = Claims(exp: bench.clock.now.millisecondsSinceEpoch / 1_000 + 3_600)
            for secret in [Array(pair.published.utf8), Array(pair.key.publicKey.pemRepresentation.utf8)] {
                let token = try await signed(claims, secret: secret, kid: "one")
                #expect(await bench.refusal(of: token, by: authenticator) == .invalidToken)
            }
            let impostor = try await Pair(id: "one").token(at: bench.clock.now)
            #expect(await bench.refusal(of: impostor, by: authenticator) == .invalidToken)
        }
    }

    @Test("RS256 is verified, too")
    func rsa() async throws {
        try await AccountBench.run { bench in
            let client = KeySetStandIn()
            let made = try _RSA.Signing.PrivateKey(keySize: .bits2048)
            let primitives = try made.publicKey.getKeyPrimitives()
            let key = try Insecure.RSA.PrivateKey(pem: made.pemRepresentation)
            let n = Base64URL.encode(Array(primitives.modulus))
            let e = Base64URL.encode(Array(primitives.publicExponent))
            client.publish(Self.set(#"{"kty":"RSA","kid":"rsa","n":"\#(n)","e":"\#(e)"}"#))
            let id = JWKIdentifier(string: "rsa")
            let keys = await JWTKeyCollection().add(rsa: key, digestAlgorithm: .sha256, kid: id)
            let claims = Claims(exp: bench.clock.now.millisecondsSinceEpoch / 1_000 + 3_600)
            let token = try await keys.sign(claims, kid: id)
            #expect(await bench.refusal(of: token, by: Self.authenticator(bench, client)) == nil)
        }
    }

    @Test(
        "only what can verify is taken from a key set",
        arguments: [
            (#"{"keys":[]}"#, 0), (#"{}"#, nil), ("[]", nil), ("no JSON", nil),
            (#"{"keys":[{"kty":"oct","kid":"a","k":"c2VjcmV0"}]}"#, 0),
            (#"{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}"#, 0),
            (#"{"keys":[{"kty":"RSA","kid":"a","n":"AQAB","e":"AQAB"}]}"#, 1),
            (#"{"keys":[{"kty":"RSA","kid":"a","use":"enc","n":"AQAB","e":"AQAB"}]}"#, 0),
            (#"{"keys":[{"kty":"RSA","kid":"a","alg":"RS512","n":"AQAB","e":"AQAB"}]}"#, 0),
            (#"{"keys":[{"kty":"EC","kid":"a","crv":"P-384","x":"AQAB","y":"AQAB"}]}"#, 0),
        ] as [(String, Int?)]
    )
    func keySet(body: String, count: Int?) {
        #expect(KeySetSource.keys(in: Array(body.utf8))?.count == count)
    }
}
