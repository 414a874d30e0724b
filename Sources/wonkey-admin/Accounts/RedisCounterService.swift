import Logging
import NIOCore
import WonkeyConfig
import WonkeyCore
import WonkeyRedis
import WonkeyWiring

/// The counters in Redis for those who are on no event loop.
final class RedisCounterService: CounterService {
    private let store: NIOLoopBound<RedisCounterStore>

    private init(_ store: NIOLoopBound<RedisCounterStore>) {
        self.store = store
    }

    /// Starts connecting, and goes on doing so for as long as Redis is away; `nil` where the counters are in memory.
    ///
    /// Returns when the first attempt has succeeded or failed, which the settings bound.
    static func start(
        _ counters: Configuration.Counters,
        on eventLoop: any EventLoop
    ) async throws -> RedisCounterService? {
        guard case .redis(let redis) = counters.location else { return nil }
        let settings = RedisSettings(redis, timeout: counters.timeout)
        let store = try await eventLoop.submit {
            let logger = Logger(label: "wonkey.redis")
            let store = try RedisCounterStore(eventLoop: eventLoop, settings: settings, logger: logger)
            return NIOLoopBound(store, eventLoop: eventLoop)
        }.get()
        await withCheckedContinuation { continuation in
            eventLoop.execute { store.value.start { _ in continuation.resume() } }
        }
        return RedisCounterService(store)
    }

    func take(_ checks: [CounterCheck]) async throws(CounterStoreError) -> CounterDecision {
        let result: Result<CounterDecision, CounterStoreError> = await withCheckedContinuation { continuation in
            self.store.eventLoop.execute {
                self.store.value.take(checks) { continuation.resume(returning: $0) }
            }
        }
        return try result.get()
    }

    func giveBack(_ checks: [CounterCheck]) async {
        self.store.eventLoop.execute { self.store.value.giveBack(checks) }
    }

    /// Closes the connection for good.
    func stop() async {
        try? await self.store.eventLoop.submit { self.store.value.stop() }.get()
    }
}
