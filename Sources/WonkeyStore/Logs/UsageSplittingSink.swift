package import WonkeyCore

/// Gives the usage of each batch to one sink and then its records to another.
///
/// For `sink: stdout`, where usage goes to the store all the same.
package final class UsageSplittingSink: LogSink {
    private let usage: any LogSink
    private let records: any LogSink

    /// Joins two sinks.
    ///
    /// - Parameters:
    ///   - usage: Gets the usage without records; must skip batches whose ids it knows.
    ///   - records: Gets the records without usage.
    package init(usage: any LogSink, records: any LogSink) {
        self.usage = usage
        self.records = records
    }

    package func write(_ batch: LogBatch) async throws(StoreError) {
        if !batch.usage.isEmpty {
            try await self.usage.write(LogBatch(id: batch.id, records: [], usage: batch.usage))
        }
        if !batch.records.isEmpty {
            try await self.records.write(LogBatch(id: batch.id, records: batch.records, usage: []))
        }
    }
}
