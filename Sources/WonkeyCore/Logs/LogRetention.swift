/// How long the log and its sums are kept; `logs.retention` of the configuration.
///
/// Daily usage, which people are billed by, is kept for good.
package struct LogRetention: Hashable, Sendable {
    /// Single records.
    package var records: Duration
    /// Sums by minute.
    package var minutes: Duration
    /// Sums by hour and by day.
    package var rollups: Duration

    package init(
        records: Duration = .seconds(30 * 86_400),
        minutes: Duration = .seconds(7 * 86_400),
        rollups: Duration = .seconds(400 * 86_400)
    ) {
        self.records = records
        self.minutes = minutes
        self.rollups = rollups
    }
}
