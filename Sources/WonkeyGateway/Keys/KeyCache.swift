import Synchronization
package import WonkeyCore

/// A key of the cache with what every request of it needs, worked out once.
package final class KnownKey: Sendable {
    package let record: KeyRecord
    /// `wk:{<project id>}:`, the beginning of every counter's name.
    package let counterPrefix: String

    /// Makes one.
    ///
    /// - Parameters:
    ///   - record: Of the key.
    ///   - other: A key, of the same project at best: what both say alike is kept once.
    package init(_ record: KeyRecord, like other: KnownKey? = nil) {
        var record = record
        var prefix: String?
        if let other, other.record.projectID == record.projectID {
            record.projectID = other.record.projectID
            prefix = other.counterPrefix
            let alike = other.record
            if alike.organizationID == record.organizationID { record.organizationID = alike.organizationID }
            if alike.permissions == record.permissions { record.permissions = alike.permissions }
            if alike.overrides == record.overrides { record.overrides = alike.overrides }
        }
        self.record = record
        self.counterPrefix = prefix ?? "wk:{\(record.projectID)}:"
    }
}

/// Makes the keys of the cache, those of a project with one copy of what they have in common: half of what a key takes.
final class KnownKeyMaker: Sendable {
    private static let projectsMax = 1_024

    /// A key of each project, as it once was; bounded.
    private let examples = Mutex<[ProjectID: KnownKey]>([:])

    func key(_ record: KeyRecord) -> KnownKey {
        self.examples.withLock { examples in
            if let example = examples[record.projectID] { return KnownKey(record, like: example) }
            if examples.count >= Self.projectsMax { examples = [:] }
            let key = KnownKey(record)
            examples[record.projectID] = key
            return key
        }
    }
}

/// What is known of a hash.
package enum KeyResolution: Sendable {
    case known(KnownKey)
    case unknown
    /// The store gave no answer and the cache holds nothing young enough.
    case unavailable
}

