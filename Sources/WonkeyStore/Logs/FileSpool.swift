import Dispatch
package import Logging
import Synchronization
package import WonkeyCore

/// Keeps batches as files in a folder, one file per batch, in the order of their names.
///
/// `0000000000000007-500.jsonl` is the seventh batch and holds 500 records. A file is written under another name, synced
/// and renamed, so that it is whole or not there. A file that cannot be read back is renamed to `….damaged` and left for a
/// human. The folder belongs to one process at a time, which holds a lock on the file `lock` in it.
///
/// Files are read and written on a queue of its own, not on the shared pool.
package final class FileSpool: LogSpool {
    private let queue = DispatchQueue(label: "wonkey-log-spool")
    private let folder: Mutex<SpoolFolder>

    /// Opens the folder, makes it where it is missing (mode 0700), and finds what an earlier process left in it.
    ///
    /// - Parameters:
    ///   - directory: Path of the folder.
    ///   - sizeMax: Bytes in waiting files, at most.
    ///   - logger: Told of damaged files.
    /// - Throws: ``StoreError``; `.conflict` if another process uses the folder, `.unavailable` if it cannot be used.
    package init(directory: String, sizeMax: Int64, logger: Logger) throws(StoreError) {
        self.folder = Mutex(try SpoolFolder(directory: directory, sizeMax: sizeMax, logger: logger))
    }

    package func status() async throws(StoreError) -> LogSpoolStatus {
        try await self.onQueue { folder throws(StoreError) in folder.status }
    }

    package func append(_ batch: LogBatch) async throws(StoreError) {
        try await self.onQueue { folder throws(StoreError) in try folder.append(batch) }
    }

    package func first() async throws(StoreError) -> LogBatch? {
        try await self.onQueue { folder throws(StoreError) in try folder.first() }
    }

    package func removeFirst() async throws(StoreError) {
        try await self.onQueue { folder throws(StoreError) in try folder.removeFirst() }
    }

    private func onQueue<Value: Sendable>(
        _ body: @escaping @Sendable (inout SpoolFolder) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Value, StoreError>, Never>) in
            // Not retained: the queue drops its block after the caller went on, which may then wait for the folder's lock
            // to be free. Until then the caller holds `self`.
            self.queue.async { [unowned self] in
                let result = self.perform(body)
                continuation.resume(returning: result)
            }
        }
        return try result.get()
    }

    private func perform<Value>(
        _ body: (inout SpoolFolder) throws(StoreError) -> Value
    ) -> Result<Value, StoreError> {
        self.folder.withLock { folder in
            do throws(StoreError) {
                return .success(try body(&folder))
            } catch {
                return .failure(error)
            }
        }
    }
}
