import ArgumentParser
import WonkeyCore
import WonkeyStore

struct Writing: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Times batches of the log sink.")

    @Argument(help: "sqlite:PATH, postgres://… or jsonl:PATH")
    var url: String
    @Option var batches = 200
    @Option var rows = 500
    @Option(help: "Keys, and as many paths, that a batch is about.")
    var keys = 50
    @Option(help: "Writers at once.")
    var writers = 1
    @Flag(help: "Leave the rollups out, to compare.")
    var withoutRollups = false

    func run() async throws {
        let destination = try await Destination.open(self.url)
        let sink = destination.sink
        let time = try await ContinuousClock().measure {
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<self.writers {
                    group.addTask {
                        for number in 0..<self.batches { try await sink.write(self.batch("\(writer)-\(number)")) }
                    }
                }
                try await group.waitForAll()
            }
        }
        let seconds = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
        print("\(Int(Double(self.batches * self.rows * self.writers) / seconds)) rows/s")
        try await destination.close()
    }

    private func batch(_ id: String) -> LogBatch {
        var tally = RollupTally()
        var usage = UsageTally()
        let now = SystemClock().now
        var samples = SampleRecords(keys: self.keys)
        let records = (0..<self.rows).map { _ -> RequestRecord in
            let record = samples.next(at: now)
            tally.count(record)
            usage.count(record)
            return record
        }
        return LogBatch(
            id: "\(UInt64.random(in: .min ... .max))-\(id)",
            records: records,
            usage: usage.sums,
            rollups: self.withoutRollups ? [] : tally.sums
        )
    }
}
