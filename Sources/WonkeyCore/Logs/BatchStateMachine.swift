/// What one event loop collected and hands over at once.
package struct RecordChunk: Equatable, Sendable {
    package var records: [RequestRecord]
    package var usage: [UsageDelta]
    /// What all requests did.
    package var rollups: [RollupDelta]
    /// Requests that sampling left out of `records`; their usage is counted all the same.
    package var sampledOut: Int

    package init(
        records: [RequestRecord] = [],
        usage: [UsageDelta] = [],
        rollups: [RollupDelta] = [],
        sampledOut: Int = 0
    ) {
        self.records = records
        self.usage = usage
        self.rollups = rollups
        self.sampledOut = sampledOut
    }

    package var isEmpty: Bool {
        self.records.isEmpty && self.usage.isEmpty && self.rollups.isEmpty && self.sampledOut == 0
    }
}

/// Whether a request counts as use of its key.
package enum RecordedUse: Sendable, CaseIterable {
    /// The gate admitted it.
    case counted
    /// It was refused, or has no key.
    case uncounted
}

/// Decides which records are kept and when they are handed over.
///
/// Pure: no clock, no task, no I/O. `RecordBuffer` carries out what it returns.
package struct BatchStateMachine: ~Copyable {
    fileprivate struct Contents {
        var records: [RequestRecord] = []
        var usage = UsageTally()
        var rollups = RollupTally()
        var sampledOut = 0
    }

    /// How much of a record is kept.
    fileprivate enum Part {
        /// The record itself, and all that follows.
        case record
        /// What it adds to the sums of analytics, and its usage.
        case sums
        case usage
    }

    fileprivate enum State: ~Copyable {
        /// Nothing collected, no timer running. Leaves by `append` or `close`.
        case idle
        /// The timer runs; the contents may be empty, if they were handed over before it fired.
        case collecting(Contents)
        /// Last state. A record that still arrives is handed over at once, for the writer to count it as dropped.
        case closed
    }

    package enum AppendAction: Equatable, Sendable { case none, startTimer, handOver(RecordChunk) }
    package enum HandOverAction: Equatable, Sendable { case none, handOver(RecordChunk) }

    private let rows: Int
    /// Which records are kept from now on.
    package var sampling: LogSampling
    private let scope: LogScope
    private var successes = 0
    private var state: State = .idle

    /// Starts empty.
    ///
    /// - Parameters:
    ///   - rows: Records, or keys with usage, or sums, that fill a chunk; at least 1.
    ///   - sampling: Which records to keep.
    ///   - scope: Whether to keep records and sums at all.
    package init(rows: Int, sampling: LogSampling, scope: LogScope = .everything) {
        self.rows = rows
        self.sampling = sampling
        self.scope = scope
    }

    /// Takes a record in.
    package mutating func append(_ record: RequestRecord, use: RecordedUse) -> AppendAction {
        let part: Part
        switch self.scope {
        case .everything:
            part = self.sampling.keeps(record, number: self.successes) ? .record : .sums
            if !LogSampling.isError(record) { self.successes += 1 }
        case .usage: part = .usage
        }
        return self.state.append(record, use: use, part: part, rows: self.rows)
    }

    /// The time for a chunk to fill is over.
    package mutating func timerFired() -> HandOverAction { self.state.timerFired() }

    /// Hands over what there is; the timer goes on running.
    package mutating func flush() -> HandOverAction { self.state.flush() }

    /// Hands over what there is and collects no more.
    package mutating func close() -> HandOverAction { self.state.close() }
}

extension BatchStateMachine.State {
    fileprivate mutating func append(
        _ record: RequestRecord,
        use: RecordedUse,
        part: BatchStateMachine.Part,
        rows: Int
    ) -> BatchStateMachine.AppendAction {
        switch consume self {
        case .idle:
            var contents = BatchStateMachine.Contents()
            contents.take(record, use: use, part: part)
            guard contents.isFull(rows: rows) else {
                self = .collecting(contents)
                return .startTimer
            }
            self = .idle
            return .handOver(contents.chunk)
        case .collecting(var contents):
            contents.take(record, use: use, part: part)
            guard contents.isFull(rows: rows) else {
                self = .collecting(contents)
                return .none
            }
            self = .collecting(BatchStateMachine.Contents())
            return .handOver(contents.chunk)
        case .closed:
            var contents = BatchStateMachine.Contents()
            contents.take(record, use: use, part: part)
            self = .closed
            return .handOver(contents.chunk)
        }
    }

    fileprivate mutating func timerFired() -> BatchStateMachine.HandOverAction {
        switch consume self {
        case .idle:
            self = .idle
            return .none
        case .collecting(let contents):
            self = .idle
            return contents.handOver
        case .closed:
            self = .closed
            return .none
        }
    }

    fileprivate mutating func flush() -> BatchStateMachine.HandOverAction {
        switch consume self {
        case .idle:
            self = .idle
            return .none
        case .collecting(let contents):
            self = .collecting(BatchStateMachine.Contents())
            return contents.handOver
        case .closed:
            self = .closed
            return .none
        }
    }

    fileprivate mutating func close() -> BatchStateMachine.HandOverAction {
        switch consume self {
        case .idle:
            self = .closed
            return .none
        case .collecting(let contents):
            self = .closed
            return contents.handOver
        case .closed:
            self = .closed
            return .none
        }
    }
}

extension BatchStateMachine.Contents {
    fileprivate mutating func take(_ record: RequestRecord, use: RecordedUse, part: BatchStateMachine.Part) {
        switch use {
        case .counted: self.usage.count(record)
        case .uncounted: break
        }
        switch part {
        case .record:
            self.rollups.count(record)
            self.records.append(record)
        case .sums:
            self.rollups.count(record)
            self.sampledOut += 1
        case .usage: break
        }
    }

    fileprivate func isFull(rows: Int) -> Bool {
        self.records.count >= rows || self.usage.count >= rows || self.rollups.count >= rows
    }

    fileprivate var chunk: RecordChunk {
        RecordChunk(
            records: self.records,
            usage: self.usage.sums,
            rollups: self.rollups.sums,
            sampledOut: self.sampledOut
        )
    }

    fileprivate var handOver: BatchStateMachine.HandOverAction {
        let chunk = self.chunk
        return chunk.isEmpty ? .none : .handOver(chunk)
    }
}
