import Testing

@testable import WonkeyCore

@Suite("When records become a chunk")
struct BatchStateMachineTests {
    enum Situation: CaseIterable { case idle, collecting, handedOver, closed }

    private func machine(_ situation: Situation) -> BatchStateMachine {
        var machine = BatchStateMachine(rows: 2, sampling: LogSampling(oneOutOf: 1))
        switch situation {
        case .idle: break
        case .collecting: _ = machine.append(LogSamples.record(1), use: .uncounted)
        case .handedOver:
            _ = machine.append(LogSamples.record(1), use: .uncounted)
            _ = machine.flush()
        case .closed: _ = machine.close()
        }
        return machine
    }

    @Test(
        "the first record starts the timer, the last one fills the chunk, none is kept after the end",
        arguments: [
            (.idle, .startTimer), (.collecting, .handOver(LogSamples.chunk(1..<3))), (.handedOver, .none),
            (.closed, .handOver(LogSamples.chunk(2..<3))),
        ] as [(Situation, BatchStateMachine.AppendAction)]
    )
    func append(situation: Situation, expected: BatchStateMachine.AppendAction) {
        var machine = self.machine(situation)
        #expect(machine.append(LogSamples.record(2), use: .uncounted) == expected)
    }

    @Test("timer, flush and close hand over what there is, and nothing twice", arguments: Situation.allCases)
    func handOver(situation: Situation) {
        let expected: BatchStateMachine.HandOverAction =
            switch situation {
            case .collecting: .handOver(LogSamples.chunk(1..<2))
            case .idle, .handedOver, .closed: .none
            }
        var timed = self.machine(situation)
        var flushed = self.machine(situation)
        var closed = self.machine(situation)
        #expect([timed.timerFired(), flushed.flush(), closed.close()] == [expected, expected, expected])
        #expect([timed.timerFired(), flushed.flush(), closed.close()] == [.none, .none, .none])
    }

    @Test(
        "after the timer a new one is started, after a flush the running one is used, after the end none is",
        arguments: Situation.allCases
    )
    func followingAppend(situation: Situation) {
        var timed = self.machine(situation)
        var flushed = self.machine(situation)
        var closed = self.machine(situation)
        _ = (timed.timerFired(), flushed.flush(), closed.close())
        let record = LogSamples.record(2)
        let actions = [
            timed.append(record, use: .uncounted), flushed.append(record, use: .uncounted),
            closed.append(record, use: .uncounted),
        ]
        let atOnce = BatchStateMachine.AppendAction.handOver(LogSamples.chunk(2..<3))
        switch situation {
        case .idle: #expect(actions == [.startTimer, .startTimer, atOnce])
        case .collecting, .handedOver: #expect(actions == [.startTimer, .none, atOnce])
        case .closed: #expect(actions == [atOnce, atOnce, atOnce])
        }
    }

    @Test("a chunk of one is handed over without a timer")
    func singleRow() {
        var machine = BatchStateMachine(rows: 1, sampling: LogSampling(oneOutOf: 1))
        #expect(machine.append(LogSamples.record(1), use: .uncounted) == .handOver(LogSamples.chunk(1..<2)))
        #expect(machine.timerFired() == .none)
    }

    @Test("sampling keeps one success of three and every error, and counts the use and the sums of all")
    func sampling() {
        var machine = BatchStateMachine(rows: 100, sampling: LogSampling(oneOutOf: 3))
        var all = (0..<7).map { LogSamples.record($0, images: 2) }
        for record in all { _ = machine.append(record, use: .counted) }
        all.append(LogSamples.record(7, status: 429))
        _ = machine.append(all[7], use: .uncounted)
        all.append(LogSamples.record(8, key: "b", day: 1, status: 502))
        _ = machine.append(all[8], use: .counted)
        all.append(LogSamples.record(9, key: nil))
        _ = machine.append(all[9], use: .counted)
        #expect(
            machine.flush()
                == .handOver(
                    RecordChunk(
                        records: [
                            LogSamples.record(0, images: 2), LogSamples.record(3, images: 2),
                            LogSamples.record(6, images: 2), LogSamples.record(7, status: 429),
                            LogSamples.record(8, key: "b", day: 1, status: 502),
                        ],
                        usage: [
                            LogSamples.usage(requests: 7, images: 14, last: 6),
                            LogSamples.usage(key: "b", day: 1, requests: 1, last: 8),
                        ],
                        rollups: LogSamples.rollups(all),
                        sampledOut: 5
                    )
                )
        )
    }

    @Test("with usage alone no record, error or not, and no sum is handed over")
    func usageOnly() {
        var machine = BatchStateMachine(rows: 100, sampling: LogSampling(oneOutOf: 1), scope: .usage)
        _ = machine.append(LogSamples.record(0), use: .counted)
        _ = machine.append(LogSamples.record(1, status: 502), use: .counted)
        _ = machine.append(LogSamples.record(2, status: 401), use: .uncounted)
        #expect(
            machine.flush() == .handOver(RecordChunk(usage: [LogSamples.usage(requests: 2, last: 1)]))
        )
        _ = machine.append(LogSamples.record(3, status: 401), use: .uncounted)
        #expect(machine.flush() == .none)
    }

    @Test("many keys fill a chunk even if all their records are left out")
    func usageFills() {
        var machine = BatchStateMachine(rows: 2, sampling: LogSampling(oneOutOf: 100))
        _ = machine.append(LogSamples.record(0), use: .counted)
        #expect(
            machine.append(LogSamples.record(1, key: "b"), use: .counted)
                == .handOver(
                    RecordChunk(
                        records: [LogSamples.record(0)],
                        usage: [
                            LogSamples.usage(requests: 1, last: 0), LogSamples.usage(key: "b", requests: 1, last: 1),
                        ],
                        rollups: LogSamples.rollups([LogSamples.record(0), LogSamples.record(1, key: "b")]),
                        sampledOut: 1
                    )
                )
        )
    }

    @Test(
        "errors are kept whatever their number, successes by their number alone",
        arguments: [
            (200, .none, 0, true), (200, .none, 1, false), (399, .none, 9, false), (399, .none, 10, true),
            (400, .none, 1, true), (599, .none, 1, true), (200, .downstream, 1, true), (200, .upstream, 1, true),
            (200, .proxy, 1, true), (0, .none, 1, true),
        ] as [(Int, Fault, Int, Bool)]
    )
    func keeps(status: Int, fault: Fault, number: Int, isKept: Bool) {
        let record = LogSamples.record(5, status: status, fault: fault)
        #expect(LogSampling(oneOutOf: 10).keeps(record, number: number) == isKept)
    }
}
