import Logging
import WonkeyCore

/// Takes chunks from all event loops and brings them to the sink.
final class BatchWriter: Sendable {
    init(
        settings: RequestLogSettings,
        sink: any LogSink,
        spool: (any LogSpool)?,
        metrics: MetricsRegistry,
        clock: any Clock<Duration>,
        logger: Logger,
        instance: String
    ) {}
    func submit(_ chunk: RecordChunk) {}
    func run(whenClosing closeBuffers: () async -> Void) async {}
    func settled() async {}
}
