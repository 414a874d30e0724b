package import NIOCore
import ServiceLifecycle
import Synchronization
import WonkeyCore

/// What one event loop tells of its requests besides metrics and the request log.
package final class LoopTelemetry {
    let tracer: LoopTracer?
    private let access: LoopBatch<AccessEntry>?

    fileprivate init(tracer: LoopTracer?, access: LoopBatch<AccessEntry>?) {
        self.tracer = tracer
        self.access = access
    }

    /// Whether requests are to be described for the access log.
    var logsAccess: Bool { self.access != nil }

    func log(_ entry: AccessEntry) {
        self.access?.append(entry)
    }

    fileprivate func close() {
        self.access?.close()
        self.tracer?.spans.close()
    }
}

/// Telemetry as configured; made once per process.
///
/// Its services stop after the listeners, so that the last requests are told of, too.
package final class Telemetry: Service {
    package let accessLog: AccessLog?
    package let exporter: SpanExporter?
    private let sample: Int
    private let loops = Mutex<[NIOLoopBound<LoopTelemetry>]>([])

    /// Puts the parts together; `nil` if there are none.
    ///
    /// - Parameters:
    ///   - accessLog: Writes lines.
    ///   - exporter: Sends spans.
    ///   - sample: Of requests that are part of no trace, one out of this many begins one that is recorded.
    package init?(accessLog: AccessLog?, exporter: SpanExporter?, sample: Int) {
        guard accessLog != nil || exporter != nil else { return nil }
        self.accessLog = accessLog
        self.exporter = exporter
        self.sample = sample
    }

    /// Makes the part of an event loop; called on that loop.
    package func part(of eventLoop: any EventLoop) -> LoopTelemetry {
        let part = LoopTelemetry(
            tracer: self.exporter.map { exporter in
                LoopTracer(
                    sample: self.sample,
                    spans: LoopBatch(eventLoop: eventLoop, count: 64, every: .milliseconds(200)) {
                        exporter.submit($0)
                    }
                )
            },
            access: self.accessLog.map { log in
                LoopBatch(eventLoop: eventLoop, count: 64, every: .milliseconds(100)) { log.submit($0) }
            }
        )
        let bound = NIOLoopBound(part, eventLoop: eventLoop)
        self.loops.withLock { $0.append(bound) }
        return part
    }

    /// Writes and sends until graceful shutdown, and then what is left.
    package func run() async {
        await withDiscardingTaskGroup { group in
            if let log = self.accessLog { group.addTask { await log.run() } }
            if let exporter = self.exporter { group.addTask { await exporter.run() } }
            group.addTask {
                try? await gracefulShutdown()
                await self.closeLoops()
                self.accessLog?.close()
                self.exporter?.close()
            }
        }
    }

    /// Makes every loop hand over what it holds; a loop that has shut down holds nothing any more.
    private func closeLoops() async {
        for part in self.loops.withLock(\.self) {
            try? await part.eventLoop.submit { part.value.close() }.get()
        }
    }
}
