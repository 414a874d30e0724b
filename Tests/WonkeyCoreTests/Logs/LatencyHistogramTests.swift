import Testing

@testable import WonkeyCore

@Suite("Latency histogram")
struct LatencyHistogramTests {
    private static func histogram(_ latencies: some Sequence<Int64>) -> LatencyHistogram {
        var histogram = LatencyHistogram()
        for latency in latencies { histogram.record(microseconds: latency) }
        return histogram
    }

    /// Latencies spread evenly over the magnitudes from 1 µs to 1 h.
    private static func latencies(_ count: Int, seed: UInt64) -> [Int64] {
        var generator = SplitMix64(state: seed)
        return (0..<count).map { _ in
            let bits = Int64.random(in: 0...31, using: &generator)
            return min(Int64.random(in: (1 << bits)...(2 << bits), using: &generator), 3_600_000_000)
        }
    }

    @Test("a latency is told within 1/64 of itself, at every bound of a bucket and between")
    func error() {
        var edges: [Int64] = [1, 2, 3, 63, 64, 65, 1_000, 999_999, 3_599_999_999, 3_600_000_000]
        for exponent in 1..<32 {
            for step in Int64(0)..<32 {
                let edge = (Int64(1) << Int64(exponent)) + step << Int64(exponent) / 32
                edges += [edge - 1, edge, edge + 1]
            }
        }
        for latency in edges + Self.latencies(20_000, seed: 1) where (1...3_600_000_000).contains(latency) {
            let told = Self.histogram([latency]).quantile(0.5) ?? .max
            #expect(abs(told - latency) * 64 <= latency, "\(latency) is told as \(told)")
        }
    }

    @Test(
        "quantiles of many latencies are within 1/64 of those of the latencies themselves",
        arguments: [1, 2, 7, 1000]
    )
    func quantiles(count: Int) throws {
        let latencies = Self.latencies(count, seed: UInt64(count))
        let sorted = latencies.sorted()
        let histogram = Self.histogram(latencies)
        for quantile in [0, 0.01, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1] {
            let rank = max(1, Int((quantile * Double(count)).rounded(.up)))
            let exact = sorted[rank - 1]
            let told = try #require(histogram.quantile(quantile))
            #expect(abs(told - exact) * 64 <= exact, "p\(quantile)")
        }
    }

    @Test("an empty histogram has no quantile, and what is out of range counts at the end it passed")
    func ends() {
        #expect(LatencyHistogram().quantile(0.5) == nil)
        #expect(Self.histogram([-5]) == Self.histogram([0]))
        #expect(Self.histogram([.max]) == Self.histogram([3_600_000_000]))
        #expect(Self.histogram([.min, .max]).count == 2)
    }

    @Test("adding histograms gives the histogram of the union, in any order", arguments: [0, 1, 10, 500])
    func merge(count: Int) {
        let parts = (0..<4).map { Self.latencies(count * $0, seed: UInt64($0)) }
        let whole = Self.histogram(parts.joined())
        for order in [parts, parts.reversed()] {
            var sum = LatencyHistogram()
            for part in order { sum.add(Self.histogram(part)) }
            #expect(sum == whole)
        }
    }

    @Test("bytes come back as the histogram they were", arguments: [0, 1, 10, 5_000])
    func roundTrip(count: Int) {
        let histogram = Self.histogram(Self.latencies(count, seed: 3))
        #expect(LatencyHistogram(encoded: histogram.encoded) == histogram)
    }

    @Test("ordinary traffic fits a few hundred bytes")
    func size() {
        var generator = SplitMix64(state: 9)
        let latencies = (0..<100_000).map { _ in Int64.random(in: 5_000...50_000, using: &generator) }
        #expect(Self.histogram(latencies).encoded.count < 400)
    }

    @Test(
        "bytes that no histogram gives are refused",
        arguments: [
            [], [0, 0], [2, 0], [1], [1, 0, 0], [1, 1], [1, 1, 5], [1, 1, 5, 0], [1, 1, 5, 1, 1], [1, 2, 5, 1],
            [1, 2, 5, 1, 0, 1], [1, 1, 0x85, 0, 1], [1, 1, 5, 0x81, 0], [1, 1, 5, 0x80],
            [1, 1, 0x80, 0x08, 1],  // a bucket behind the last
            [1, 0xFF, 0xFF, 0x7F],  // more buckets than there are
            [1, 1, 5] + [UInt8](repeating: 0xFF, count: 9) + [1],  // a count over Int.max
            [1, 2, 5] + [UInt8](repeating: 0xFF, count: 8) + [0x7F, 1, 1],  // a sum over Int.max
        ] as [[UInt8]]
    )
    func junk(bytes: [UInt8]) {
        #expect(LatencyHistogram(encoded: bytes) == nil)
    }

    @Test("every cut, and every change of the version, is refused")
    func damage() {
        let bytes = Self.histogram(Self.latencies(100, seed: 4)).encoded
        for count in 0..<bytes.count { #expect(LatencyHistogram(encoded: Array(bytes.prefix(count))) == nil) }
        #expect(LatencyHistogram(encoded: [2] + bytes.dropFirst()) == nil)
    }
}

/// The same numbers for the same seed.
private struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}
