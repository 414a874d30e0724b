internal import Synchronization

/// Answers kept in this process, shared by all event loops.
///
/// Bounded by number and bytes: what does not fit is not claimed, so that nothing is carried out twice for want of room.
package final class LocalReplays: Sendable {
    private let table: Mutex<ReplayTable>
    private let clock: any MonotonicClock

    package init(
        entriesMax: Int = 100_000,
        bytesMax: Int = 128 << 20,
        clock: any MonotonicClock = SystemMonotonicClock()
    ) {
        self.table = Mutex(ReplayTable(entriesMax: entriesMax, bytesMax: bytesMax))
        self.clock = clock
    }

    func claim(_ claim: ReplayClaim) -> Result<ReplayEntry?, CounterStoreError> {
        self.table.withLock { $0.claim(claim, nowMs: self.clock.nowMs) }
    }

    func settle(_ claim: ReplayClaim, _ change: ReplayChange) {
        self.table.withLock { $0.settle(claim, change, nowMs: self.clock.nowMs) }
    }
}

/// Answers of this process as a store, for `counters: {url: "memory:"}`.
package final class LocalReplayStore: ReplayStore {
    private let replays: LocalReplays

    /// One per event loop, all on the same answers.
    package init(_ replays: LocalReplays) {
        self.replays = replays
    }

    package func claim(
        _ claim: ReplayClaim,
        _ completion: @escaping (Result<ReplayEntry?, CounterStoreError>) -> Void
    ) {
        completion(self.replays.claim(claim))
    }

    package func settle(_ claim: ReplayClaim, _ change: ReplayChange, _ completion: @escaping (Bool) -> Void) {
        self.replays.settle(claim, change)
        completion(true)
    }
}

/// The entries of ``LocalReplays``: a value without clock and lock.
struct ReplayTable {
    private struct Kept {
        var entry: ReplayEntry
        var bytes: Int
        var endMs: Int
    }

    private let entriesMax: Int
    private let bytesMax: Int
    private var entries: [String: Kept] = [:]
    private var bytes = 0
    /// No entry ends before this, so that a full table is not searched in vain.
    private var earliestEndMs = Int.max

    init(entriesMax: Int, bytesMax: Int) {
        self.entriesMax = entriesMax
        self.bytesMax = bytesMax
    }

    mutating func claim(_ claim: ReplayClaim, nowMs: Int) -> Result<ReplayEntry?, CounterStoreError> {
        if let kept = self.entries[claim.entry], kept.endMs > nowMs { return .success(kept.entry) }
        if self.entries.count >= self.entriesMax || self.bytes >= self.bytesMax { self.dropEnded(nowMs) }
        guard self.entries.count < self.entriesMax, self.bytes < self.bytesMax else {
            return .failure(CounterStoreError(code: .unavailable, message: "too many answers are kept"))
        }
        let entry = ReplayEntry(fingerprint: claim.fingerprint, state: .running(token: claim.token))
        self.put(entry, claim, for: claim.lease, nowMs)
        return .success(nil)
    }

    mutating func settle(_ claim: ReplayClaim, _ change: ReplayChange, nowMs: Int) {
        if let kept = self.entries[claim.entry], kept.endMs > nowMs {
            guard kept.entry.state == .running(token: claim.token) else { return }
        }
        switch change {
        case .renew:
            let entry = ReplayEntry(fingerprint: claim.fingerprint, state: .running(token: claim.token))
            self.put(entry, claim, for: claim.lease, nowMs)
        case .abandon: self.remove(claim.entry)
        case .keep(let state, let duration):
            self.put(ReplayEntry(fingerprint: claim.fingerprint, state: state), claim, for: duration, nowMs)
        }
    }

    private mutating func put(_ entry: ReplayEntry, _ claim: ReplayClaim, for duration: Duration, _ nowMs: Int) {
        self.remove(claim.entry)
        let bytes = entry.bytes.count + claim.entry.utf8.count
        let endMs = nowMs + Int(duration.milliseconds)
        self.entries[claim.entry] = Kept(entry: entry, bytes: bytes, endMs: endMs)
        self.bytes += bytes
        self.earliestEndMs = min(self.earliestEndMs, endMs)
    }

    private mutating func remove(_ name: String) {
        guard let kept = self.entries.removeValue(forKey: name) else { return }
        self.bytes -= kept.bytes
    }

    private mutating func dropEnded(_ nowMs: Int) {
        guard self.earliestEndMs <= nowMs else { return }
        for (name, kept) in self.entries where kept.endMs <= nowMs { self.remove(name) }
        self.earliestEndMs = self.entries.values.lazy.map(\.endMs).min() ?? .max
    }
}
