package import Logging
package import NIOCore
import ServiceLifecycle
import Synchronization
package import WonkeyCore

/// The way of a record from its event loop to the sink: buffers, one per loop, and the writer behind them.
///
/// Start it before the listeners, so that a `ServiceGroup` stops it after them.
package final class RequestLog: Service {
    private let settings: RequestLogSettings
    private let writer: BatchWriter
    private struct State {
        var buffers: [NIOLoopBound<RecordBuffer>] = []
        var sampling: LogSampling
    }

    private let state: Mutex<State>

    /// Makes the log; nothing is written before ``run()``.
    ///
    /// - Parameters:
    ///   - settings: `logs:` of the configuration.
    ///   - sink: Where batches go.
    ///   - spool: Where batches wait while the sink is away; `nil` lets them wait in memory only.
    ///   - metrics: Gets `wonkey_log_…`.
    ///   - clock: Measures waits; the continuous clock in production.
    ///   - logger: Told of outages.
    ///   - instance: Unique to this process, such as its start and random digits; batch ids begin with it.
    package init(
        settings: RequestLogSettings,
        sink: any LogSink,
        spool: (any LogSpool)?,
        metrics: MetricsRegistry,
        clock: any Clock<Duration> = .continuous,
        logger: Logger,
        instance: String
    ) {
        self.settings = settings
        self.state = Mutex(State(sampling: LogSampling(oneOutOf: settings.sample)))
        self.writer = BatchWriter(
            settings: settings,
            sink: sink,
            spool: spool,
            metrics: metrics,
            clock: clock,
            logger: logger,
            instance: instance
        )
    }

    /// What became of the records so far.
    package var tally: LogTally { self.writer.tally }

    /// Makes the buffer of an event loop; called on that loop, once per loop.
    package func makeBuffer(eventLoop: any EventLoop) -> RecordBuffer {
        let writer = self.writer
        let buffer = RecordBuffer(eventLoop: eventLoop, settings: self.settings) { writer.submit($0) }
        let bound = NIOLoopBound(buffer, eventLoop: eventLoop)
        let sampling = self.state.withLock { state in
            state.buffers.append(bound)
            return state.sampling
        }
        buffer.setSampling(sampling)
        return buffer
    }

    /// Logs another share of the requests from now on.
    package func setSampling(_ sampling: LogSampling) async {
        self.state.withLock { $0.sampling = sampling }
        await self.forEachBuffer { $0.setSampling(sampling) }
    }

    /// Writes until graceful shutdown; then gives everything to the sink or, past the deadline, to the spool.
    package func run() async {
        await self.writer.run(closingBuffers: { await self.forEachBuffer { $0.close() } })
    }

    /// Waits until everything appended so far has reached the sink or the spool, or was dropped.
    ///
    /// Only while ``run()`` runs.
    package func flush() async {
        await self.forEachBuffer { $0.flush() }
        await self.writer.settled()
    }

    /// Visits every buffer on its loop; a loop that has shut down has no records any more.
    private func forEachBuffer(_ visit: @escaping @Sendable (RecordBuffer) -> Void) async {
        for buffer in self.state.withLock(\.buffers) {
            try? await buffer.eventLoop.submit { visit(buffer.value) }.get()
        }
    }
}
