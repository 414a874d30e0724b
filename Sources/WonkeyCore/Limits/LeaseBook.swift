/// Which leases an event loop's requests hold, when they are due to be renewed, and which are still to be released.
///
/// Pure: no clock, no store. ``LeaseKeeper`` carries out what it returns. A release is kept until the store has answered
/// it, or until the lease is over anyway.
struct LeaseBook {
    /// Where a lease was taken.
    enum Place: Hashable, Sendable {
        case store, local
    }

    /// A change and whom to tell.
    struct Order: Equatable, Sendable {
        var place: Place
        var change: LeaseChange
        /// When the leases to be released are over by themselves; telling the store after that is of no use.
        var untilMs: Int
    }

    private struct Held {
        var place: Place
        /// The counters with their windows.
        var counters: [(name: String, window: Duration)]
        /// When it was last taken or renewed.
        var atMs: Int
    }

    private struct Counter: Hashable {
        var place: Place
        var name: String
        var window: Duration
    }

    /// Leases in one message at most.
    static let batchMax = 128

    private let waitingMax: Int
    private var held: [String: Held] = [:]
    private var waiting: [Counter: [(lease: String, untilMs: Int)]] = [:]
    private(set) var waitingCount = 0
    /// Releases given up because too many wait; the leases end by themselves.
    private(set) var lostCount = 0

    init(waitingMax: Int = 65_536) {
        self.waitingMax = waitingMax
    }

    var heldCount: Int { self.held.count }

    /// A request holds a lease of each of these counters from now on.
    mutating func taken(_ lease: String, from checks: [CounterCheck], at place: Place, nowMs: Int) {
        let counters = checks.filter { $0.algorithm == .concurrency }.map {
            (name: $0.counter, window: $0.quota.window)
        }
        guard !counters.isEmpty else { return }
        self.held[lease] = Held(place: place, counters: counters, atMs: nowMs)
    }

    /// The request is over.
    mutating func ended(_ lease: String) {
        guard let held = self.held.removeValue(forKey: lease) else { return }
        for counter in held.counters {
            let key = Counter(place: held.place, name: counter.name, window: counter.window)
            self.wait(lease, until: held.atMs + Int(counter.window.milliseconds), for: key)
        }
    }

    private mutating func wait(_ lease: String, until untilMs: Int, for counter: Counter) {
        guard self.waitingCount < self.waitingMax else {
            self.lostCount += 1
            return
        }
        self.waitingCount += 1
        self.waiting[counter, default: []].append((lease: lease, untilMs: untilMs))
    }

    /// Everything that waits to be released; what is over by itself is left out.
    mutating func releases(nowMs: Int) -> [Order] {
        guard self.waitingCount > 0 else { return [] }
        let waiting = self.waiting
        self.waiting = [:]
        self.waitingCount = 0
        return waiting.flatMap { counter, entries in
            Self.orders(.release, counter, entries.filter { $0.untilMs > nowMs })
        }
    }

    /// The store gave no answer to these.
    mutating func failed(_ order: Order) {
        switch order.change.kind {
        // The next round renews it again.
        case .renew: break
        case .release:
            let counter = Counter(place: order.place, name: order.change.counter, window: order.change.window)
            for lease in order.change.leases { self.wait(lease, until: order.untilMs, for: counter) }
        }
    }

    /// The leases of which a third of the time is over.
    mutating func renewals(nowMs: Int) -> [Order] {
        var due: [Counter: [(lease: String, untilMs: Int)]] = [:]
        for (lease, held) in self.held {
            let shortest = held.counters.map { $0.window.milliseconds }.min() ?? 0
            guard nowMs >= held.atMs + Int(shortest / 3) else { continue }
            self.held[lease]?.atMs = nowMs
            for counter in held.counters {
                let key = Counter(place: held.place, name: counter.name, window: counter.window)
                due[key, default: []].append((lease: lease, untilMs: 0))
            }
        }
        return due.flatMap { Self.orders(.renew, $0, $1) }
    }

    private static func orders(
        _ kind: LeaseChange.Kind,
        _ counter: Counter,
        _ entries: [(lease: String, untilMs: Int)]
    ) -> [Order] {
        stride(from: 0, to: entries.count, by: Self.batchMax).map { start in
            let batch = entries[start..<min(start + Self.batchMax, entries.count)]
            return Order(
                place: counter.place,
                change: LeaseChange(kind, counter: counter.name, window: counter.window, leases: batch.map(\.lease)),
                untilMs: batch.map(\.untilMs).max() ?? 0
            )
        }
    }

    /// How long until the next look at what is to be renewed, `nil` while nothing is held.
    var renewalWait: Duration? {
        self.held.values.lazy.flatMap(\.counters).map(\.window).min().map { max(.milliseconds(50), $0 / 6) }
    }
}
