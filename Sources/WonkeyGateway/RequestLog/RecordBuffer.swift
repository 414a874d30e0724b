import NIOCore
package import WonkeyCore

/// Collects the records of one event loop without a lock and hands them over in chunks.
///
/// Used on its event loop only.
package final class RecordBuffer {
    private var machine: BatchStateMachine
    private let eventLoop: any EventLoop
    private let every: TimeAmount
    private let handOver: @Sendable (RecordChunk) -> Void

    init(
        eventLoop: any EventLoop,
        settings: RequestLogSettings,
        handOver: @escaping @Sendable (RecordChunk) -> Void
    ) {
        self.machine = BatchStateMachine(
            rows: settings.rows,
            sampling: LogSampling(oneOutOf: settings.sample),
            scope: settings.scope
        )
        self.eventLoop = eventLoop
        self.every = TimeAmount(settings.every)
        self.handOver = handOver
    }

    /// Takes the record of a finished request.
    ///
    /// - Parameters:
    ///   - record: Logged unless sampling leaves it out.
    ///   - use: Whether it counts as use of its key; counted whether it is logged or not.
    package func append(_ record: RequestRecord, use: RecordedUse) {
        self.eventLoop.assertInEventLoop()
        switch self.machine.append(record, use: use) {
        case .none: break
        case .startTimer: self.startTimer()
        case .handOver(let chunk): self.handOver(chunk)
        }
    }

    func setSampling(_ sampling: LogSampling) {
        self.machine.sampling = sampling
    }

    /// Hands over what was collected.
    func flush() {
        self.carryOut(self.machine.flush())
    }

    /// Hands over what was collected, and from now on every record at once.
    func close() {
        self.carryOut(self.machine.close())
    }

    private func startTimer() {
        self.eventLoop.assumeIsolated().scheduleTask(in: self.every) {
            self.carryOut(self.machine.timerFired())
        }
    }

    private func carryOut(_ action: BatchStateMachine.HandOverAction) {
        switch action {
        case .none: break
        case .handOver(let chunk): self.handOver(chunk)
        }
    }
}
