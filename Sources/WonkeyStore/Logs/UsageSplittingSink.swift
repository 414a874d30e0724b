package import WonkeyCore

/// Gives the usage and rollups of each batch to one sink and then its records to another.
///
/// For `sink: stdout`, where usage goes to the store all the same.
package final class UsageSplittingSink: LogSink {
    private let usage: any LogSink
    private let records: any LogSink

    /// Joins two sinks.
    ///
    /// - Parameters:
    ///   - usage: Gets usage and rollups without records; must skip batches whose ids it knows.
    ///   - records: Gets the records alone.
    package init(usage: any LogSink, records: any LogSink) {
        self.usage = usage
        self.records = records
    }

    package func write(_ batch: LogBatch) async throws(StoreError) {
        if !batch.usage.isEmpty || !batch.rollups.isEmpty {
            let counted = LogBatch(id: batch.id, records: [], usage: batch.usage, rollups: batch.rollups)
            try await self.usage.write(counted)
        }
        if !batch.records.isEmpty {
            try await self.records.write(LogBatch(id: batch.id, records: batch.records, usage: []))
        }
    }
}
