/// Records, usage and rollups that wait to become a batch.
struct RecordQueue {
    private var chunks: [[RequestRecord]] = []
    private var usage = UsageTally()
    private var rollups = RollupTally()
    /// Keys and days with usage, at most; and sums of rollups before they are joined.
    private let usageMax: Int

    init(usageMax: Int) {
        self.usageMax = usageMax
    }

    var isEmpty: Bool { self.chunks.isEmpty && self.usage.count == 0 && self.rollups.count == 0 }

    mutating func append(_ records: [RequestRecord]) {
        if !records.isEmpty { self.chunks.append(records) }
    }

    /// Adds usage to what waits.
    ///
    /// - Returns: How many requests could not be counted because too many keys have usage waiting.
    mutating func add(_ deltas: [UsageDelta]) -> Int {
        var lost = 0
        for delta in deltas where !self.usage.add(delta, countMax: self.usageMax) {
            lost += Int(delta.requests)
        }
        return lost
    }

    /// Adds rollups to what waits.
    mutating func add(_ deltas: [RollupDelta]) {
        for delta in deltas { self.rollups.add(delta, countMax: self.usageMax) }
    }

    /// Takes whole chunks, oldest first, up to `rows` records but at least one chunk, and all usage and rollups.
    mutating func take(rows: Int, id: String) -> LogBatch {
        var records = self.chunks.first ?? []
        var taken = min(1, self.chunks.count)
        while taken < self.chunks.count, records.count + self.chunks[taken].count <= rows {
            records += self.chunks[taken]
            taken += 1
        }
        self.chunks.removeFirst(taken)
        defer {
            self.usage = UsageTally()
            self.rollups = RollupTally()
        }
        return LogBatch(id: id, records: records, usage: self.usage.sums, rollups: self.rollups.sums)
    }

    /// Forgets everything.
    ///
    /// - Returns: How many requests of usage were forgotten.
    mutating func discard() -> Int {
        let requests = self.usage.sums.reduce(0) { $0 + Int($1.requests) }
        self.chunks = []
        self.usage = UsageTally()
        self.rollups = RollupTally()
        return requests
    }
}
