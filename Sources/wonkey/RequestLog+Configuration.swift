import Foundation
import Logging
import WonkeyConfig
import WonkeyCore
import WonkeyGateway
import WonkeyStore

extension RequestLog {
    /// The log as configured: to the store, to standard output or nowhere, spooled while that is away.
    ///
    /// - Parameters:
    ///   - settings: `logs:` of the configuration.
    ///   - store: Gets the usage, and the records unless they go to standard output.
    ///   - metrics: Gets `wonkey_log_…`.
    /// - Throws: ``WonkeyCore/StoreError`` if the spool directory is not usable.
    convenience init(_ settings: Configuration.Logs, store: Store, metrics: MetricsRegistry) throws {
        let sink: any LogSink =
            switch settings.sink {
            case .store, .none: store.logSink
            case .stdout: UsageSplittingSink(usage: store.logSink, records: JSONLinesSink())
            }
        self.init(
            settings: RequestLogSettings(
                rows: settings.batch.rows,
                every: settings.batch.every,
                queue: max(settings.queue, settings.batch.rows),
                sample: settings.sample,
                scope: settings.sink == .none ? .usage : .everything
            ),
            sink: sink,
            spool: try FileSpool(
                directory: settings.spool.directory,
                sizeMax: Int64(settings.spool.maxSize),
                logger: Logger(label: "wonkey.spool")
            ),
            metrics: metrics,
            logger: Logger(label: "wonkey.log"),
            instance: "\(Int(Date().timeIntervalSince1970 * 1_000))-\(UInt64.random(in: .min ... .max))"
        )
    }
}
