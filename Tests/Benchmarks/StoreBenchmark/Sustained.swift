import ArgumentParser
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import WonkeyCore
import WonkeyGateway
import WonkeyStore

struct Sustained: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Gives the request log records at a fixed rate and prints, each second, what became of them as JSON."
    )

    @Argument(help: "sqlite:PATH, postgres://… or jsonl:PATH")
    var url: String
    @Option(help: "A directory for batches that the sink does not take.")
    var spool: String
    @Option(help: "Records per second.")
    var rate = 20_000
    @Option var seconds = 600
    @Option(help: "Records between the requests and the writer, as `logs.queue`.")
    var queue = 10_000
    @Option(help: "Keys, and as many paths, that the records are about.")
    var keys = 50

    func run() async throws {
        let destination = try await Destination.open(self.url)
        let logger = Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() }
        let log = RequestLog(
            settings: RequestLogSettings(queue: self.queue),
            sink: destination.sink,
            spool: try FileSpool(directory: self.spool, sizeMax: 1 << 34, logger: logger),
            metrics: MetricsRegistry(),
            logger: logger,
            instance: "sustained-\(UInt64.random(in: .min ... .max))"
        )
        let services = ServiceGroup(services: [log], logger: logger)
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await services.run() }
            let eventLoop = group.next()
            let producer = try await eventLoop.submit {
                let buffer = log.makeBuffer(eventLoop: eventLoop)
                return NIOLoopBound(Producer(buffer, rate: self.rate, keys: self.keys), eventLoop: eventLoop)
            }.get()
            try await self.produce(producer, into: log)
            await services.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        Self.report(self.seconds + 1, log.tally)
        try await group.shutdownGracefully()
        try await destination.close()
    }

    private func produce(_ producer: NIOLoopBound<Producer>, into log: RequestLog) async throws {
        let clock = ContinuousClock()
        let start = clock.now
        let steps = 100
        for step in 1...(self.seconds * steps) {
            try await producer.eventLoop.submit { producer.value.produce(upTo: step, of: steps) }.get()
            if step % steps == 0 { Self.report(step / steps, log.tally) }
            try await clock.sleep(until: start + .seconds(step) / steps)
        }
    }

    private static func report(_ second: Int, _ tally: LogTally) {
        print(
            """
            {"second": \(second), "accepted": \(tally.accepted), "written": \(tally.written), \
            "spooled": \(tally.spooled), "queued": \(tally.queued), "dropped": \(tally.dropped)}
            """
        )
    }
}

/// Appends records to the buffer of its event loop.
private final class Producer {
    private let buffer: RecordBuffer
    private let rate: Int
    private var samples: SampleRecords
    private var produced = 0

    init(_ buffer: RecordBuffer, rate: Int, keys: Int) {
        self.buffer = buffer
        self.rate = rate
        self.samples = SampleRecords(keys: keys)
    }

    /// Appends what is due after so many of that many parts of a second.
    func produce(upTo step: Int, of steps: Int) {
        let now = SystemClock().now
        while self.produced < self.rate * step / steps {
            self.buffer.append(self.samples.next(at: now), use: .counted)
            self.produced += 1
        }
    }
}
