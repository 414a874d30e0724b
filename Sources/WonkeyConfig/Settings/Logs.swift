package import WonkeyCore

extension Configuration {
    /// The request log (`logs`).
    package struct Logs: Hashable, Sendable {
        package enum Sink: String, Hashable, Sendable, CaseIterable {
            /// The database of `store`.
            case store
            /// JSON lines.
            case stdout
            /// Nowhere: no records and no sums of them. Usage per key and day is counted in the store all the same.
            case none
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
        /// How long records and their sums are kept.
        package var retention = LogRetention()

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

extension Configuration.Logs {
    static func read(_ section: inout Section) -> Self {
        var logs = Self()
        section.read(
            "sink",
            into: &logs.sink,
            .choice(.store, later: ["clickhouse"]),
            "Where records go: the database of store, JSON lines on stdout, or none; usage per key is counted anyway."
        )
        section.read("batch", into: &logs.batch, .section(Batch.read), "When a batch is written.")
        section.read("spool", into: &logs.spool, .section(Spool.read), "Where batches wait while the sink is away.")
        section.read(
            "queue",
            into: &logs.queue,
            .integer(1...10_000_000),
            "Records between the requests and the writer, at most; more are dropped and counted."
        )
        section.read(
            "sample",
            into: &logs.sample,
            .integer(1...1_000_000),
            "Logs one request out of this many; refused and failed requests always."
        )
        section.read(
            "retention",
            into: &logs.retention,
            .section(LogRetention.read),
            "How long records and their sums are kept; daily usage is kept for good."
        )
        return logs
    }
}

extension LogRetention {
    static func read(_ section: inout Section) -> Self {
        var retention = Self()
        let range = Duration.seconds(3_600)...(.seconds(3_650 * 86_400))
        section.read("records", into: &retention.records, .duration(range), "Single records; 1h to 3650d.")
        section.read("minutes", into: &retention.minutes, .duration(range), "Sums by minute; 1h to 3650d.")
        section.read("rollups", into: &retention.rollups, .duration(range), "Sums by hour and by day; 1h to 3650d.")
        return retention
    }
}

extension Configuration.Logs.Batch {
    static func read(_ section: inout Section) -> Self {
        var batch = Self()
        section.read(
            "rows",
            into: &batch.rows,
            .integer(1...10_000),
            "Records of a full batch; while the store is behind, full batches go together."
        )
        section.read(
            "every",
            into: &batch.every,
            .duration(.milliseconds(1)...(.seconds(60))),
            "How old a batch becomes before it is written, full or not; 1ms to 1m."
        )
        return batch
    }
}

extension Configuration.Logs.Spool {
    static func read(_ section: inout Section) -> Self {
        var spool = Self()
        section.read(
            "directory",
            into: &spool.directory,
            .text(Pattern("^[^\\x00]{1,4096}$", "a directory's path")),
            "A directory, relative to the working directory; made if it is missing."
        )
        section.read(
            "max_size",
            into: &spool.maxSize,
            .size((1 << 20)...(1 << 44)),
            "The most it may hold; 1MiB to 16TiB. Beyond, new records are dropped and counted."
        )
        return spool
    }
}

extension Configuration.Logging {
    static func read(_ section: inout Section) -> Self {
        var logging = Self()
        section.read("level", into: &logging.level, .choice(.info), "The least important messages that are written.")
        section.read("format", into: &logging.format, .choice(.text), "Lines for people, or JSON lines.")
        return logging
    }
}
