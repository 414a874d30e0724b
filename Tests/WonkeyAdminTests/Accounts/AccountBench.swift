import JWTKit
import Synchronization
import Testing
import WonkeyCore
import WonkeyStore

@testable import WonkeyAdmin

/// Hashes nothing, and counts what it was asked for.
final class CountingHasher: PasswordHasher {
    struct Calls: Equatable, Sendable {
        var hashes = 0
        var comparisons = 0
        var dummies = 0
    }

    private let state = Mutex(Calls())
    private let failure = Mutex<PasswordHasherError?>(nil)
    /// What new hashes begin with; stored ones that begin otherwise count as weak.
    private let scheme = Mutex("plain:")

    var calls: Calls { self.state.withLock { $0 } }

    func fail(with error: PasswordHasherError?) {
        self.failure.withLock { $0 = error }
    }

    func strengthen(to scheme: String) {
        self.scheme.withLock { $0 = scheme }
    }

    func hash(_ password: Password) async throws(PasswordHasherError) -> String {
        if let failure = self.failure.withLock({ $0 }) { throw failure }
        self.state.withLock { $0.hashes += 1 }
        return self.scheme.withLock { $0 } + password.secret.revealed
    }

    func verify(_ password: Secret, against hash: String?) async throws(PasswordHasherError) -> PasswordVerdict {
        if let failure = self.failure.withLock({ $0 }) { throw failure }
        self.state.withLock { calls in
            calls.comparisons += 1
            if hash == nil { calls.dummies += 1 }
        }
        guard let hash, let colon = hash.firstIndex(of: ":") else { return .wrong }
        guard hash[hash.index(after: colon)...] == password.revealed else { return .wrong }
        return hash.hasPrefix(self.scheme.withLock { $0 }) ? .right : .rightButWeaklyHashed
    }
}

/// A clock for counters that stands still until a test moves it.
final class HeldMonotonicClock: MonotonicClock {
    private let milliseconds = Mutex(1_000_000_000)

    var nowMs: Int { self.milliseconds.withLock { $0 } }

    func advance(by duration: Duration) {
        self.milliseconds.withLock { $0 += Int(duration.milliseconds) }
    }
}

/// Everything that tests of accounts work with, on a store of their own.
struct AccountBench: Sendable {
    let store: Store
    let clock = HeldClock(Bench.start)
    let counterClock = HeldMonotonicClock()
    let hasher = CountingHasher()
    let tokens: AccessTokens
    let gate: SignInGate

    /// Runs `body` with a new bench.
    static func run(
        on engine: StoreEngine = .sqlite,
        settings: TokenSettings = TokenSettings(),
        limits: SignInLimits = SignInLimits(),
        _ body: (AccountBench) async throws -> Void
    ) async throws {
        try await engine.withStore { store, _ in
            try await body(AccountBench(store: store, settings: settings, limits: limits))
        }
    }

    private init(store: Store, settings: TokenSettings, limits: SignInLimits) {
        self.store = store
        self.tokens = AccessTokens(store: store.accounts(for: .accounts), settings: settings, clock: self.clock)
        self.gate = SignInGate(counters: LocalCounters(clock: self.counterClock), limits: limits)
    }

    var authenticator: TokenAuthenticator { self.authenticator(accepting: nil) }

    func authenticator(accepting supabase: SupabaseTokens?) -> TokenAuthenticator {
        TokenAuthenticator(
            store: self.store.accounts(for: .accounts),
            tokens: self.tokens,
            supabase: supabase,
            clock: self.clock
        )
    }

    func context(from address: String = "192.0.2.1") -> SignInContext {
        SignInContext(
            store: self.store.accounts(for: .accounts),
            hasher: self.hasher,
            tokens: self.tokens,
            gate: self.gate,
            clock: self.clock,
            actor: Actor(name: "anonymous", source: address),
            clientAddress: address
        )
    }

    /// The operator's, or a user's.
    func accounts(_ scope: StoreScope = .operator) -> AccountContext {
        AccountContext(
            store: self.store.accounts(for: scope),
            clock: self.clock,
            actor: Actor(name: "cli:alice", source: "test")
        )
    }

    func register(_ name: String = "alice", password: String = "correct horse") async throws -> SignedIn {
        var generator = SystemRandomNumberGenerator()
        let operation = Register(email: name + "@example.com", password: password)
        return try await operation.run(in: self.context(), using: &generator)
    }

    func logIn(
        _ email: String = "alice@example.com",
        _ password: String = "correct horse",
        from address: String = "192.0.2.1"
    ) async throws -> SignedIn {
        var generator = SystemRandomNumberGenerator()
        return try await LogIn(email: email, password: password).run(in: self.context(from: address), using: &generator)
    }

    func refresh(_ token: String) async throws -> SignedIn {
        var generator = SystemRandomNumberGenerator()
        return try await RefreshSession(refreshToken: token).run(in: self.context(), using: &generator)
    }

    /// The code of what a token meets, or `nil` if it lets somebody in.
    func refusal(of token: String, by authenticator: TokenAuthenticator? = nil) async -> AuthenticationError.Code? {
        do {
            _ = try await (authenticator ?? self.authenticator).authenticate(bearer: token)
            return nil
        } catch {
            return error.code
        }
    }
}

/// A token made by hand.
func token(
    header: JSONValue,
    payload: JSONValue,
    signature: String = "c2lnbmF0dXJl"
) -> String {
    let parts = [header, payload].map { Base64URL.encode(Array($0.text.utf8)) }
    return parts.joined(separator: ".") + "." + signature
}

/// A token of those claims under an HMAC secret.
func signed(_ claims: some JWTPayload, secret: [UInt8], kid: String?) async throws -> String {
    let id = kid.map { JWKIdentifier(string: $0) }
    let keys = await JWTKeyCollection().add(hmac: HMACKey(from: secret), digestAlgorithm: .sha256, kid: id)
    return try await keys.sign(claims, kid: id)
}
