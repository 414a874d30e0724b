/// How often which latency was met, from 1 µs to 1 h, with a relative error of at most 1/64 (1.6 %).
///
/// Log-linear: microseconds below 64 have a bucket each, and every power of two above is cut into 32 buckets of equal
/// width, whose middle stands for what they hold. The buckets are fixed, so that histograms of any origin can be added up,
/// in any order, with nothing lost. Only buckets that hold something are kept.
///
/// - SeeAlso: HdrHistogram (Gil Tene), whose layout this is with 32 sub-buckets.
package struct LatencyHistogram: Equatable, Sendable {
    fileprivate struct Bucket: Equatable, Sendable {
        var index: UInt16
        /// At least 1.
        var count: Int
    }

    /// What is longer counts as this.
    package static let latencyMax = Duration.seconds(3_600)
    private static let microsecondsMax: Int64 = 3_600_000_000
    /// Names the layout of ``encoded``, and the buckets.
    private static let version: UInt8 = 1

    /// By rising index.
    private var buckets: [Bucket] = []
    /// How many latencies were counted.
    package private(set) var count = 0

    package init() {}

    /// Counts a latency.
    ///
    /// - Parameter microseconds: Negative ones count as 0, those over an hour as an hour.
    package mutating func record(microseconds: Int64) {
        let index = Self.index(of: min(max(microseconds, 0), Self.microsecondsMax))
        let place = self.buckets.partitioningIndex { $0 >= index }
        if place < self.buckets.count, self.buckets[place].index == index {
            self.buckets[place].count += 1
        } else {
            self.buckets.insert(Bucket(index: index, count: 1), at: place)
        }
        self.count += 1
    }

    /// Adds what another histogram counted.
    package mutating func add(_ other: Self) {
        guard !other.buckets.isEmpty else { return }
        guard !self.buckets.isEmpty else {
            self = other
            return
        }
        var sum: [Bucket] = []
        sum.reserveCapacity(self.buckets.count + other.buckets.count)
        var rest = other.buckets[...]
        for bucket in self.buckets {
            while let next = rest.first, next.index < bucket.index { sum.append(rest.removeFirst()) }
            guard let next = rest.first, next.index == bucket.index else {
                sum.append(bucket)
                continue
            }
            sum.append(bucket)
            sum[sum.count - 1].count.addSaturating(next.count)
            rest.removeFirst()
        }
        self.buckets = sum + rest
        self.count.addSaturating(other.count)
    }

    /// The latency that a share of all did not exceed (the nearest rank).
    ///
    /// - Parameter quantile: 0…1; 0.99 for the p99.
    /// - Returns: Microseconds, within 1/64 of a latency that was counted; `nil` if there is none.
    package func quantile(_ quantile: Double) -> Int64? {
        let rank = max(1, Int((min(max(quantile, 0), 1) * Double(self.count)).rounded(.up)))
        var passed = 0
        for bucket in self.buckets {
            passed.addSaturating(bucket.count)
            if passed >= rank { return Self.middle(of: bucket.index) }
        }
        return nil
    }

    // MARK: Buckets

    private static func index(of microseconds: Int64) -> UInt16 {
        guard microseconds >= 64 else { return UInt16(microseconds) }
        let exponent = 63 - microseconds.leadingZeroBitCount
        return UInt16(64 + (exponent - 6) * 32 + Int(microseconds >> Int64(exponent - 5) & 31))
    }

    private static func middle(of index: UInt16) -> Int64 {
        guard index >= 64 else { return Int64(index) }
        let (octave, step) = (Int64(index) - 64).quotientAndRemainder(dividingBy: 32)
        let width: Int64 = 2 << octave
        return (32 + step) * width + width / 2
    }

    private static let indexMax = Self.index(of: Self.microsecondsMax)
}

// MARK: - Bytes

extension LatencyHistogram {
    /// The histogram as bytes for storage: the version, the number of buckets, and for each the distance of its index
    /// from the one before and its count, as LEB128 numbers.
    package var encoded: [UInt8] {
        var bytes: [UInt8] = [Self.version]
        bytes.reserveCapacity(4 + self.buckets.count * 3)
        Self.append(self.buckets.count, to: &bytes)
        var previous = 0
        for bucket in self.buckets {
            Self.append(Int(bucket.index) - previous, to: &bytes)
            Self.append(bucket.count, to: &bytes)
            previous = Int(bucket.index)
        }
        return bytes
    }

    /// Reads a histogram back.
    ///
    /// - Parameter encoded: Exactly what ``encoded`` gave; anything else makes `nil`.
    package init?(encoded: [UInt8]) {
        // An array and no other sequence: a generic one costs ten times that across modules, for each key of a batch.
        var place = 1
        guard encoded.first == Self.version, let count = Self.number(encoded, &place),
            count <= Int(Self.indexMax) + 1
        else { return nil }
        var index = 0
        self.buckets.reserveCapacity(count)
        for number in 0..<count {
            guard let distance = Self.number(encoded, &place), number == 0 || distance > 0,
                distance <= Int(Self.indexMax), let bucketCount = Self.number(encoded, &place), bucketCount > 0
            else { return nil }
            index += distance
            let (total, overflows) = self.count.addingReportingOverflow(bucketCount)
            guard index <= Int(Self.indexMax), !overflows else { return nil }
            self.buckets.append(Bucket(index: UInt16(index), count: bucketCount))
            self.count = total
        }
        guard place == encoded.count else { return nil }
    }

    private static func append(_ number: Int, to bytes: inout [UInt8]) {
        var rest = UInt(number)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// The number that begins at `place`, which moves behind it; in its shortest form and not over `Int.max`.
    private static func number(_ bytes: [UInt8], _ place: inout Int) -> Int? {
        var (number, shift): (UInt, UInt) = (0, 0)
        while shift < 63, place < bytes.count {
            let byte = bytes[place]
            place += 1
            number |= UInt(byte & 0x7F) << shift
            if byte < 0x80 { return byte == 0 && shift > 0 ? nil : Int(number) }
            shift += 7
        }
        return nil
    }
}

extension [LatencyHistogram.Bucket] {
    /// The first place whose index fulfils `isReached`, which holds from there on.
    fileprivate func partitioningIndex(where isReached: (UInt16) -> Bool) -> Int {
        var (low, high) = (0, self.count)
        while low < high {
            let middle = (low + high) / 2
            if isReached(self[middle].index) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
