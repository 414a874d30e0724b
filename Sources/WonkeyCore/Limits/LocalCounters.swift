internal import Synchronization

/// Counters in this process, shared by all event loops.
///
/// Bounded: a new counter in a full shard takes the place of one that is over, or else of the one that ends soonest
/// among a few, so a forgotten counter starts anew.
package final class LocalCounters: Sendable {
    private let shards: [Shard]
    private let clock: any MonotonicClock

    /// Makes empty counters.
    ///
    /// - Parameters:
    ///   - countersMax: How many counters are kept at most, divided evenly among the shards.
    ///   - shardCount: How many locks there are; counters with the same hash tag share one.
    ///   - clock: Tells the time of every decision.
    package init(
        countersMax: Int = 100_000,
        shardCount: Int = 16,
        clock: any MonotonicClock = SystemMonotonicClock()
    ) {
        let count = max(1, shardCount)
        self.shards = (0..<count).map { _ in Shard(capacity: max(1, countersMax / count)) }
        self.clock = clock
    }

    /// How many counters are kept.
    package var count: Int {
        self.shards.reduce(0) { $0 + $1.table.withLock { $0.count } }
    }

    /// Checks every limit and takes all costs, or takes nothing.
    ///
    /// - Parameter checks: All with the same hash tag, no counter twice.
    /// - Returns: The decision, with states in the order of the checks.
    package func take(_ checks: [CounterCheck]) -> CounterDecision {
        guard let first = checks.first else { return .admitted([]) }
        return self.shard(of: first.counter).table.withLock { $0.take(checks, nowMs: self.clock.nowMs) }
    }

    /// Gives earlier taken costs back, as far as the same window still runs.
    package func giveBack(_ checks: [CounterCheck]) {
        guard let first = checks.first else { return }
        self.shard(of: first.counter).table.withLock { $0.giveBack(checks, nowMs: self.clock.nowMs) }
    }

    /// Releases or renews leases of one counter.
    package func settle(_ change: LeaseChange) {
        self.shard(of: change.counter).table.withLock { $0.settle(change, nowMs: self.clock.nowMs) }
    }

    private func shard(of counter: String) -> Shard {
        // FNV-1a over the hash tag, so that all counters of one request are under one lock.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        var isInside = false
        for byte in counter.utf8 {
            if byte == UInt8(ascii: "}") { break }
            if isInside { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
            if byte == UInt8(ascii: "{") { isInside = true }
        }
        return self.shards[Int(hash % UInt64(self.shards.count))]
    }

    private final class Shard: Sendable {
        let table: Mutex<CounterTable>

        init(capacity: Int) {
            self.table = Mutex(CounterTable(capacity: capacity))
        }
    }
}

/// The counters of one shard: a value without clock and lock.
struct CounterTable {
    private struct Entry {
        var counter: String
        var content: CounterContent
        /// From then on the content is the same as none.
        var endMs: Int
    }

    private let capacity: Int
    private var entries: [Entry] = []
    private var indexes: [String: Int] = [:]
    /// Where the search for a counter to drop goes on.
    private var hand = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    var count: Int { self.entries.count }

    mutating func take(_ checks: [CounterCheck], nowMs: Int) -> CounterDecision {
        let parts = checks.map { check in
            let limit = LimitArithmetic(check)
            let content = limit.content(self.content(check.counter, nowMs: nowMs), nowMs: nowMs)
            return (check: check, limit: limit, content: content, fits: limit.fits(content, nowMs: nowMs))
        }
        guard parts.allSatisfy({ $0.fits || $0.check.isShadow }) else {
            return .refused(parts.map { $0.limit.state($0.content, nowMs: nowMs, isRefused: !$0.fits) })
        }
        return .admitted(
            parts.map { part in
                guard part.fits else { return part.limit.state(part.content, nowMs: nowMs, isRefused: true) }
                let content = part.limit.taking(part.content)
                if part.limit.cost > 0 { self.write(part.check.counter, content, part.limit, nowMs: nowMs) }
                return part.limit.state(content, nowMs: nowMs, isRefused: false)
            }
        )
    }

    mutating func giveBack(_ checks: [CounterCheck], nowMs: Int) {
        for check in checks where check.cost > 0 {
            let limit = LimitArithmetic(check)
            let stored = self.content(check.counter, nowMs: nowMs)
            guard let content = limit.givingBack(stored, nowMs: nowMs) else { continue }
            self.write(check.counter, content, limit, nowMs: nowMs)
        }
    }

    mutating func settle(_ change: LeaseChange, nowMs: Int) {
        var leases = Leases(atMs: nowMs)
        if case .leases(let stored)? = self.content(change.counter, nowMs: nowMs) {
            leases = stored.rolled(nowMs: nowMs)
        } else if change.kind == .release {
            return
        }
        switch change.kind {
        case .release: for lease in change.leases { leases.endsMs[lease] = nil }
        case .renew: for lease in change.leases { leases = leases.taking(lease, for: change.windowMs) }
        }
        self.write(change.counter, .leases(leases), endMs: leases.lastEndMs, nowMs: nowMs)
    }

    private func content(_ counter: String, nowMs: Int) -> CounterContent? {
        guard let index = self.indexes[counter], self.entries[index].endMs > nowMs else { return nil }
        return self.entries[index].content
    }

    private mutating func write(_ counter: String, _ content: CounterContent, _ limit: LimitArithmetic, nowMs: Int) {
        self.write(counter, content, endMs: nowMs + limit.lifetimeMs(content, nowMs: nowMs), nowMs: nowMs)
    }

    private mutating func write(_ counter: String, _ content: CounterContent, endMs: Int, nowMs: Int) {
        let entry = Entry(counter: counter, content: content, endMs: endMs)
        if let index = self.indexes[counter] {
            self.entries[index] = entry
            return
        }
        if self.entries.count >= self.capacity { self.dropOne(nowMs: nowMs) }
        self.indexes[counter] = self.entries.count
        self.entries.append(entry)
    }

    private mutating func dropOne(nowMs: Int) {
        var victim = self.hand % self.entries.count
        for _ in 0..<min(16, self.entries.count) {
            self.hand = (self.hand + 1) % self.entries.count
            if self.entries[self.hand].endMs < self.entries[victim].endMs { victim = self.hand }
            if self.entries[victim].endMs <= nowMs { break }
        }
        self.indexes[self.entries[victim].counter] = nil
        let last = self.entries.removeLast()
        guard victim < self.entries.count else { return }
        self.entries[victim] = last
        self.indexes[last.counter] = victim
    }
}
