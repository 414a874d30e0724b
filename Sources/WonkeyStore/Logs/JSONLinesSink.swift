import Dispatch
import Foundation
import Synchronization
package import WonkeyCore

/// Writes records as JSON lines to a descriptor such as standard output; usage is not written.
///
/// Writes at a pipe's pace without blocking for longer than its deadline. A batch that was cut off in the middle is
/// continued where it stopped when the same batch comes again. Blocks a queue of its own, not the shared pool.
package final class JSONLinesSink: LogSink {
    private struct Progress {
        var id = ""
        var bytes = 0
    }

    private let descriptor: Int32
    private let timeout: Duration
    private let queue = DispatchQueue(label: "wonkey-log-lines")
    private let progress = Mutex(Progress())

    /// Writes to an open descriptor, which stays open.
    ///
    /// - Parameters:
    ///   - descriptor: Standard output in production. SIGPIPE must be ignored in the process.
    ///   - timeout: How long a reader that does not read is waited for.
    package init(descriptor: Int32 = STDOUT_FILENO, timeout: Duration = .seconds(4)) {
        self.descriptor = descriptor
        self.timeout = timeout
    }

    package func write(_ batch: LogBatch) async throws(StoreError) {
        var lines = JSONLines()
        for record in batch.records { lines.append(record) }
        let bytes = lines.bytes
        let result = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<Void, StoreError>, Never>) in
            self.queue.async { continuation.resume(returning: self.write(bytes, of: batch.id)) }
        }
        try result.get()
    }

    private func write(_ bytes: [UInt8], of id: String) -> Result<Void, StoreError> {
        self.progress.withLock { progress in
            if progress.id != id { progress = Progress(id: id) }
            let deadline = ContinuousClock.now + self.timeout
            while progress.bytes < bytes.count {
                switch self.writeSome(bytes[progress.bytes...], until: deadline) {
                case .success(let count): progress.bytes += count
                case .failure(let error): return .failure(error)
                }
            }
            progress = Progress()
            return .success(())
        }
    }

    /// Waits until the descriptor takes something and gives it no more than a pipe takes at once.
    private func writeSome(_ bytes: ArraySlice<UInt8>, until deadline: ContinuousClock.Instant) -> Result<
        Int, StoreError
    > {
        let left = max(0, (deadline - ContinuousClock.now).milliseconds)
        var waiting = pollfd(fd: self.descriptor, events: Int16(POLLOUT), revents: 0)
        let ready = unsafe poll(&waiting, 1, Int32(clamping: left))
        guard ready != 0 else {
            return .failure(StoreError(code: .unavailable, message: "the reader of the log does not read"))
        }
        let count =
            ready < 0
            ? -1
            : unsafe bytes.prefix(4_096).withUnsafeBytes { part in
                unsafe Foundation.write(self.descriptor, part.baseAddress, part.count)
            }
        if count > 0 { return .success(count) }
        let code = errno
        switch code {
        case EINTR, EAGAIN: return .success(0)
        case ENOSPC, EDQUOT, EFBIG:
            return .failure(StoreError(code: .full, message: "no room for log lines (errno \(code))"))
        default:
            return .failure(StoreError(code: .unavailable, message: "cannot write log lines (errno \(code))"))
        }
    }
}
