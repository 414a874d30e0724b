import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Testing
import WonkeyCore

@testable import WonkeyGateway

/// A sink whose behaviour tests choose, which skips batches it knows.
actor FakeSink: LogSink {
    enum Behaviour: Equatable {
        case works, fails
        /// Keeps every write waiting until the behaviour changes; then all of them succeed.
        case stalls
        /// Fails, or writes and then says that it failed, each in a quarter of all cases.
        case random(SeededGenerator)
    }

    private(set) var batches: [LogBatch] = []
    private(set) var attempts = 0
    private var behaviour: Behaviour
    private var stalled: [CheckedContinuation<Void, Never>] = []

    init(_ behaviour: Behaviour) { self.behaviour = behaviour }

    var recordIDs: [String] { self.batches.flatMap(\.records).map(\.id) }
    var requests: Int64 { self.batches.flatMap(\.usage).reduce(0) { $0 + $1.requests } }
    var isStalling: Bool { !self.stalled.isEmpty }

    func behave(_ behaviour: Behaviour) {
        self.behaviour = behaviour
        for waiter in self.stalled { waiter.resume() }
        self.stalled = []
    }

    func write(_ batch: LogBatch) async throws(StoreError) {
        self.attempts += 1
        switch self.behaviour {
        case .works: self.keep(batch)
        case .fails: throw StoreError(code: .unavailable, message: "away")
        case .stalls:
            await withCheckedContinuation { self.stalled.append($0) }
            self.keep(batch)
        case .random(var generator):
            let choice = generator.next() % 4
            self.behaviour = .random(generator)
            if choice > 0 { self.keep(batch) }
            if choice < 2 { throw StoreError(code: .unavailable, message: "away") }
        }
    }

    private func keep(_ batch: LogBatch) {
        if !self.batches.contains(where: { $0.id == batch.id }) { self.batches.append(batch) }
    }
}

/// A spool in memory that survives the writer using it.
actor FakeSpool: LogSpool {
    private(set) var batches: [LogBatch] = []
    private let batchesMax: Int

    init(batchesMax: Int = .max) { self.batchesMax = batchesMax }

    func status() async throws(StoreError) -> LogSpoolStatus {
        LogSpoolStatus(batches: self.batches.count, records: self.batches.reduce(0) { $0 + $1.records.count })
    }

    func append(_ batch: LogBatch) async throws(StoreError) {
        guard self.batches.count < self.batchesMax else { throw StoreError(code: .full, message: "full") }
        self.batches.append(batch)
    }

    func first() async throws(StoreError) -> LogBatch? { self.batches.first }

    func removeFirst() async throws(StoreError) { self.batches.removeFirst() }
}

/// Knuth's MMIX generator: the same numbers in every run of a test.
struct SeededGenerator: RandomNumberGenerator, Equatable {
    var state: UInt64

    mutating func next() -> UInt64 {
        self.state = self.state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return self.state >> 33
    }
}

/// A running log and all that belongs to it.
struct RunningLog {
    let log: RequestLog
    let metrics: MetricsRegistry
    let eventLoop: any EventLoop

    /// Appends records `r<number>` on the loop, each counted as use of one key.
    func append(_ numbers: Range<Int>) async throws {
        let log = self.log
        let eventLoop = self.eventLoop
        try await eventLoop.submit {
            let buffer = log.makeBuffer(eventLoop: eventLoop)
            for number in numbers { buffer.append(Self.record(number), use: .counted) }
        }.get()
    }

    static func record(_ number: Int) -> RequestRecord {
        RequestRecord(
            id: "r\(number)",
            requestID: "",
            time: Timestamp(millisecondsSinceEpoch: 0),
            projectID: ProjectID(rawValue: "p"),
            keyID: KeyID(rawValue: "k"),
            method: "GET",
            path: "/",
            status: 200
        )
    }

    /// Runs a log around `body` and shuts it down as a service group would.
    static func run(
        _ settings: RequestLogSettings,
        sink: any LogSink,
        spool: (any LogSpool)?,
        instance: String = "i",
        body: (RunningLog) async throws -> Void
    ) async throws -> RequestLog {
        let metrics = MetricsRegistry()
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        let log = RequestLog(
            settings: settings,
            sink: sink,
            spool: spool,
            metrics: metrics,
            logger: logger,
            instance: instance
        )
        let group = ServiceGroup(services: [log], logger: logger)
        let running = RunningLog(log: log, metrics: metrics, eventLoop: MultiThreadedEventLoopGroup.singleton.any())
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await body(running)
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        return log
    }
}

/// Waits for something observable, at most 10 s.
func eventually(_ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while try await !condition() {
        try #require(ContinuousClock.now < deadline, "it never became true")
        try await Task.sleep(for: .milliseconds(1))
    }
}
