/// The length of time for which figures are summed up.
package enum AnalyticsBucket: String, Sendable, CaseIterable {
    case minute, hour, day

    package var milliseconds: Int64 {
        switch self {
        case .minute: 60_000
        case .hour: 3_600_000
        case .day: 86_400_000
        }
    }

    /// The number of the bucket that a time is in, counted from 1970 (UTC).
    package func number(of time: Timestamp) -> Int64 {
        let (quotient, remainder) = time.millisecondsSinceEpoch.quotientAndRemainder(dividingBy: self.milliseconds)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// When a bucket begins.
    package func start(of number: Int64) -> Timestamp {
        Timestamp(millisecondsSinceEpoch: number * self.milliseconds)
    }

    /// The whole buckets that cover a time span, by number; none if it is empty.
    ///
    /// - Parameters:
    ///   - from: Inclusive.
    ///   - to: Exclusive.
    /// - Returns: From the bucket that `from` is in to the one that the last moment before `to` is in.
    package func cover(from: Timestamp, to: Timestamp) -> Range<Int64> {
        guard from < to else { return self.number(of: from)..<self.number(of: from) }
        let last = Timestamp(millisecondsSinceEpoch: to.millisecondsSinceEpoch - 1)
        return self.number(of: from)..<(self.number(of: last) + 1)
    }
}

/// Figures of one bucket of time, or of many together.
package struct AnalyticsFigures: Equatable, Sendable {
    package var counts: RollupCounts
    package var latency: LatencyHistogram

    package init(counts: RollupCounts = RollupCounts(), latency: LatencyHistogram = LatencyHistogram()) {
        self.counts = counts
        self.latency = latency
    }

    package static func += (lhs: inout Self, rhs: Self) {
        lhs.counts += rhs.counts
        lhs.latency.add(rhs.latency)
    }

    /// Errors out of requests, 0…1; 0 where there are no requests.
    package var errorRate: Double {
        self.counts.requests > 0 ? Double(self.counts.errors) / Double(self.counts.requests) : 0
    }
}

/// What one key or path did.
package struct AnalyticsRank: Equatable, Sendable {
    /// The key's id, or the path.
    package var value: String
    package var counts: RollupCounts

    package init(value: String, counts: RollupCounts) {
        self.value = value
        self.counts = counts
    }
}

/// A project's figures over a time span, and who and what made the most of them.
package struct AnalyticsOverview: Equatable, Sendable {
    package var figures: AnalyticsFigures
    /// By requests, most first.
    ///
    /// Keys that have no sum of their own are not among them.
    package var topKeys: [AnalyticsRank]
    /// The same with paths.
    package var topPaths: [AnalyticsRank]

    package init(figures: AnalyticsFigures, topKeys: [AnalyticsRank], topPaths: [AnalyticsRank]) {
        self.figures = figures
        self.topKeys = topKeys
        self.topPaths = topPaths
    }
}

/// Reads the figures that the log's writer keeps up to date; never looks at single records.
package protocol AnalyticsRepository: Sendable {
    /// A project's figures over whole hours.
    ///
    /// - Parameters:
    ///   - project: The project.
    ///   - hours: By number (``AnalyticsBucket/number(of:)``).
    ///   - top: How many keys and paths to name, at most.
    /// - Returns: Zeros if there was nothing.
    /// - Throws: ``StoreError``.
    func overview(
        of project: ProjectID,
        hours: Range<Int64>,
        top: Int
    ) async throws(StoreError) -> AnalyticsOverview

    /// A project's figures bucket by bucket, by the bucket's number; one without requests is left out.
    func figures(
        of project: ProjectID,
        by bucket: AnalyticsBucket,
        in numbers: Range<Int64>
    ) async throws(StoreError) -> [Int64: AnalyticsFigures]
}