/// The keys this process knows, shared by its event loops.
///
/// Bounded in both directions: known keys and hashes known to be unknown have a capacity each. An entry is good as long
/// as the change feed confirms that nothing changed; once the feed is silent, entries die at
/// ``Settings/stalenessMax``. Split into shards, so that event loops seldom meet at one lock.
package final class KeyCache: Sendable {
    package struct Settings: Sendable {
        /// Known keys at the most.
        package var capacity: Int
        /// Unknown hashes at the most.
        package var negativeCapacity: Int
        /// How long an unknown hash is not looked up again.
        package var negativeLifetime: Duration
        /// How long entries serve after the last word of the change feed.
        package var stalenessMax: Duration

        package init(
            capacity: Int = 100_000,
            negativeCapacity: Int = 20_000,
            negativeLifetime: Duration = .seconds(5),
            stalenessMax: Duration = .seconds(300)
        ) {
            self.capacity = capacity
            self.negativeCapacity = negativeCapacity
            self.negativeLifetime = negativeLifetime
            self.stalenessMax = stalenessMax
        }
    }

    package typealias Waiter = @Sendable (KeyResolution) -> Void

    package enum Answer: Sendable {
        case resolved(KeyResolution)
        /// The waiter was kept; the caller must have the hash loaded and end with ``KeyCache/finish(_:with:now:)``.
        case mustLoad
        /// Somebody loads that hash already; the waiter was kept.
        case joined
    }

    /// How a load ended, and whether it has to be done again.
    package enum FinishAction: Sendable {
        case done
        /// The key changed while it was loaded.
        case loadAgain
    }

    private struct Known: Sendable {
        var key: KnownKey
        var loadedAtMs: Int64
    }

    private struct Flight: Sendable {
        var waiters: [Waiter]
        var isOutdated = false
    }

    private struct State: Sendable {
        var known: TwoGenerationTable<KeyHash, Known>
        var unknown: TwoGenerationTable<KeyHash, Int64>
        var flights: [KeyHash: Flight] = [:]
    }

    private final class Shard: Sendable {
        let state: Mutex<State>

        init(_ state: State) {
            self.state = Mutex(state)
        }
    }

    private let shards: [Shard]
    private let negativeLifetimeMs: Atomic<Int64>
    private let stalenessLimitMs: Atomic<Int64>
    private let confirmedAtMs = Atomic<Int64>(Int64.min / 2)

    package init(_ settings: Settings, shards: Int = 16) {
        self.shards = (0..<max(1, shards)).map { _ in
            Shard(
                State(
                    known: TwoGenerationTable(capacity: max(2, settings.capacity / shards)),
                    unknown: TwoGenerationTable(capacity: max(2, settings.negativeCapacity / shards))
                )
            )
        }
        self.negativeLifetimeMs = Atomic(settings.negativeLifetime.milliseconds)
        self.stalenessLimitMs = Atomic(settings.stalenessMax.milliseconds)
    }

    /// Takes other settings; what is above a smaller capacity goes as new entries come.
    package func update(_ settings: Settings) {
        self.negativeLifetimeMs.store(settings.negativeLifetime.milliseconds, ordering: .relaxed)
        self.stalenessLimitMs.store(settings.stalenessMax.milliseconds, ordering: .relaxed)
        for shard in self.shards {
            shard.state.withLock { state in
                state.known.setCapacity(max(2, settings.capacity / self.shards.count))
                state.unknown.setCapacity(max(2, settings.negativeCapacity / self.shards.count))
            }
        }
    }

    /// How long entries serve after the last word of the change feed, in milliseconds.
    package var stalenessMaxMs: Int64 { self.stalenessLimitMs.load(ordering: .relaxed) }

    private func shard(of hash: KeyHash) -> Shard {
        self.shards[Int(hash.shardSeed % UInt64(self.shards.count))]
    }

    /// What the cache knows now, without loading; `nil` if it has to be loaded.
    ///
    /// - Parameters:
    ///   - hash: Of the presented key.
    ///   - now: Milliseconds of a clock that never goes back.
    /// - Returns: `.known`, `.unknown` or `nil`.
    /// - Complexity: O(1).
    package func cached(_ hash: KeyHash, now: Int64) -> KeyResolution? {
        self.shard(of: hash).state.withLock { self.cached(hash, now: now, in: &$0) }
    }

    private func cached(_ hash: KeyHash, now: Int64, in state: inout State) -> KeyResolution? {
        if let entry = state.known.use(hash) {
            let confirmedAt = max(entry.loadedAtMs, self.confirmedAtMs.load(ordering: .relaxed))
            return now - confirmedAt < self.stalenessMaxMs ? .known(entry.key) : nil
        }
        guard let loadedAt = state.unknown.use(hash) else { return nil }
        guard now - loadedAt < self.negativeLifetimeMs.load(ordering: .relaxed) else {
            state.unknown.remove(hash)
            return nil
        }
        return .unknown
    }

    /// Asks for a hash: answers at once, or keeps the waiter until the one load of that hash has finished.
    ///
    /// - Parameters:
    ///   - hash: Of the presented key.
    ///   - now: Milliseconds of a clock that never goes back.
    ///   - waiter: Called once, on any thread, unless the answer is `.resolved`.
    /// - Returns: The answer, or whose turn it is to load.
    package func resolve(_ hash: KeyHash, now: Int64, _ waiter: @escaping Waiter) -> Answer {
        self.shard(of: hash).state.withLock { state in
            if let resolution = self.cached(hash, now: now, in: &state) { return .resolved(resolution) }
            guard state.flights[hash]?.waiters.append(waiter) == nil else { return .joined }
            state.flights[hash] = Flight(waiters: [waiter])
            return .mustLoad
        }
    }

    /// Ends a load: keeps what was found and tells everybody who waits.
    ///
    /// - Parameters:
    ///   - hash: What was loaded.
    ///   - resolution: What the store said; `.unavailable` is kept by nobody.
    ///   - now: Milliseconds at which the load began.
    /// - Returns: Whether the load must be repeated because the key changed meanwhile; the waiters wait on then.
    package func finish(_ hash: KeyHash, with resolution: KeyResolution, now: Int64) -> FinishAction {
        let waiters: [Waiter]? = self.shard(of: hash).state.withLock { state in
            guard let flight = state.flights[hash] else { return [] }
            switch resolution {
            case .known, .unknown:
                if flight.isOutdated {
                    state.flights[hash]?.isOutdated = false
                    return nil
                }
            case .unavailable: break
            }
            switch resolution {
            case .known(let key):
                state.unknown.remove(hash)
                state.known.insert(Known(key: key, loadedAtMs: now), for: hash)
            case .unknown:
                state.known.remove(hash)
                state.unknown.insert(now, for: hash)
            case .unavailable: break
            }
            state.flights[hash] = nil
            return flight.waiters
        }
        guard let waiters else { return .loadAgain }
        for waiter in waiters { waiter(resolution) }
        return .done
    }

    /// Forgets what a change may have made untrue, loads under way included.
    package func apply(_ change: Change) {
        switch change.kind {
        case .key:
            if let hash = change.keyHash {
                self.shard(of: hash).state.withLock { state in
                    state.known.remove(hash)
                    state.unknown.remove(hash)
                    state.flights[hash]?.isOutdated = true
                }
            } else {
                self.forget { $0.record.projectID == change.projectID }
            }
        case .project: self.forget { $0.record.projectID == change.projectID }
        }
    }

    /// Forgets everything: what is known may be older than the changes seen.
    package func removeAll() {
        self.forget { _ in true }
        for shard in self.shards {
            shard.state.withLock { $0.unknown.removeAll() }
        }
    }

    private func forget(where predicate: (KnownKey) -> Bool) {
        for shard in self.shards {
            shard.state.withLock { state in
                state.known.removeAll { predicate($0.key) }
                for hash in state.flights.keys { state.flights[hash]?.isOutdated = true }
            }
        }
    }

    /// The change feed said at `now` that nothing unknown to this cache has changed.
    package func confirm(now: Int64) {
        self.confirmedAtMs.store(now, ordering: .relaxed)
    }

    /// Milliseconds since the change feed last confirmed the cache.
    package func age(now: Int64) -> Int64 {
        max(0, now - self.confirmedAtMs.load(ordering: .relaxed))
    }

    /// Visits every known key.
    package func forEachKey(_ visit: (KeyRecord) -> Void) {
        for shard in self.shards {
            let keys = shard.state.withLock { $0.known.values.map(\.key) }
            for key in keys { visit(key.record) }
        }
    }

    /// Known keys held now.
    package var count: Int {
        self.shards.reduce(0) { $0 + $1.state.withLock(\.known.count) }
    }
}
