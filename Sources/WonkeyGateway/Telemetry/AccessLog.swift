package import Logging
import Synchronization
package import WonkeyCore

/// Where lines of the access log go.
package protocol AccessLogOutput: Sendable {
    /// Writes the beginning of `bytes`; waits a second at most, on a thread of its own.
    ///
    /// - Returns: How many bytes were taken; 0 if nobody reads.
    /// - Throws: If nothing can be written, such as on a full disk.
    func write(_ bytes: ArraySlice<UInt8>) async throws -> Int
}

/// Writes a line for each request, off the event loops.
package final class AccessLog: Sendable {
    private struct State {
        var waiting: [[AccessEntry]] = []
        /// Entries that wait or are being written.
        var queued = 0
        var written = 0
        var dropped = 0
        var closesAt: ContinuousClock.Instant?
        var lastWarning: ContinuousClock.Instant?
    }

    private let format: AccessLogFormat
    private let query: AccessLogQuery
    private let keys: KeyFormat
    private let queueMax: Int
    private let output: any AccessLogOutput
    private let logger: Logger
    private let state = Mutex(State())
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    /// Makes a log; nothing is written before ``run()``.
    ///
    /// - Parameters:
    ///   - format: Of the lines.
    ///   - query: What becomes of queries.
    ///   - keys: What keys look like, to find them in queries.
    ///   - queueMax: Entries that wait; more are dropped and counted.
    ///   - output: Takes the lines.
    ///   - metrics: Gets `wonkey_access_log_…`.
    ///   - logger: Told when lines are dropped.
    package init(
        format: AccessLogFormat,
        query: AccessLogQuery,
        keys: KeyFormat,
        queueMax: Int,
        output: any AccessLogOutput,
        metrics: MetricsRegistry,
        logger: Logger
    ) {
        self.format = format
        self.query = query
        self.keys = keys
        self.queueMax = queueMax
        self.output = output
        self.logger = logger
        (self.wakes, self.waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        metrics.counter("access_log_lines_written", help: "Lines written to the access log.") {
            Double(self.state.withLock(\.written))
        }
        metrics.counter("access_log_lines_dropped", help: "Lines of the access log that were given up.") {
            Double(self.state.withLock(\.dropped))
        }
        metrics.gauge("access_log_lines_queued", help: "Lines that wait to be written to the access log.") {
            Double(self.state.withLock(\.queued))
        }
    }

    /// Takes entries in, or drops them where there is no room; never waits.
    package func submit(_ entries: [AccessEntry]) {
        let isTaken = self.state.withLock { state in
            guard state.queued + entries.count <= self.queueMax else {
                state.dropped += entries.count
                return false
            }
            state.waiting.append(entries)
            state.queued += entries.count
            return true
        }
        if isTaken { self.waker.yield() } else { self.warn("the access log drops lines: its reader is too slow") }
    }

    /// Writes what is left, for as long as `timeout`.
    package func close(timeout: Duration = .seconds(3)) {
        self.state.withLock { $0.closesAt = $0.closesAt ?? .now + timeout }
        self.waker.finish()
    }

    /// Writes until ``close(timeout:)`` and then until nothing is left.
    package func run() async {
        for await _ in self.wakes { await self.writeWaiting() }
        await self.writeWaiting()
    }

    private func writeWaiting() async {
        while let entries = self.state.withLock({ $0.waiting.isEmpty ? nil : $0.waiting.removeFirst() }) {
            let isWritten = await self.write(entries)
            self.state.withLock { state in
                state.queued -= entries.count
                if isWritten { state.written += entries.count } else { state.dropped += entries.count }
            }
        }
    }

    private func write(_ entries: [AccessEntry]) async -> Bool {
        var lines = AccessLogLines(self.format, query: self.query, keys: self.keys)
        for entry in entries { lines.append(entry) }
        var rest = lines.bytes[...]
        while !rest.isEmpty {
            if let end = self.state.withLock(\.closesAt), .now >= end { return false }
            do {
                rest = rest.dropFirst(try await self.output.write(rest))
            } catch {
                self.warn("the access log cannot be written", error)
                return false
            }
        }
        return true
    }

    /// At most once in ten seconds.
    private func warn(_ message: Logger.Message, _ error: (any Error)? = nil) {
        let dropped = self.state.withLock { state -> Int? in
            if let last = state.lastWarning, .now - last < .seconds(10) { return nil }
            state.lastWarning = .now
            return state.dropped
        }
        guard let dropped else { return }
        var metadata: Logger.Metadata = ["dropped_total": "\(dropped)"]
        if let error { metadata["error"] = "\(error)" }
        self.logger.warning(message, metadata: metadata)
    }
}
