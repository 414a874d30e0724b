import WonkeyCore

/// Limits how often one client address may present unknown keys, before they are looked up.
///
/// A token bucket per address: ``burst`` at once, then ``perSecond``. One instance per event loop. A key that the cache
/// knows is never held back by it.
package struct UnknownKeyBudget {
    package static let burst = 100
    package static let perSecond = 10

    private struct Bucket: Sendable {
        /// Thousandths of a look-up.
        var milliTokens: Int64
        var atMs: Int64
    }

    private var buckets: TwoGenerationTable<String, Bucket>

    package init(capacity: Int = 10_000) {
        self.buckets = TwoGenerationTable(capacity: capacity)
    }

    private func refilled(_ bucket: Bucket, now: Int64) -> Bucket {
        let gained = (now - bucket.atMs) * Int64(Self.perSecond)
        return Bucket(milliTokens: min(Int64(Self.burst) * 1_000, bucket.milliTokens + gained), atMs: now)
    }

    /// How long the address has to wait before another look-up; `nil` if it need not.
    package mutating func delay(for address: String, now: Int64) -> Duration? {
        guard let bucket = self.buckets.use(address) else { return nil }
        let current = self.refilled(bucket, now: now)
        guard current.milliTokens < 1_000 else { return nil }
        return .milliseconds((1_000 - current.milliTokens) / Int64(Self.perSecond) + 1)
    }

    /// Notes that the address presented an unknown key.
    package mutating func spend(for address: String, now: Int64) {
        let bucket = self.buckets.use(address) ?? Bucket(milliTokens: Int64(Self.burst) * 1_000, atMs: now)
        var current = self.refilled(bucket, now: now)
        current.milliTokens = max(0, current.milliTokens - 1_000)
        self.buckets.insert(current, for: address)
    }
}
