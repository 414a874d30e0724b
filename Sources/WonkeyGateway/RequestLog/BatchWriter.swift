import Logging
import ServiceLifecycle
import Synchronization
import WonkeyCore

/// Takes chunks from all event loops and brings them to the sink, or to the spool while the sink is away.
///
/// The driver of ``SinkStateMachine``: one lock per chunk and per operation, never held across a wait.
final class BatchWriter: Sendable {
    private struct State: ~Copyable {
        var machine: SinkStateMachine
        /// Those who wait in `settled()`.
        var waiters: [CheckedContinuation<Void, Never>] = []
        var hasStopped = false
        /// The next timer to fire.
        var timer: Duration?
        var lastDropWarning: Duration?
        var damagedRecords = 0
    }

    private enum Progress { case waiting, stopped }

    private let settings: RequestLogSettings
    private let sink: any LogSink
    private let spool: (any LogSpool)?
    private let clock: any Clock<Duration>
    private let elapsed: @Sendable () -> Duration
    private let logger: Logger
    private let writeDuration: Histogram
    private let state: Mutex<State>
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    init(
        settings: RequestLogSettings,
        sink: any LogSink,
        spool: (any LogSpool)?,
        metrics: MetricsRegistry,
        clock: any Clock<Duration>,
        logger: Logger,
        instance: String
    ) {
        self.settings = settings
        self.sink = sink
        self.spool = spool
        self.clock = clock
        self.elapsed = Self.stopwatch(clock)
        self.logger = logger
        self.writeDuration = metrics.histogram(
            "log_write_duration_seconds",
            help: "Time the log sink took over one batch, failed or not.",
            bounds: .http
        )
        let machine = SinkStateMachine(settings: settings, hasSpool: spool != nil, instance: instance)
        self.state = Mutex(State(machine: machine))
        (self.wakes, self.waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.register(in: metrics)
    }

    /// What became of the records so far.
    var tally: LogTally { self.state.withLock { $0.machine.tally } }

    /// Takes a chunk in, or drops its records where memory is full; never waits.
    func submit(_ chunk: RecordChunk) {
        let now = self.elapsed()
        let warning = self.state.withLock { state -> Int? in
            switch state.machine.arrived(chunk) {
            case .accept: return nil
            case .drop:
                if let last = state.lastDropWarning, now - last < .seconds(10) { return nil }
                state.lastDropWarning = now
                return state.machine.tally.dropped
            }
        }
        self.waker.yield()
        if let warning {
            self.logger.warning("request log drops records", metadata: ["dropped_total": "\(warning)"])
        }
    }

    /// Waits until everything submitted so far was written, spooled or dropped.
    func settled() async {
        await withCheckedContinuation { continuation in
            let isSettled = self.state.withLock { state in
                if state.hasStopped || state.machine.isSettled { return true }
                state.waiters.append(continuation)
                return false
            }
            if isSettled { continuation.resume() }
        }
    }

    /// Writes until graceful shutdown and then until memory is empty; cancellation leaves the sink no more time.
    ///
    /// - Parameter closeBuffers: Makes the event loops hand over what they hold; called when shutdown begins.
    func run(closingBuffers closeBuffers: @escaping @Sendable () async -> Void) async {
        await self.recover()
        await withDiscardingTaskGroup { group in
            group.addTask {
                try? await gracefulShutdown()
                await closeBuffers()
                self.close(timeout: self.settings.shutdownTimeout)
            }
            var wakes = self.wakes.makeAsyncIterator()
            while await self.advance(&group) == .waiting {
                if await wakes.next() == nil {
                    await closeBuffers()
                    self.close(timeout: .zero)
                }
            }
            group.cancelAll()
        }
        self.resumeWaiters(hasStopped: true)
    }

    private func close(timeout: Duration) {
        let now = self.elapsed()
        self.state.withLock { $0.machine.close(at: now, timeout: timeout) }
        self.waker.yield()
    }

    /// Carries out what the machine says until it says to wait.
    private func advance(_ group: inout DiscardingTaskGroup) async -> Progress {
        while true {
            let now = self.elapsed()
            let action = self.state.withLock { $0.machine.next(at: now) }
            switch action {
            case .write(let batch): group.addTask { await self.write(batch) }
            case .append(let batch): await self.append(batch)
            case .readFirst: await self.readFirst()
            case .removeFirst: await self.removeFirst()
            case .wait(let time):
                self.resumeWaiters(hasStopped: false)
                if let time { self.startTimer(until: time, &group) }
                return .waiting
            case .stop:
                return .stopped
            }
        }
    }

    private func resumeWaiters(hasStopped: Bool) {
        let waiters = self.state.withLock { state -> [CheckedContinuation<Void, Never>] in
            if hasStopped { state.hasStopped = true }
            guard hasStopped || state.machine.isSettled else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Wakes the loop at a time, unless an earlier timer does so anyway.
    private func startTimer(until time: Duration, _ group: inout DiscardingTaskGroup) {
        let now = self.elapsed()
        let isNeeded = self.state.withLock { state in
            if let timer = state.timer, timer > now, timer <= time { return false }
            state.timer = time
            return true
        }
        guard isNeeded else { return }
        group.addTask {
            try? await self.clock.sleep(for: time - now)
            self.state.withLock { if $0.timer == time { $0.timer = nil } }
            self.waker.yield()
        }
    }

    private static func stopwatch<C: Clock>(_ clock: C) -> @Sendable () -> Duration where C.Duration == Duration {
        let start = clock.now
        return { start.duration(to: clock.now) }
    }
}

// MARK: Operations

extension BatchWriter {
    private func write(_ batch: LogBatch) async {
        let start = self.elapsed()
        let outcome: Result<Void, StoreError>
        do throws(StoreError) {
            try await self.sink.write(batch)
            outcome = .success(())
        } catch {
            outcome = .failure(error)
        }
        let now = self.elapsed()
        self.writeDuration.observe(now - start)
        let change = self.state.withLock { $0.machine.sinkFinished(outcome, at: now) }
        self.waker.yield()
        switch change {
        case .none: break
        case .cameBack: self.logger.notice("log sink is back")
        case .wentAway: self.warn("log sink is away, batches go to the spool", outcome)
        }
    }

    private func append(_ batch: LogBatch) async {
        guard let spool = self.spool else { preconditionFailure("there is no spool") }
        do throws(StoreError) {
            try await spool.append(batch)
            self.state.withLock { $0.machine.appended() }
        } catch {
            let now = self.elapsed()
            self.state.withLock { $0.machine.appendFailed(at: now) }
            self.warn("log spool refuses a batch, it waits in memory", .failure(error))
        }
    }

    private func readFirst() async {
        guard let spool = self.spool else { preconditionFailure("there is no spool") }
        do throws(StoreError) {
            let batch = try await spool.first()
            let damaged = try await spool.status().damagedRecords
            self.state.withLock { state in
                state.machine.firstRead(batch, damagedRecords: damaged - state.damagedRecords)
                state.damagedRecords = damaged
            }
        } catch {
            let now = self.elapsed()
            self.state.withLock { $0.machine.readFailed(at: now) }
            self.warn("log spool cannot be read", .failure(error))
        }
    }

    private func removeFirst() async {
        guard let spool = self.spool else { preconditionFailure("there is no spool") }
        do throws(StoreError) {
            try await spool.removeFirst()
            self.state.withLock { $0.machine.firstRemoved() }
        } catch {
            let now = self.elapsed()
            self.state.withLock { $0.machine.removeFailed(at: now) }
            self.warn("log spool cannot forget a written batch", .failure(error))
        }
    }

    /// Counts what an earlier process left in the spool.
    private func recover() async {
        guard let spool = self.spool else { return }
        do throws(StoreError) {
            let status = try await spool.status()
            self.state.withLock { $0.machine.recovered(records: status.records) }
            guard status.records > 0 else { return }
            self.logger.notice("log spool holds records of an earlier run", metadata: ["records": "\(status.records)"])
        } catch {
            self.warn("log spool cannot be read", .failure(error))
        }
    }

    private func warn(_ message: Logger.Message, _ outcome: Result<Void, StoreError>) {
        guard case .failure(let error) = outcome else { return }
        self.logger.warning(message, metadata: ["code": "\(error.code)", "error": "\(error.message)"])
    }

    private func register(in metrics: MetricsRegistry) {
        let counters: [(MetricName, String, any KeyPath<LogTally, Int> & Sendable)] = [
            ("log_records_accepted", "Records handed over by the event loops.", \.accepted),
            ("log_records_recovered", "Records found in the spool at start.", \.recovered),
            ("log_records_written", "Records taken by the log sink.", \.written),
            ("log_records_dropped", "Records given up.", \.dropped),
            ("log_records_sampled_out", "Records left out by sampling.", \.sampledOut),
            ("log_retries", "Batches given to the log sink again after it failed.", \.retries),
            ("log_usage_dropped", "Requests whose usage was given up.", \.droppedUsage),
        ]
        for (name, help, path) in counters {
            metrics.counter(name, help: help) { Double(self.tally[keyPath: path]) }
        }
        metrics.gauge("log_records_spooled", help: "Records in the spool.") { Double(self.tally.spooled) }
        metrics.gauge("log_records_queued", help: "Records in memory.") { Double(self.tally.queued) }
        metrics.gauge("log_sink_up", help: "1 if the log sink took the last batch, else 0.") {
            self.state.withLock { $0.machine.isSinkUp } ? 1 : 0
        }
    }
}
