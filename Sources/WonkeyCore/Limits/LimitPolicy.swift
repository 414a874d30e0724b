/// How a limit counts.
package enum LimitAlgorithm: String, Sendable, CaseIterable {
    /// A counter that starts with the first request and expires after the window (`INCR` + `EXPIRE`).
    case fixedWindow = "fixed-window"
    /// Two counters; the previous window weighs in by the share of it that still overlaps. Approximate.
    case slidingWindow = "sliding-window"
    /// A bucket of `limit` tokens that refills evenly, `limit` per window.
    case tokenBucket = "token-bucket"
    /// At most `limit` requests at the same time; each holds a lease that is renewed while it runs and ends by itself if
    /// nobody does.
    ///
    /// The quota's window is the time of a lease.
    case concurrency
}

/// Who shares one counter of a limit.
package enum LimitPartition: Hashable, Sendable {
    case key, project, route, clientAddress
    /// The value of a request field, its name in lower case. Requests without it share one counter.
    case header(String)
}

/// What a limit counts.
package enum LimitUnit: String, Sendable, CaseIterable {
    case requests
    /// Reserved at admission, given back when no image is returned.
    case images
}

/// How often the counter store is asked.
package enum LimitMode: String, Sendable, CaseIterable {
    /// For every request.
    case exact
    /// For small blocks of units, which each event loop hands out by itself.
    ///
    /// The limit is never exceeded. What is left of a block when its window ends was admitted to nobody.
    case leases
}

/// How much, and per how long.
package struct Quota: Hashable, Sendable {
    /// Units per window, at least 0.
    ///
    /// Zero refuses everything.
    package var limit: Int
    /// At least 1 ms.
    package var window: Duration

    package init(limit: Int, window: Duration) {
        self.limit = limit
        self.window = window
    }
}

/// A named rule of the configuration.
package struct LimitPolicy: Hashable, Sendable {
    package var name: String
    package var algorithm: LimitAlgorithm
    package var quota: Quota
    package var partition: LimitPartition
    package var unit: LimitUnit
    /// Whether it counts and tells, but refuses nothing.
    package var isShadow: Bool
    /// ``LimitMode/leases`` for fixed windows of requests that are no shadows only.
    package var mode: LimitMode

    package init(
        name: String,
        algorithm: LimitAlgorithm,
        quota: Quota,
        partition: LimitPartition = .key,
        unit: LimitUnit = .requests,
        isShadow: Bool = false,
        mode: LimitMode = .exact
    ) {
        self.name = name
        self.algorithm = algorithm
        self.quota = quota
        self.partition = partition
        self.unit = unit
        self.isShadow = isShadow
        self.mode = mode
    }
}
