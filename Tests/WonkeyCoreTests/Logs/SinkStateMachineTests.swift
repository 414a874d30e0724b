import Testing

@testable import WonkeyCore

@Suite("The way of batches to the sink")
struct SinkStateMachineTests {
    enum Phase: String { case running, closing, late }
    enum Sink: String { case ready, busyFresh, busyReplay, stuck, away }
    enum Spool: String { case absent, empty, unread, read, written }
    /// What waits in memory besides the batch under way: nothing, one record, half of what may wait.
    enum Waiting: CaseIterable { case nothing, little, much }

    struct Row: Sendable, CustomTestStringConvertible {
        var phase: Phase
        var sink: Sink
        var spool: Spool
        /// The actions for `Waiting.allCases`.
        var expected: String

        init(_ phase: Phase, _ sink: Sink, _ spool: Spool, _ expected: String) {
            self.phase = phase
            self.sink = sink
            self.spool = spool
            self.expected = expected
        }

        var testDescription: String { "\(self.phase) \(self.sink) \(self.spool)" }
    }

    private static let now: Duration = .seconds(100)

    private func machine(_ row: Row, _ waiting: Waiting) -> SinkStateMachine {
        let settings = RequestLogSettings(rows: 5, queue: 10)
        var machine = SinkStateMachine(settings: settings, hasSpool: row.spool != .absent, instance: "i")
        switch waiting {
        case .nothing: break
        case .little: _ = machine.arrived(LogSamples.chunk(1..<2))
        case .much: _ = machine.arrived(LogSamples.chunk(1..<6))
        }
        let job = LogSamples.batch(900, 9..<10)
        switch row.sink {
        case .ready: machine.sink = .ready
        case .busyFresh: machine.sink = .busy(.fresh(job), deadline: Self.now + .seconds(1))
        case .busyReplay: machine.sink = .busy(.replay(job), deadline: Self.now + .seconds(1))
        case .stuck: machine.sink = .stuck(.replay(job))
        case .away: machine.sink = .away(retryAt: Self.now + .seconds(2))
        }
        switch row.spool {
        case .absent: machine.spool = .absent
        case .empty: machine.spool = .empty
        case .unread: machine.spool = .filled(first: nil)
        case .read: machine.spool = .filled(first: job)
        case .written: machine.spool = .firstWritten
        }
        switch row.phase {
        case .running: break
        case .closing: machine.close(at: Self.now, timeout: .seconds(3))
        case .late: machine.close(at: Self.now, timeout: .zero)
        }
        return machine
    }

    private func name(_ action: SinkStateMachine.Action) -> String {
        switch action {
        case .write(let batch): batch.id == "i-900" ? "replay" : "write"
        case .append(let batch): batch.id == "i-900" ? "rescue" : "append"
        case .readFirst: "read"
        case .removeFirst: "remove"
        case .wait(let time): time.map { "wait\(($0 - Self.now).components.seconds)" } ?? "wait"
        case .stop: "stop"
        }
    }

    /// Every phase × sink × spool that can occur; in the last column what follows with nothing, little and much waiting.
    ///
    /// `rescue` appends the batch whose write is given up. `waitN` names the seconds until the next look.
    static let table: [Row] = [
        Row(.running, .ready, .absent, "wait write write"),
        Row(.running, .ready, .empty, "wait write write"),
        Row(.running, .ready, .unread, "read read append"),
        Row(.running, .ready, .read, "replay replay append"),
        Row(.running, .ready, .written, "remove remove remove"),
        Row(.running, .busyFresh, .absent, "wait1 wait1 wait1"),
        Row(.running, .busyFresh, .empty, "wait1 wait1 rescue"),
        Row(.running, .busyFresh, .unread, "wait1 wait1 rescue"),
        Row(.running, .busyFresh, .written, "remove remove remove"),
        Row(.running, .busyReplay, .read, "wait1 wait1 append"),
        Row(.running, .stuck, .absent, "wait wait wait"),
        Row(.running, .stuck, .empty, "wait append append"),
        Row(.running, .stuck, .unread, "wait append append"),
        Row(.running, .stuck, .read, "wait append append"),
        Row(.running, .stuck, .written, "remove remove remove"),
        Row(.running, .away, .absent, "wait2 wait2 wait2"),
        Row(.running, .away, .empty, "wait2 append append"),
        Row(.running, .away, .unread, "wait2 append append"),
        Row(.running, .away, .read, "wait2 append append"),
        Row(.running, .away, .written, "remove remove remove"),
        Row(.closing, .ready, .absent, "stop write write"),
        Row(.closing, .ready, .empty, "stop write write"),
        Row(.closing, .ready, .unread, "stop append append"),
        Row(.closing, .ready, .read, "stop append append"),
        Row(.closing, .ready, .written, "remove remove remove"),
        Row(.closing, .busyFresh, .absent, "wait1 wait1 wait1"),
        Row(.closing, .busyFresh, .empty, "wait1 wait1 rescue"),
        Row(.closing, .busyFresh, .unread, "wait1 wait1 rescue"),
        Row(.closing, .busyReplay, .read, "wait1 append append"),
        Row(.closing, .stuck, .absent, "stop wait3 wait3"),
        Row(.closing, .stuck, .empty, "stop append append"),
        Row(.closing, .stuck, .read, "stop append append"),
        Row(.closing, .away, .absent, "stop wait2 wait2"),
        Row(.closing, .away, .empty, "stop append append"),
        Row(.closing, .away, .unread, "stop append append"),
        Row(.closing, .away, .written, "remove remove remove"),
        Row(.late, .ready, .absent, "stop stop stop"),
        Row(.late, .ready, .empty, "stop append append"),
        Row(.late, .ready, .unread, "stop append append"),
        Row(.late, .ready, .read, "stop append append"),
        Row(.late, .ready, .written, "remove remove remove"),
        Row(.late, .busyFresh, .absent, "stop stop stop"),
        Row(.late, .busyFresh, .empty, "rescue rescue rescue"),
        Row(.late, .busyFresh, .unread, "rescue rescue rescue"),
        Row(.late, .busyReplay, .read, "stop append append"),
        Row(.late, .stuck, .absent, "stop stop stop"),
        Row(.late, .stuck, .empty, "stop append append"),
        Row(.late, .away, .absent, "stop stop stop"),
        Row(.late, .away, .empty, "stop append append"),
        Row(.late, .away, .read, "stop append append"),
    ]

