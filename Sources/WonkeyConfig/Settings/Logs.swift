extension Configuration {
    /// The request log (`logs`).
    package struct Logs: Hashable, Sendable {
        package enum Sink: String, Hashable, Sendable, CaseIterable {
            /// The database of `store`.
            case store
            /// JSON lines.
            case stdout
        }

        /// A batch is written when it is full or old enough, whichever comes first.
        package struct Batch: Hashable, Sendable {
            /// 1 to 10 000.
            package var rows = 500
            /// 1 ms to 1 min.
            package var every: Duration = .milliseconds(200)

            package init() {}
        }

        /// Where batches wait on disk while the sink is away.
        package struct Spool: Hashable, Sendable {
            package var directory = "data/spool"
            /// Bytes; the newest records are dropped, and counted, beyond.
            package var maxSize = 1 << 30

            package init() {}
        }

        package var sink: Sink = .store
        package var batch: Batch = .init()
        package var spool: Spool = .init()
        /// Records between the requests and the writer, at most; more are dropped and counted.
        package var queue = 10_000
        /// Logs one request out of this many; refused and failed requests always.
        package var sample = 1

        package init() {}
    }

    /// The program's own messages (`logging`), on standard error.
    package struct Logging: Hashable, Sendable {
        package enum Level: String, Hashable, Sendable, CaseIterable {
            case trace, debug, info, notice, warning, error, critical
        }

        package enum Format: String, Hashable, Sendable, CaseIterable {
            case text, json
        }

        package var level: Level = .info
        package var format: Format = .text

        package init() {}
    }
}
