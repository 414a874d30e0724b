/// Decides what happens to batches: straight to the sink, or to the spool and from there, in order, to the sink.
///
/// Pure: no clock, no task, no I/O; `now` counts from any fixed moment. `BatchWriter` asks ``next(at:)`` until the answer
/// is to wait, carries out each answer, and reports the outcome. At most one operation on the spool and one write to
/// the sink are under way; a write that takes too long is left behind as stuck, its batch goes to the spool, and the sink
/// gets nothing new until that write returns.
///
/// Batches reach the sink in the order in which they were made, with one exception: while the spool can be neither read
/// nor extended, new batches go to the sink directly rather than being lost.
package struct SinkStateMachine: ~Copyable {
    /// A batch on its way to the sink.
    enum Job: Equatable {
        /// Was never in the spool.
        case fresh(LogBatch)
        /// The spool's first.
        case replay(LogBatch)
    }

    enum Sink: Equatable {
        case ready
        /// Leaves by `sinkFinished`, or becomes stuck at the deadline.
        case busy(Job, deadline: Duration)
        /// A write has not returned in time; leaves by `sinkFinished`.
        case stuck(Job)
        /// The last write failed; becomes ready at `retryAt`.
        case away(retryAt: Duration)
    }

    enum Spool: Equatable {
        /// None is configured.
        case absent
        case empty
        /// `first` is the oldest batch once it was read. At start the spool counts as filled until a read shows it empty.
        case filled(first: LogBatch?)
        /// The oldest batch was written but is still in the spool.
        case firstWritten
    }

    enum SpoolOperation: Equatable {
        case none
        /// `alreadyWritten` turns true if the stuck write of this batch succeeds meanwhile.
        case appending(LogBatch, alreadyWritten: Bool)
        case reading, removing
    }

    enum Phase: Equatable {
        case running
        /// No replay any more; from the deadline on nothing goes to the sink.
        case closing(deadline: Duration)
        /// Last state: whatever still arrives is dropped.
        case closed
    }

    package enum Action: Equatable, Sendable {
        /// Give the batch to the sink; answer with `sinkFinished`, and ask on meanwhile.
        case write(LogBatch)
        /// Answer with `appended` or `appendFailed`.
        case append(LogBatch)
        /// Answer with `firstRead` or `readFailed`.
        case readFirst
        /// Answer with `firstRemoved` or `removeFailed`.
        case removeFirst
        /// Ask again after the next event, or at that time.
        case wait(until: Duration?)
        /// Everything has found its place, and nothing more is taken in.
        case stop
    }

    package enum ArrivalAction: Equatable, Sendable {
        case accept
        case drop
    }

    package enum SinkChange: Equatable, Sendable {
        case none, wentAway, cameBack
    }

    let settings: RequestLogSettings
    let instance: String
    var sink: Sink = .ready
    var spool: Spool
    var operation: SpoolOperation = .none
    var phase: Phase = .running
    var queue: RecordQueue
    /// The spool's first batch, if it came there while the spool was empty.
    var firstID: String?
    /// Taken from the queue, but neither the sink nor the spool wanted it yet.
    var held: LogBatch?
    var batches = 0
    /// Failures of the sink in a row.
    var failures = 0
    /// The spool refused; not before then again.
    var appendRetryAt: Duration = .zero
    /// The spool could not be read, or not be shortened; not before then again.
    var readRetryAt: Duration = .zero
    package internal(set) var tally = LogTally()

    /// How long a failing spool is left alone.
    static let spoolRetryAfter: Duration = .seconds(1)

    /// Starts with an empty queue and a ready sink.
    ///
    /// - Parameters:
    ///   - settings: Sizes and times.
    ///   - hasSpool: Without one, batches wait in memory only.
    ///   - instance: The beginning of batch ids, unique to this process.
    package init(settings: RequestLogSettings, hasSpool: Bool, instance: String) {
        self.settings = settings
        self.instance = instance
        self.spool = hasSpool ? .filled(first: nil) : .absent
        self.queue = RecordQueue(usageMax: settings.queue)
    }

    /// Whether the sink took the last batch it was given.
    package var isSinkUp: Bool { self.failures == 0 }

    /// Whether every record taken in has reached the sink or the spool, or was dropped.
    package var isSettled: Bool {
        guard self.queue.isEmpty, self.held == nil else { return false }
        if case .busy(.fresh, _) = self.sink { return false }
        if case .appending = self.operation { return false }
        return true
    }
}

// MARK: Arrivals and shutdown

extension SinkStateMachine {
    /// The spool of an earlier process was opened.
    package mutating func recovered(records: Int) {
        self.tally.recovered += records
        self.tally.spooled += records
    }

    /// An event loop hands over what it collected.
    ///
    /// - Returns: `.drop` if its records found no room. Their usage and rollups are kept all the same.
    package mutating func arrived(_ chunk: RecordChunk) -> ArrivalAction {
        let count = chunk.records.count
        self.tally.accepted += count
        self.tally.sampledOut += chunk.sampledOut
        if self.phase == .closed {
            self.tally.dropped += count
            self.tally.droppedUsage += chunk.usage.reduce(0) { $0 + Int($1.requests) }
            return .drop
        }
        self.tally.droppedUsage += self.queue.add(chunk.usage)
        self.queue.add(chunk.rollups)
        guard self.tally.queued + count <= self.settings.queue else {
            self.tally.dropped += count
            return .drop
        }
        self.tally.queued += count
        self.queue.append(chunk.records)
        return .accept
    }

    /// Shutdown begins: what is in memory goes to the sink until the time is over, else to the spool.
    package mutating func close(at now: Duration, timeout: Duration) {
        switch self.phase {
        case .running: self.phase = .closing(deadline: now + timeout)
        case .closing(let deadline): self.phase = .closing(deadline: min(deadline, now + timeout))
        case .closed: break
        }
    }

    var isClosing: Bool {
        switch self.phase {
        case .running: false
        case .closing, .closed: true
        }
    }

    func isOutOfTime(at now: Duration) -> Bool {
        switch self.phase {
        case .running: false
        case .closing(let deadline): now >= deadline
        case .closed: true
        }
    }
}
