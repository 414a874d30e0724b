import Testing
import WonkeyCore

@testable import WonkeyGateway

@Suite("The request log", .timeLimit(.minutes(1)))
struct RequestLogTests {
    private func settings(
        rows: Int = 10,
        every: Duration = .milliseconds(5),
        queue: Int = 1_000,
        writeTimeout: Duration = .seconds(30),
        shutdownTimeout: Duration = .seconds(30)
    ) -> RequestLogSettings {
        RequestLogSettings(
            rows: rows,
            every: every,
            queue: queue,
            writeTimeout: writeTimeout,
            retryAfter: .milliseconds(1),
            retryAfterMax: .milliseconds(4),
            shutdownTimeout: shutdownTimeout
        )
    }

    private func ids(_ numbers: Range<Int>) -> [String] { numbers.map { "r\($0)" } }

    private func tally(_ change: (inout LogTally) -> Void) -> LogTally {
        var tally = LogTally()
        change(&tally)
        return tally
    }

    @Test("full chunks, the timer, a flush and the shutdown each bring records to the sink, and the metrics say so")
    func delivery() async throws {
        let sink = FakeSink(.works)
        let log = try await RunningLog.run(self.settings(), sink: sink, spool: FakeSpool()) { running in
            try await running.append(0..<20)
            try await eventually { await sink.recordIDs == self.ids(0..<20) }
            try await running.append(20..<23)
            try await eventually { await sink.recordIDs == self.ids(0..<23) }
            try await running.append(23..<25)
            await running.log.flush()
            #expect(await sink.recordIDs == self.ids(0..<25))
            let text = running.metrics.render(.prometheus)
            for line in [
                "wonkey_log_records_accepted_total 25", "wonkey_log_records_written_total 25",
                "wonkey_log_records_spooled 0", "wonkey_log_records_dropped_total 0", "wonkey_log_records_queued 0",
                "wonkey_log_retries_total 0", "wonkey_log_records_sampled_out_total 0", "wonkey_log_sink_up 1",
            ] { #expect(text.contains("\n\(line)\n"), "\(line)") }
            try await running.append(25..<26)
        }
        #expect(await sink.recordIDs == self.ids(0..<26))
        #expect(await sink.requests == 26)
        #expect(log.tally == self.tally { ($0.accepted, $0.written) = (26, 26) })
    }

    @Test("an outage goes to the spool, comes back in order, and everything afterwards goes to the sink again")
    func outage() async throws {
        let sink = FakeSink(.fails)
        let spool = FakeSpool()
        let log = try await RunningLog.run(self.settings(), sink: sink, spool: spool) { running in
            for start in [0, 30, 60] { try await running.append(start..<start + 30) }
            await running.log.flush()
            #expect(running.log.tally.spooled == 90)
            #expect(await sink.batches.isEmpty)
            await sink.behave(.works)
            try await eventually { running.log.tally.written == 90 }
            try await running.append(90..<95)
        }
        #expect(await sink.recordIDs == self.ids(0..<95))
        #expect(await spool.batches.isEmpty)
        let tally = log.tally
        #expect([tally.accepted, tally.written, tally.spooled, tally.dropped, tally.queued] == [95, 95, 0, 0, 0])
        #expect(tally.retries > 0)
    }

    @Test("without a spool an outage fills memory up to its bound, what comes on top is dropped, usage is kept")
    func boundedMemory() async throws {
        let sink = FakeSink(.fails)
        let settings = self.settings(rows: 10, queue: 50)
        let log = try await RunningLog.run(settings, sink: sink, spool: nil) { running in
            try await running.append(0..<200)
            let tally = running.log.tally
            #expect([tally.accepted, tally.queued, tally.dropped] == [200, 50, 150])
            await sink.behave(.works)
        }
        #expect(await sink.recordIDs == self.ids(0..<50))
        #expect(await sink.requests == 200)
        #expect([log.tally.written, log.tally.dropped, log.tally.queued, log.tally.droppedUsage] == [50, 150, 0, 0])
    }

    @Test(
        "a sink that hangs neither blocks the event loop nor grows memory: its batch and those behind go to the spool"
    )
    func hangingSink() async throws {
        let sink = FakeSink(.stalls)
        let spool = FakeSpool()
        let settings = self.settings(rows: 10, queue: 40, writeTimeout: .milliseconds(20))
        _ = try await RunningLog.run(settings, sink: sink, spool: spool) { running in
            try await running.append(0..<10)
            try await eventually { await sink.isStalling }
            for start in stride(from: 10, to: 200, by: 10) {
                try await running.append(start..<start + 10)
                #expect(running.log.tally.queued <= 40)
                try await eventually { running.log.tally.spooled == start + 10 }
            }
            #expect(await sink.attempts == 1)
            await sink.behave(.works)
            try await eventually { running.log.tally.written == 200 }
            #expect(running.log.tally.dropped == 0)
        }
        #expect(await sink.recordIDs == self.ids(0..<200))
        #expect(await sink.requests == 200)
        #expect(await spool.batches.isEmpty)
    }

    @Test("shutdown during an outage leaves everything in the spool, from where the next process writes it first")
    func restart() async throws {
        let spool = FakeSpool()
        let settings = self.settings(every: .seconds(600))
        let first = try await RunningLog.run(settings, sink: FakeSink(.fails), spool: spool, instance: "1") { running in
            try await running.append(0..<25)
        }
        #expect([first.tally.accepted, first.tally.spooled, first.tally.queued] == [25, 25, 0])
        let sink = FakeSink(.works)
        let second = try await RunningLog.run(settings, sink: sink, spool: spool, instance: "2") { running in
            try await running.append(25..<30)
            try await eventually { running.log.tally.written == 25 }
        }
        #expect(await sink.recordIDs == self.ids(0..<30))
        #expect(second.tally == self.tally { ($0.accepted, $0.recovered, $0.written) = (5, 25, 30) })
    }

    @Test("when time is over at shutdown and the spool is full, the rest is dropped and counted")
    func shutdownWithoutRoom() async throws {
        let spool = FakeSpool(batchesMax: 1)
        let settings = self.settings(every: .seconds(600), shutdownTimeout: .milliseconds(30))
        let log = try await RunningLog.run(settings, sink: FakeSink(.fails), spool: spool) { running in
            try await running.append(0..<25)
        }
        let tally = log.tally
        #expect(
            [tally.accepted, tally.spooled, tally.dropped, tally.queued] == [25, tally.spooled, 25 - tally.spooled, 0]
        )
        #expect(await spool.batches.map(\.records.count) == [tally.spooled])
    }

    @Test(
        "50 000 records through a sink that fails at random: all accounts add up, nothing is lost twice or out of order"
    )
    func stress() async throws {
        let sink = FakeSink(.random(SeededGenerator(state: 7)))
        let settings = self.settings(rows: 100, queue: 2_000)
        let log = try await RunningLog.run(settings, sink: sink, spool: FakeSpool(batchesMax: 20)) { running in
            for start in stride(from: 0, to: 50_000, by: 500) {
                try await running.append(start..<start + 500)
                let tally = running.log.tally
                #expect(tally.accepted == tally.written + tally.spooled + tally.dropped + tally.queued)
                #expect(tally.queued <= 2_000)
                if start % 5_000 == 0 { await running.log.flush() }
            }
            await sink.behave(.works)
            await running.log.flush()
            try await eventually { running.log.tally.spooled == 0 }
        }
        let tally = log.tally
        #expect(
            [tally.accepted, tally.written + tally.dropped, tally.spooled, tally.queued] == [50_000, 50_000, 0, 0]
        )
        let numbers = await sink.recordIDs.compactMap { Int($0.dropFirst()) }
        #expect(numbers.count == tally.written)
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy(<))
        #expect(await sink.requests == 50_000)
    }
}
