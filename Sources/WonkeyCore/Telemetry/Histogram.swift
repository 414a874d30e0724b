import Synchronization

/// The upper bounds of a histogram's buckets, and the unit in which it is scraped.
///
/// Observations and bounds are whole numbers in a small unit, so that a sum is one integer addition and exact.
package struct HistogramBounds: Equatable, Sendable {
    /// Ascending, inclusive; at most 31.
    let bounds: [Int]
    /// How many observed units make one scraped unit.
    let unitsPerScrapedUnit: Int

    /// Bounds in seconds for observations in nanoseconds.
    ///
    /// - Parameter bounds: Ascending and above 0, 1 to 31 of them.
    package init(_ bounds: [Duration]) {
        self.init(bounds.map(\.nanoseconds), unitsPerScrapedUnit: 1_000_000_000)
    }

    /// Bounds of plain numbers such as bytes or rows.
    ///
    /// - Parameter bounds: Ascending, 1 to 31 of them.
    package init(plain bounds: [Int]) {
        self.init(bounds, unitsPerScrapedUnit: 1)
    }

    private init(_ bounds: [Int], unitsPerScrapedUnit: Int) {
        precondition((1...31).contains(bounds.count), "a histogram has 1 to 31 bounds")
        precondition(zip(bounds, bounds.dropFirst()).allSatisfy(<), "the bounds of a histogram ascend")
        self.bounds = bounds
        self.unitsPerScrapedUnit = unitsPerScrapedUnit
    }

    /// OpenTelemetry's advice for HTTP durations: 5 ms to 10 s.
    package static let http = Self([
        .milliseconds(5), .milliseconds(10), .milliseconds(25), .milliseconds(50), .milliseconds(75),
        .milliseconds(100), .milliseconds(250), .milliseconds(500), .milliseconds(750), .seconds(1),
        .milliseconds(2_500), .seconds(5), .milliseconds(7_500), .seconds(10),
    ])

    /// For calls on the same machine or network, such as Redis: 50 µs to 1 s.
    package static let fastCalls = Self([
        .microseconds(50), .microseconds(100), .microseconds(250), .microseconds(500), .milliseconds(1),
        .microseconds(2_500), .milliseconds(5), .milliseconds(10), .milliseconds(25), .milliseconds(50),
        .milliseconds(100), .milliseconds(250), .milliseconds(500), .seconds(1),
    ])

    /// A bound or a sum in the scraped unit.
    func scraped(_ value: Int) -> Double { Double(value) / Double(self.unitsPerScrapedUnit) }
}

/// Counts observations by size.
package final class Histogram: Sendable {
    let bounds: HistogramBounds
    private let before = InlineArray<15, UInt64>(repeating: 0)
    private let sum = Atomic<Int>(0)
    /// The bucket after the last bound takes what is larger than all; those behind it stay unused.
    private let buckets: InlineArray<32, Atomic<Int>>
    private let after = InlineArray<15, UInt64>(repeating: 0)

    /// Makes a histogram that no registry shows; for tests and for parts that run without metrics.
    package init(_ bounds: HistogramBounds) {
        self.bounds = bounds
        self.buckets = InlineArray { _ in Atomic(0) }
    }

    /// Counts one duration, from any thread: two relaxed atomic additions.
    package func observe(_ duration: Duration) {
        self.observe(duration.nanoseconds)
    }

    /// Counts one observation in the unit of the bounds (nanoseconds, or plain).
    package func observe(_ value: Int) {
        var index = 0
        while index < self.bounds.bounds.count, value > self.bounds.bounds[index] { index += 1 }
        self.buckets[index].wrappingAdd(1, ordering: .relaxed)
        self.sum.wrappingAdd(value, ordering: .relaxed)
    }

    /// A histogram at one moment.
    struct Snapshot: Equatable {
        /// For each bound, how many observations were at most that; then how many there were in all.
        var cumulative: [Int]
        var sum: Int
    }

    var snapshot: Snapshot {
        var total = 0
        let cumulative = (0...self.bounds.bounds.count).map { index in
            total += self.buckets[index].load(ordering: .relaxed)
            return total
        }
        return Snapshot(cumulative: cumulative, sum: self.sum.load(ordering: .relaxed))
    }
}

extension Histogram.Snapshot {
    /// Adds up histograms of the same bounds, of which there is at least one.
    init(of parts: [Histogram]) {
        let snapshots = parts.map(\.snapshot)
        self.init(cumulative: snapshots.first?.cumulative ?? [], sum: snapshots.reduce(0) { $0 + $1.sum })
        for snapshot in snapshots.dropFirst() { self.cumulative = zip(self.cumulative, snapshot.cumulative).map(+) }
    }
}

extension Duration {
    /// Whole nanoseconds, rounded towards zero.
    package var nanoseconds: Int {
        let (seconds, attoseconds) = self.components
        return Int(seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
    }
}
