import NIOPosix
import Support
import Testing
import WonkeyConfig
import WonkeyCore
import WonkeyStore

@testable import WonkeyAdmin
@testable import wonkey_admin

extension Configuration {
    /// A small configuration with these counters.
    static func wired(counters url: String, management: String = "{}") throws -> Configuration {
        let text = """
            version: 1
            listeners: [{address: "127.0.0.1:0"}]
            store: {url: "sqlite:unused.db"}
            counters: {url: "\(url)", timeout: 5s}
            routes: [{name: all, match: {prefix: /}, respond: {status: 204}}]
            management: \(management)
            """
        return try Self.parse(bytes: Array(text.utf8), fileName: "test.yaml", environment: [:])
    }
}

/// Waits until a condition holds, looking every 20 ms for at most 60 s; what it throws counts as no.
func poll(_ what: String, _ condition: () async throws -> Bool) async throws {
    struct NotInTime: Error { var what: String }
    let deadline = ContinuousClock.now + .seconds(60)
    while ContinuousClock.now < deadline {
        if (try? await condition()) == true { return }
        try await Task.sleep(for: .milliseconds(20))
    }
    throw NotInTime(what: what)
}

@Suite("Accounts: wired up as in wonkey-admin serve")
struct AccountServicesTests {
    private static let limits = """
        {token_secret: "0123456789abcdef0123456789abcdef", sign_in: {login_by_account: {limit: 2, window: 1h}}}
        """

    /// Runs `body` with as many processes' services, which share a store and the counters.
    private static func withServices(
        _ count: Int,
        counters: String,
        _ body: ([AccountServices], Store) async throws -> Void
    ) async throws {
        let configuration = try Configuration.wired(counters: counters, management: Self.limits)
        try await StoreEngine.sqlite.withStore { store, _ in
            var services: [AccountServices] = []
            for _ in 0..<count {
                let loop = MultiThreadedEventLoopGroup.singleton.next()
                services.append(
                    try await AccountServices.start(configuration, environment: [:], store: store, on: loop)
                )
            }
            let result: Result<Void, any Error>
            do { result = .success(try await body(services, store)) } catch { result = .failure(error) }
            for service in services { await service.stop() }
            try result.get()
        }
    }

    private static func context(_ services: AccountServices) -> SignInContext {
        SignInContext(
            store: services.signIn.accounts(.accounts, nil),
            hasher: services.signIn.hasher,
            tokens: services.signIn.tokens,
            gate: services.signIn.gate,
            clock: SystemClock(),
            actor: Actor(name: "anonymous", source: "192.0.2.1"),
            clientAddress: "192.0.2.1"
        )
    }

    private static func register(at services: AccountServices) async throws -> SignedIn {
        var generator = SystemRandomNumberGenerator()
        let operation = Register(email: "alice@example.com", password: "correct horse")
        return try await operation.run(in: Self.context(services), using: &generator)
    }

    /// What becomes of a sign-in with a wrong password.
    private static func guess(at services: AccountServices) async -> OperationError.Code? {
        var generator = SystemRandomNumberGenerator()
        do throws(OperationError) {
            _ = try await LogIn(email: "alice@example.com", password: "wrong horse")
                .run(in: Self.context(services), using: &generator)
            return nil
        } catch {
            return error.code
        }
    }

    @Test("whom one process signs in another knows, and guesses are counted in Redis by both together", .redis)
    func together() async throws {
        let server = try #require(RedisServer.current)
        try await Self.withServices(2, counters: server.url) { services, _ in
            let alice = try await Self.register(at: services[0])
            let principal = try await services[1].authenticator.authenticate(bearer: alice.accessToken)
            #expect(principal.user.id == alice.user.id)
            #expect(await Self.guess(at: services[0]) == .unauthenticated)
            #expect(await Self.guess(at: services[1]) == .unauthenticated)
            #expect(await Self.guess(at: services[0]) == .rateLimited)
            #expect(await Self.guess(at: services[1]) == .rateLimited)
        }
    }

    @Test("with Redis away people sign in, and each process limits guesses by itself", .redis)
    func redisAway() async throws {
        let server = try #require(RedisServer.current)
        try await Self.withServices(2, counters: server.url) { services, _ in
            await server.kill()
            _ = try await Self.register(at: services[0])
            for service in services {
                #expect(await Self.guess(at: service) == .unauthenticated)
                #expect(await Self.guess(at: service) == .unauthenticated)
                #expect(await Self.guess(at: service) == .rateLimited)
            }
            try await server.start()
            try await poll("counting in Redis") {
                _ = await Self.guess(at: services[0])
                return try await server.command("DBSIZE") != "0"
            }
        }
    }

    @Test("a Redis that was never there keeps nobody from starting")
    func noRedis() async throws {
        let port = try await FreePort.reserve()
        try await Self.withServices(1, counters: "redis://127.0.0.1:\(port)/0") { services, _ in
            _ = try await Self.register(at: services[0])
        }
    }

    @Test("a secret in the environment that is too short is refused before anything starts")
    func shortSecret() async throws {
        let configuration = try Configuration.wired(counters: "memory:")
        try await StoreEngine.sqlite.withStore { store, _ in
            let failure = await #expect(throws: CommandFailure.self) {
                _ = try await AccountServices.start(
                    configuration,
                    environment: ["WONKEY_JWT_SECRET": "short"],
                    store: store,
                    on: MultiThreadedEventLoopGroup.singleton.next()
                )
            }
            #expect(failure?.status == 2)
            #expect(failure?.message.contains("at least 32 bytes") == true)
        }
    }
}
