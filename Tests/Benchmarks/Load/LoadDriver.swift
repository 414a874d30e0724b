import NIOCore
import NIOPosix

/// Carries out a ``LoadPlan`` on one event loop.
///
/// Used on its event loop only.
final class LoadDriver {
    private let plan: LoadPlan
    private let eventLoop: any EventLoop
    private let finished: EventLoopPromise<LoadOutcome>
    private var pace = Pace()
    private var connections: [LoadConnection?]
    private var outcome: LoadOutcome
    private var startedAt = NIODeadline.now()
    /// Requests that fell due.
    private var due = 0
    private var underWay = 0
    private var isFinished = false

    init(_ plan: LoadPlan, eventLoop: any EventLoop) {
        self.plan = plan
        self.eventLoop = eventLoop
        self.finished = eventLoop.makePromise()
        self.connections = Array(repeating: nil, count: plan.connections)
        self.outcome = LoadOutcome(seconds: Double(plan.measured) / Double(plan.rate))
        self.outcome.latencies.reserveCapacity(plan.measured)
        self.outcome.lags.reserveCapacity(plan.measured)
    }

    /// Opens the connections and then sends.
    func start() -> EventLoopFuture<LoadOutcome> {
        let opened = (0..<self.plan.connections).map { self.open($0) }
        EventLoopFuture.andAllSucceed(opened, on: self.eventLoop).assumeIsolated().whenComplete { result in
            switch result {
            case .success:
                self.startedAt = .now()
                self.tick()
            case .failure(let error):
                self.isFinished = true
                self.finished.fail(error)
            }
        }
        return self.finished.futureResult
    }

    private func open(_ number: Int) -> EventLoopFuture<Void> {
        let driver = NIOLoopBound(self, eventLoop: self.eventLoop)
        return ClientBootstrap(group: self.eventLoop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let connection = LoadConnection(number: number, driver: driver.value)
                    try channel.pipeline.syncOperations.addHandler(connection)
                }
            }
            .connect(host: self.plan.host, port: self.plan.port)
            .map { _ in }
    }

    /// Sends what is due by now and comes back when the next is.
    private func tick() {
        let now = NIODeadline.now()
        while self.due < self.plan.total, self.startedAt + self.plan.due(self.due) <= now {
            let request = self.due
            self.due += 1
            self.send(self.pace.fellDue(request))
        }
        guard self.due < self.plan.total else {
            self.finishIfDone()
            self.eventLoop.assumeIsolated().scheduleTask(in: LoadPlan.patience) { self.finish() }
            return
        }
        self.eventLoop.assumeIsolated().scheduleTask(deadline: self.startedAt + self.plan.due(self.due)) { self.tick() }
    }

    private func send(_ sending: Pace.Sending?) {
        guard let sending, let connection = self.connections[sending.connection] else { return }
        if sending.request >= self.plan.unmeasured {
            let lag = NIODeadline.now() - (self.startedAt + self.plan.due(sending.request))
            self.outcome.lags.append(lag.nanoseconds)
        }
        self.underWay += 1
        connection.send(self.plan.request, number: sending.request)
    }

    private func finishIfDone() {
        if self.due == self.plan.total, self.underWay == 0, self.pace.waitingCount == 0 { self.finish() }
    }

    private func finish() {
        guard !self.isFinished else { return }
        self.isFinished = true
        self.outcome.unanswered = self.underWay + self.pace.waitingCount
        for connection in self.connections { connection?.close() }
        self.finished.succeed(self.outcome)
    }
}

// MARK: What connections report

extension LoadDriver {
    func opened(_ connection: LoadConnection) {
        self.connections[connection.number] = connection
        self.send(self.pace.becameFree(connection.number))
    }

    func answered(_ connection: LoadConnection, request: Int, status: Int, at time: NIODeadline) {
        self.underWay -= 1
        if request >= self.plan.unmeasured {
            self.outcome.latencies.append((time - (self.startedAt + self.plan.due(request))).nanoseconds)
            if status >= 400 { self.outcome.failed += 1 }
        }
        self.send(self.pace.becameFree(connection.number))
        self.finishIfDone()
    }

    /// A connection has ended; a new one takes its place.
    func ended(_ connection: LoadConnection, wasBusy: Bool) {
        self.pace.ended(connection.number)
        self.connections[connection.number] = nil
        if wasBusy {
            self.underWay -= 1
            self.outcome.broken += 1
        }
        guard !self.isFinished else { return }
        self.finishIfDone()
        // Where nobody listens any more, the others go on and the figures tell.
        self.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(10)) {
            if !self.isFinished { _ = self.open(connection.number) }
        }
    }
}