    @Test("each phase, sink and spool has one next action for nothing, little and much waiting", arguments: table)
    func next(row: Row) {
        let actions = Waiting.allCases.map { waiting in
            var machine = self.machine(row, waiting)
            return self.name(machine.next(at: Self.now))
        }
        #expect(actions.joined(separator: " ") == row.expected)
    }

    @Test("while the spool refuses new batches, they wait for the sink or for its shrinking")
    func spoolRefuses() {
        let rows: [(Sink, Spool, String)] = [
            (.ready, .empty, "write"), (.ready, .unread, "read"), (.ready, .read, "replay"),
            (.away, .empty, "wait1"), (.stuck, .read, "wait1"), (.busyReplay, .read, "wait1"),
        ]
        let actions = rows.map { sink, spool, _ in
            var machine = self.machine(Row(.running, sink, spool, ""), .much)
            machine.appendRetryAt = Self.now + .seconds(1)
            return self.name(machine.next(at: Self.now))
        }
        #expect(actions == rows.map(\.2))
    }

    @Test("while the spool cannot be read, new batches are appended; if that fails too, they go to the sink directly")
    func spoolUnreadable() {
        let actions = [Spool.unread, .written].flatMap { spool in
            [Duration.zero, Self.now + .seconds(1)].map { appendRetryAt in
                var machine = self.machine(Row(.running, .ready, spool, ""), .much)
                machine.readRetryAt = Self.now + .seconds(1)
                machine.appendRetryAt = appendRetryAt
                return self.name(machine.next(at: Self.now))
            }
        }
        #expect(actions == ["append", "write", "append", "write"])
    }

    @Test("waits between tries double up to the longest and start over after a success")
    func backOff() {
        let settings = RequestLogSettings(retryAfter: .milliseconds(100), retryAfterMax: .milliseconds(350))
        var machine = SinkStateMachine(settings: settings, hasSpool: false, instance: "i")
        var now: Duration = .zero
        var waits: [Duration] = []
        var changes: [SinkStateMachine.SinkChange] = []
        _ = machine.arrived(LogSamples.chunk(0..<1))
        for number in 0..<6 {
            #expect(machine.next(at: now) == .write(LogSamples.batch(number < 5 ? 1 : 2)))
            let outcome: Result<Void, StoreError> =
                number == 4 ? .success(()) : .failure(.init(code: .unavailable, message: ""))
            changes.append(machine.sinkFinished(outcome, at: now))
            if number == 4 { _ = machine.arrived(LogSamples.chunk(0..<1)) }
            guard case .wait(let time?) = machine.next(at: now) else {
                #expect(number == 4)
                machine.hold(.fresh(LogSamples.batch(2)))
                machine.sink = .ready
                continue
            }
            waits.append(time - now)
            now = time
        }
        #expect(changes == [.wentAway, .none, .none, .none, .cameBack, .wentAway])
        #expect(waits == [100, 200, 350, 350, 100].map { Duration.milliseconds($0) })
        #expect(machine.tally.retries == 4)
    }

    /// Where the batch of a write that was given up may be when the write succeeds after all.
    enum Whereabouts: CaseIterable { case held, beingAppended, beingRefused, spooled, replayed }

