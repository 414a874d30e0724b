import WonkeyCore

/// A project's whole minute, hour or day.
struct RollupSpan: Hashable, Comparable {
    var projectID: ProjectID
    /// Minutes, hours or days since 1970 (UTC).
    var slot: Int64

    static func < (lhs: Self, rhs: Self) -> Bool { (lhs.projectID, lhs.slot) < (rhs.projectID, rhs.slot) }
}

/// What requests amount to.
struct RollupSum: Equatable {
    var counts = RollupCounts()
    var latency = LatencyHistogram()

    static func += (lhs: inout Self, rhs: Self) {
        lhs.counts += rhs.counts
        lhs.latency.add(rhs.latency)
    }
}

/// What a batch adds to one hour or day of a project: to the project, to each key and to each path.
struct RollupAddition: Equatable {
    var whole = RollupSum()
    var keys: [String: RollupSum] = [:]
    var paths: [String: RollupSum] = [:]
}

/// What a batch adds to the rollups, by the rows it goes to.
struct RollupSheet {
    private(set) var minutes: [RollupSpan: RollupSum] = [:]
    private(set) var hours: [RollupSpan: RollupAddition] = [:]
    /// Keys and paths without latencies, which are kept by hour only.
    private(set) var days: [RollupSpan: RollupAddition] = [:]

    init(_ deltas: [RollupDelta]) {
        for delta in deltas { self.add(delta) }
        for (span, hour) in self.hours {
            let day = RollupSpan(projectID: span.projectID, slot: span.slot.dividedDown(by: 24))
            self.days[day, default: RollupAddition()].add(hour)
        }
    }

    private mutating func add(_ delta: RollupDelta) {
        let sum = RollupSum(counts: delta.counts, latency: delta.latency)
        let minute = RollupSpan(projectID: delta.projectID, slot: delta.minute)
        let hour = RollupSpan(projectID: delta.projectID, slot: delta.minute.dividedDown(by: 60))
        self.minutes[minute, default: RollupSum()] += sum
        self.hours[hour, default: RollupAddition()].add(
            sum,
            key: (delta.keyID?.rawValue ?? RollupDelta.other).storable,
            path: delta.path.storable
        )
    }
}

extension RollupAddition {
    fileprivate mutating func add(_ sum: RollupSum, key: String, path: String) {
        self.whole += sum
        self.keys[key, default: RollupSum()] += sum
        self.paths[path, default: RollupSum()] += sum
    }

    fileprivate mutating func add(_ hour: RollupAddition) {
        self.whole += hour.whole
        for (key, sum) in hour.keys { self.keys[key, default: RollupSum()].counts += sum.counts }
        for (path, sum) in hour.paths { self.paths[path, default: RollupSum()].counts += sum.counts }
    }
}

// MARK: - Meeting what is stored

/// What is stored of an hour or day of a project, as far as an addition meets it.
struct StoredRollup: Equatable {
    var latency = LatencyHistogram()
    /// How many have sums of their own.
    var distinctKeys = 0
    var distinctPaths = 0
    /// Latencies of those that have sums of their own, and of ``WonkeyCore/RollupDelta/other``.
    var keys: [String: LatencyHistogram] = [:]
    var paths: [String: LatencyHistogram] = [:]
}

/// Which of the rows of an hour or day of a project.
struct RollupPlace: Hashable {
    var dimension: RollupRow.Dimension
    /// The key's id, the path, or empty for the project.
    var value: String
}

/// A row to write: counts to be added, a histogram to be put in place.
struct RollupRow: Equatable {
    enum Dimension: String {
        case project, key, path
    }

    var dimension: Dimension
    /// The key's id, the path, or empty for the project.
    var value: String
    var counts: RollupCounts
    var latency: LatencyHistogram
    var distinctKeys = 0
    var distinctPaths = 0
}

extension RollupAddition {
    /// The rows this may meet, by dimension: the project's, those of its keys and paths, and those of all others.
    var places: [RollupPlace] {
        [RollupPlace(dimension: .project, value: "")]
            + ([RollupDelta.other] + self.keys.keys).map { RollupPlace(dimension: .key, value: $0) }
            + ([RollupDelta.other] + self.paths.keys).map { RollupPlace(dimension: .path, value: $0) }
    }

    /// The rows that add this to what is stored, in the order in which they are locked.
    ///
    /// - Parameters:
    ///   - stored: What was read for this addition's keys and paths, under the lock.
    ///   - keysMax: New keys get sums of their own until there are so many; the busiest first, the rest shares one.
    ///   - pathsMax: The same for paths.
    /// - Returns: The project's row first.
    func rows(addedTo stored: StoredRollup, keysMax: Int, pathsMax: Int) -> [RollupRow] {
        let keys = Self.rows(.key, self.keys, stored.keys, room: keysMax - stored.distinctKeys)
        let paths = Self.rows(.path, self.paths, stored.paths, room: pathsMax - stored.distinctPaths)
        var latency = stored.latency
        latency.add(self.whole.latency)
        let project = RollupRow(
            dimension: .project,
            value: "",
            counts: self.whole.counts,
            latency: latency,
            distinctKeys: stored.distinctKeys + keys.added,
            distinctPaths: stored.distinctPaths + paths.added
        )
        return [project] + keys.rows + paths.rows
    }

    private static func rows(
        _ dimension: RollupRow.Dimension,
        _ sums: [String: RollupSum],
        _ stored: [String: LatencyHistogram],
        room: Int
    ) -> (rows: [RollupRow], added: Int) {
        let newcomers = sums.filter { stored[$0.key] == nil && $0.key != RollupDelta.other }
        let busiest = newcomers.sorted { ($1.value.counts.requests, $0.key) < ($0.value.counts.requests, $1.key) }
        let admitted = Set(busiest.prefix(max(room, 0)).map(\.key))
        var merged: [String: RollupSum] = [:]
        for (text, sum) in sums {
            let value = stored[text] != nil || admitted.contains(text) ? text : RollupDelta.other
            merged[value, default: RollupSum()] += sum
        }
        let rows = merged.map { value, sum in
            var latency = stored[value] ?? LatencyHistogram()
            latency.add(sum.latency)
            return RollupRow(dimension: dimension, value: value, counts: sum.counts, latency: latency)
        }
        return (rows.sorted { $0.value < $1.value }, admitted.count)
    }
}

extension Int64 {
    /// Divides and rounds down, below zero too.
    func dividedDown(by divisor: Int64) -> Int64 {
        self / divisor - (self % divisor < 0 ? 1 : 0)
    }
}
