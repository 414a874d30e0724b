package import Logging
import Synchronization
package import WonkeyCore

/// Loads the keys that the cache does not hold, a bounded number at a time.
///
/// A flood of random keys ends here: at most ``concurrencyMax`` look-ups run, at most ``queueMax`` wait, and whoever
/// comes then is told `.unavailable` at once.
package struct KeyLoader: Sendable {
    package static let concurrencyMax = 32
    package static let queueMax = 1_024

    private let cache: KeyCache
    private let directory: any KeyDirectory
    private let accepted: Acceptance
    private let maker = KnownKeyMaker()
    private let uptimeMs: @Sendable () -> Int64
    private let logger: Logger
    private let queue: AsyncStream<KeyHash>
    private let queueEntrance: AsyncStream<KeyHash>.Continuation

    /// Makes a loader; nothing is loaded before ``run()``.
    ///
    /// - Parameters:
    ///   - cache: Receives what is found.
    ///   - directory: Where keys are found.
    ///   - acceptedProjects: Keys of other projects count as unknown; `nil` accepts all.
    ///   - uptimeMs: Milliseconds of a clock that never goes back.
    ///   - logger: Told when the directory fails.
    package init(
        cache: KeyCache,
        directory: any KeyDirectory,
        acceptedProjects: Set<ProjectID>?,
        uptimeMs: @escaping @Sendable () -> Int64,
        logger: Logger
    ) {
        self.cache = cache
        self.directory = directory
        self.accepted = Acceptance(acceptedProjects)
        self.uptimeMs = uptimeMs
        self.logger = logger
        (self.queue, self.queueEntrance) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(Self.queueMax))
    }

    /// Asks for a key.
    ///
    /// - Parameters:
    ///   - hash: Of the presented key.
    ///   - waiter: Called once, on any thread, unless an answer is returned.
    /// - Returns: The answer, if the cache has it.
    package func resolve(_ hash: KeyHash, _ waiter: @escaping KeyCache.Waiter) -> KeyResolution? {
        switch self.cache.resolve(hash, now: self.uptimeMs(), waiter) {
        case .resolved(let resolution): return resolution
        case .joined: return nil
        case .mustLoad:
            switch self.queueEntrance.yield(hash) {
            case .enqueued: break
            case .dropped, .terminated:
                _ = self.cache.finish(hash, with: .unavailable, now: self.uptimeMs())
            @unknown default:
                _ = self.cache.finish(hash, with: .unavailable, now: self.uptimeMs())
            }
            return nil
        }
    }

    /// Accepts the keys of other projects from now on; whatever was cached is looked up again.
    package func accept(_ projects: Set<ProjectID>?) {
        let isNews = self.accepted.projects.withLock { current in
            defer { current = projects }
            return current != projects
        }
        if isNews { self.cache.removeAll() }
    }

    /// Loads until ``stop()``; returns after the last load.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for await hash in self.queue {
                if running == Self.concurrencyMax {
                    await group.next()
                    running -= 1
                }
                running += 1
                group.addTask { await self.load(hash) }
            }
        }
    }

    /// Lets ``run()`` return; whoever asks from now on is told `.unavailable`.
    package func stop() {
        self.queueEntrance.finish()
    }

    private func load(_ hash: KeyHash) async {
        // A key that changes during every one of three loads is left to the next request.
        for _ in 0..<3 {
            let begunAt = self.uptimeMs()
            let resolution = await self.look(up: hash)
            switch self.cache.finish(hash, with: resolution, now: begunAt) {
            case .done: return
            case .loadAgain: continue
            }
        }
        _ = self.cache.finish(hash, with: .unavailable, now: self.uptimeMs())
    }

    private func look(up hash: KeyHash) async -> KeyResolution {
        do throws(StoreError) {
            guard let record = try await self.directory.keyRecord(hash: hash) else { return .unknown }
            guard self.accepted.projects.withLock({ $0?.contains(record.projectID) ?? true }) else { return .unknown }
            return .known(self.maker.key(record))
        } catch {
            self.logger.debug("key look-up failed", metadata: ["error": "\(error.message)"])
            return .unavailable
        }
    }
}

/// The projects whose keys are accepted; `nil` accepts all.
private final class Acceptance: Sendable {
    let projects: Mutex<Set<ProjectID>?>

    init(_ projects: Set<ProjectID>?) {
        self.projects = Mutex(projects)
    }
}
