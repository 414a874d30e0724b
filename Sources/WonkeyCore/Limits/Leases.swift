/// The places of a concurrency limit that are taken, each until it is released or its time is over.
package struct Leases: Hashable, Sendable {
    /// When each ends, by its name.
    package var endsMs: [String: Int]
    /// What time it is.
    package var atMs: Int

    package init(endsMs: [String: Int] = [:], atMs: Int) {
        self.endsMs = endsMs
        self.atMs = atMs
    }

    func rolled(nowMs: Int) -> Self {
        let nowMs = max(self.atMs, nowMs)
        guard self.endsMs.values.contains(where: { $0 <= nowMs }) else { return Self(endsMs: self.endsMs, atMs: nowMs) }
        return Self(endsMs: self.endsMs.filter { $0.value > nowMs }, atMs: nowMs)
    }

    func taking(_ lease: String, for windowMs: Int) -> Self {
        var leases = self
        leases.endsMs[lease] = self.atMs + windowMs
        return leases
    }

    /// When the last one ends.
    var lastEndMs: Int { self.endsMs.values.max() ?? self.atMs }

    /// A client that is refused may come again that soon: nobody knows when a place becomes free.
    static let retryMs = 1_000
}

/// What becomes of leases that were taken from one counter.
package struct LeaseChange: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// The places are free at once.
        case release
        /// The leases last another window from now, also those the store has forgotten meanwhile.
        case renew
    }

    package var kind: Kind
    package var counter: String
    /// At most 2^36 ms count.
    package var window: Duration
    /// At least one.
    package var leases: [String]

    package init(_ kind: Kind, counter: String, window: Duration, leases: [String]) {
        self.kind = kind
        self.counter = counter
        self.window = window
        self.leases = leases
    }

    /// The window as the arithmetic of limits cuts it.
    package var windowMs: Int {
        Int(min(max(1, self.window.milliseconds), Int64(LimitArithmetic.windowMaxMs)))
    }
}
