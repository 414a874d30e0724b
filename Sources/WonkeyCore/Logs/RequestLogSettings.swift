/// What is written down of requests.
package enum LogScope: Sendable {
    /// Records, the sums of analytics, and usage.
    case everything
    /// Usage alone.
    case usage
}

/// How records become batches and how long they may wait; `logs:` of the configuration.
package struct RequestLogSettings: Equatable, Sendable {
    /// Records that fill a batch, at least 1.
    package var rows: Int
    /// Records of one batch at most, where several full ones wait for a sink that works: it is given them together.
    ///
    /// Sums and transactions cost by the batch, so a sink that is behind catches up. An eighth of the queue by default: what
    /// is being written has its place there until it is done, and most is to be left for what arrives meanwhile.
    package var rowsMax: Int
    /// How long a record may wait for its batch to fill.
    package var every: Duration
    /// Records held in memory at most, for the sink or the spool to take them; what comes on top is dropped and counted.
    package var queue: Int
    /// Logs one success out of so many, at least 1; errors always.
    package var sample: Int
    package var scope: LogScope
    /// How long the sink may take over a batch before the batch goes to the spool.
    package var writeTimeout: Duration
    /// The first wait before the sink is tried again; doubles with each failure.
    package var retryAfter: Duration
    /// The longest wait before the sink is tried again.
    package var retryAfterMax: Duration
    /// How long the sink is given at shutdown; what it has not taken by then goes to the spool.
    package var shutdownTimeout: Duration

    package init(
        rows: Int = 500,
        rowsMax: Int? = nil,
        every: Duration = .milliseconds(200),
        queue: Int = 10_000,
        sample: Int = 1,
        scope: LogScope = .everything,
        writeTimeout: Duration = .seconds(5),
        retryAfter: Duration = .milliseconds(100),
        retryAfterMax: Duration = .seconds(10),
        shutdownTimeout: Duration = .seconds(5)
    ) {
        precondition(
            rows >= 1 && queue >= rows && sample >= 1,
            "rows, queue and sample are positive, rows fit the queue"
        )
        self.rows = rows
        self.rowsMax = max(rows, rowsMax ?? queue / 8)
        self.every = every
        self.queue = queue
        self.sample = sample
        self.scope = scope
        self.writeTimeout = writeTimeout
        self.retryAfter = retryAfter
        self.retryAfterMax = retryAfterMax
        self.shutdownTimeout = shutdownTimeout
    }
}