    @Test(
        "a write that succeeds after it was given up is counted once, wherever its batch is",
        arguments: Whereabouts.allCases
    )
    func lateSuccess(whereabouts: Whereabouts) {
        let settings = RequestLogSettings(writeTimeout: .seconds(1))
        var machine = SinkStateMachine(settings: settings, hasSpool: whereabouts != .held, instance: "i")
        let late: Duration = .seconds(1)
        if whereabouts != .held {
            #expect(machine.next(at: .zero) == .readFirst)
            machine.firstRead(whereabouts == .replayed ? LogSamples.batch(1, 0..<3) : nil, damagedRecords: 0)
        }
        if whereabouts == .replayed {
            machine.recovered(records: 3)
        } else {
            _ = machine.arrived(LogSamples.chunk(0..<3))
        }
        #expect(machine.next(at: .zero) == .write(LogSamples.batch(1, 0..<3)))
        switch whereabouts {
        case .held, .replayed:
            #expect(machine.next(at: late) == .wait(until: nil))
            #expect(machine.sinkFinished(.success(()), at: late) == .none)
        case .beingAppended:
            #expect(machine.next(at: late) == .append(LogSamples.batch(1, 0..<3)))
            #expect(machine.sinkFinished(.success(()), at: late) == .none)
            machine.appended()
        case .beingRefused:
            #expect(machine.next(at: late) == .append(LogSamples.batch(1, 0..<3)))
            #expect(machine.sinkFinished(.success(()), at: late) == .none)
            machine.appendFailed(at: late)
        case .spooled:
            #expect(machine.next(at: late) == .append(LogSamples.batch(1, 0..<3)))
            machine.appended()
            #expect(machine.sinkFinished(.success(()), at: late) == .none)
        }
        switch whereabouts {
        case .held, .beingRefused:
            #expect(machine.next(at: late) == .wait(until: nil))
        case .beingAppended, .spooled, .replayed:
            #expect(machine.next(at: late) == .removeFirst)
            machine.firstRemoved()
            #expect(machine.next(at: late) == .readFirst)
        }
        var expected = LogTally()
        (expected.accepted, expected.recovered) = whereabouts == .replayed ? (0, 3) : (3, 0)
        expected.written = 3
        #expect(machine.tally == expected)
    }

    @Test(
        "what finds no room is dropped, its usage and rollups stay; what comes after the end is dropped with its usage"
    )
    func bounds() {
        var machine = SinkStateMachine(settings: .init(rows: 2, queue: 3), hasSpool: false, instance: "i")
        let usage = [LogSamples.usage(requests: 2, last: 1)]
        let answers = [0..<2, 2..<4, 4..<5].map {
            let records = LogSamples.records($0)
            let rollups = LogSamples.rollups(records)
            return machine.arrived(RecordChunk(records: records, usage: usage, rollups: rollups, sampledOut: 1))
        }
        #expect(answers == [.accept, .drop, .accept])
        #expect(
            machine.next(at: .zero)
                == .write(
                    LogBatch(
                        id: "i-1",
                        records: LogSamples.records(0..<2),
                        usage: [LogSamples.usage(requests: 6, last: 1)],
                        rollups: LogSamples.rollups(LogSamples.records(0..<5))
                    )
                )
        )
        machine.close(at: .zero, timeout: .zero)
        #expect(machine.next(at: .zero) == .stop)
        #expect(machine.arrived(RecordChunk(records: LogSamples.records(5..<6), usage: usage)) == .drop)
        #expect(machine.next(at: .zero) == .stop)
        var expected = LogTally()
        expected.accepted = 6
        expected.dropped = 6
        expected.sampledOut = 3
        expected.droppedUsage = 8
        #expect(machine.tally == expected)
    }

    @Test("full batches that wait go together to a sink that works, and one by one into the spool when it does not")
    func joiningFullOnes() {
        var machine = SinkStateMachine(settings: .init(rows: 2, queue: 48), hasSpool: true, instance: "i")
        for start in stride(from: 0, to: 12, by: 2) {
            _ = machine.arrived(RecordChunk(records: LogSamples.records(start..<start + 2)))
        }
        var actions = [machine.next(at: .zero)]
        machine.firstRead(nil, damagedRecords: 0)
        actions.append(machine.next(at: .zero))
        _ = machine.sinkFinished(.failure(StoreError(code: .unavailable, message: "away")), at: .zero)
        for _ in 0..<2 {
            actions.append(machine.next(at: .zero))
            machine.appended()
        }
        func batch(_ number: Int, _ records: Range<Int>) -> LogBatch {
            LogBatch(id: "i-\(number)", records: LogSamples.records(records), usage: [])
        }
        let together = batch(1, 0..<6)
        #expect(actions == [.readFirst, .write(together), .append(together), .append(batch(2, 6..<8))])
    }

    @Test("chunks are joined to batches of at most the configured rows")
    func joining() {
        var machine = SinkStateMachine(settings: .init(rows: 5, rowsMax: 5), hasSpool: false, instance: "i")
        for numbers in [0..<2, 2..<4, 4..<6, 6..<11, 11..<12] {
            _ = machine.arrived(RecordChunk(records: LogSamples.records(numbers)))
        }
        let batches = (0..<4).map { _ in
            let action = machine.next(at: .zero)
            _ = machine.sinkFinished(.success(()), at: .zero)
            return action
        }
        let numbers = [0..<4, 4..<6, 6..<11, 11..<12]
        #expect(
            batches
                == zip(1..., numbers).map {
                    .write(LogBatch(id: "i-\($0)", records: LogSamples.records($1), usage: []))
                }
        )
        let isSettled = machine.isSettled
        #expect(isSettled)
    }
}
