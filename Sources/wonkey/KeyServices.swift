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

    init(_ configuration: Configuration, store: Store) {
        let keys = configuration.keys
        let uptimeMs: @Sendable () -> Int64 = { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }
        let logger = Logger(label: "wonkey.keys")
        self.cache = KeyCache(keys.cacheSettings)
        self.loader = KeyLoader(
            cache: self.cache,
            directory: store.keys,
            acceptedProjects: keys.acceptedProjects,
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

    /// Takes other settings over.
    func update(_ keys: Configuration.Keys) {
        self.cache.update(keys.cacheSettings)
        self.loader.accept(keys.acceptedProjects)
        self.watcher.update(stalenessMax: keys.maxStaleness)
    }

    /// Milliseconds since the change feed last confirmed the cache.
    var cacheAgeMs: Int64 {
        self.cache.age(now: Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000))
    }

    /// Whether the store was reached, and not too long ago for cached keys to serve.
    var isCacheUsable: Bool { self.cacheAgeMs < self.cache.stalenessMaxMs }
}

extension Configuration.Keys {
    fileprivate var cacheSettings: KeyCache.Settings {
        KeyCache.Settings(
            capacity: self.cacheSize,
            negativeLifetime: self.negativeTTL,
            stalenessMax: self.maxStaleness
        )
    }

    /// `nil` accepts all.
    fileprivate var acceptedProjects: Set<ProjectID>? {
        self.projects.isEmpty ? nil : Set(self.projects)
    }
}
