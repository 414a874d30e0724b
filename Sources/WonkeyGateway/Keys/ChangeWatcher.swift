package import Logging
import Synchronization
package import WonkeyCore

/// Follows the change feed and keeps the key cache true: a revoked key is forgotten as soon as the feed tells.
package final class ChangeWatcher: Sendable {
    private let cache: KeyCache
    private let feed: any ChangeFeed
    private let stalenessMaxMs: Atomic<Int64>
    private let uptimeMs: @Sendable () -> Int64
    private let pause: @Sendable () async throws -> Void
    private let logger: Logger
    private let isConnectedFlag = Atomic<Bool>(false)

    /// Makes a watcher; nothing is read before ``run()``.
    ///
    /// - Parameters:
    ///   - cache: Kept true.
    ///   - feed: Read without end; it paces itself while there is nothing to tell.
    ///   - stalenessMax: After a longer silence the whole cache is forgotten, for rows may be gone from the feed.
    ///   - uptimeMs: Milliseconds of a clock that never goes back.
    ///   - pause: Waits before the next try after a failure.
    ///   - logger: Told when the feed comes and goes.
    package init(
        cache: KeyCache,
        feed: any ChangeFeed,
        stalenessMax: Duration,
        uptimeMs: @escaping @Sendable () -> Int64,
        pause: @escaping @Sendable () async throws -> Void = { try await Task.sleep(for: .milliseconds(200)) },
        logger: Logger
    ) {
        self.cache = cache
        self.feed = feed
        self.stalenessMaxMs = Atomic(stalenessMax.milliseconds)
        self.uptimeMs = uptimeMs
        self.pause = pause
        self.logger = logger
    }

    /// Whether the last read of the feed succeeded.
    package var isConnected: Bool { self.isConnectedFlag.load(ordering: .relaxed) }

    /// Forgets the whole cache after a silence of another length.
    package func update(stalenessMax: Duration) {
        self.stalenessMaxMs.store(stalenessMax.milliseconds, ordering: .relaxed)
    }

    /// Follows the feed until the task is cancelled.
    package func run() async {
        var sequence: Int64?
        while !Task.isCancelled {
            do throws(StoreError) {
                if let after = sequence,
                    self.cache.age(now: self.uptimeMs()) < self.stalenessMaxMs.load(ordering: .relaxed)
                {
                    sequence = try await self.follow(after: after)
                } else {
                    sequence = try await self.start()
                }
                self.connected()
            } catch {
                if Task.isCancelled { return }
                self.disconnected(error)
                do { try await self.pause() } catch { return }
            }
        }
    }

    /// Starts from the newest change with an empty cache.
    private func start() async throws(StoreError) -> Int64 {
        let readAt = self.uptimeMs()
        let latest = try await self.feed.latest()
        self.cache.removeAll()
        self.cache.confirm(now: readAt)
        return latest
    }

    private func follow(after sequence: Int64) async throws(StoreError) -> Int64 {
        let readAt = self.uptimeMs()
        let changes = try await self.feed.changes(after: sequence)
        for change in changes { self.cache.apply(change) }
        self.cache.confirm(now: readAt)
        return changes.last?.sequence ?? sequence
    }

    private func connected() {
        guard !self.isConnectedFlag.exchange(true, ordering: .relaxed) else { return }
        self.logger.info("key store is there")
    }

    private func disconnected(_ error: StoreError) {
        guard self.isConnectedFlag.exchange(false, ordering: .relaxed) else { return }
        self.logger.warning(
            "key store is away: cached keys serve until max_staleness",
            metadata: ["error": "\(error.message)"]
        )
    }
}
