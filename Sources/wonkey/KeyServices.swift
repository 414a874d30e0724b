import Logging
import NIOCore
import WonkeyConfig
import WonkeyCore
import WonkeyGateway
import WonkeyStore

/// The key cache with what fills it and what keeps it true.
struct KeyServices: Sendable {
    let cache: KeyCache
    let loader: KeyLoader
    let watcher: ChangeWatcher
    private let stalenessMaxMs: Int64

    init(_ configuration: Configuration, store: Store) {
        let keys = configuration.keys
        let uptimeMs: @Sendable () -> Int64 = { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }
        let logger = Logger(label: "wonkey.keys")
        self.stalenessMaxMs = keys.maxStaleness.milliseconds
        self.cache = KeyCache(
            KeyCache.Settings(
                capacity: keys.cacheSize,
                negativeLifetime: keys.negativeTTL,
                stalenessMax: keys.maxStaleness
            )
        )
        self.loader = KeyLoader(
            cache: self.cache,
            directory: store.keys,
            acceptedProjects: keys.projects.isEmpty ? nil : Set(keys.projects),
            uptimeMs: uptimeMs,
            logger: logger
        )
        self.watcher = ChangeWatcher(
            cache: self.cache,
            feed: store.changes,
            stalenessMax: keys.maxStaleness,
            uptimeMs: uptimeMs,
            logger: logger
        )
    }

    /// Milliseconds since the change feed last confirmed the cache.
    var cacheAgeMs: Int64 {
        self.cache.age(now: Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000))
    }

    /// Whether the store was reached, and not too long ago for cached keys to serve.
    var isCacheUsable: Bool { self.cacheAgeMs < self.stalenessMaxMs }
}
