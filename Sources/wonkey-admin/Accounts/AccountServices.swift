import NIOCore
import WonkeyAdmin
import WonkeyConfig
import WonkeyCore
import WonkeyCurl
import WonkeyPasswords
import WonkeyStore

/// What signing in needs, wired up.
struct AccountServices {
    let signIn: SignInServices
    let authenticator: TokenAuthenticator
    private let counters: RedisCounterService?
    private let client: CurlServiceClient

    /// Starts what it needs; ``stop()`` ends it.
    ///
    /// - Parameters:
    ///   - configuration: Names secrets, limits and where the counters are.
    ///   - environment: May hold `WONKEY_JWT_SECRET`.
    ///   - store: Open, for as long as this is used.
    ///   - eventLoop: Carries the connection to Redis.
    /// - Returns: The services.
    /// - Throws: ``CommandFailure`` for a secret that is too short, and what hinders libcurl or TLS.
    static func start(
        _ configuration: Configuration,
        environment: [String: String],
        store: Store,
        on eventLoop: any EventLoop
    ) async throws -> AccountServices {
        let clock = SystemClock()
        let settings = try TokenSettings(configuration.management, environment: environment)
        let accounts = store.accounts(for: .accounts)
        let tokens = AccessTokens(store: accounts, settings: settings, clock: clock)
        let client = try CurlServiceClient()
        let supabase = configuration.management.supabase.map {
            SupabaseTokens(SupabaseSettings($0), client: client, clock: clock)
        }
        let redis = try await RedisCounterService.start(configuration.counters, on: eventLoop)
        let local = LocalCounters()
        return AccountServices(
            signIn: SignInServices(
                accounts: { store.accounts(for: $0, under: $1) },
                hasher: BcryptPasswordHasher(),
                tokens: tokens,
                gate: SignInGate(
                    counters: redis ?? local,
                    local: local,
                    limits: SignInLimits(configuration.management.signIn)
                )
            ),
            authenticator: TokenAuthenticator(store: accounts, tokens: tokens, supabase: supabase, clock: clock),
            counters: redis,
            client: client
        )
    }

    /// Closes what was started.
    func stop() async {
        await self.counters?.stop()
        self.client.shutdown()
    }
}
