import WonkeyCore

/// The lengths of time for which rollups with keys and paths are kept, each in a table of its own.
enum RollupGrain {
    case hour, day

    /// How many keys of a project have sums of their own within one hour or day; the rest shares
    /// ``WonkeyCore/RollupDelta/other``.
    var keysMax: Int { 5_000 }

    /// The same for paths.
    var pathsMax: Int {
        switch self {
        case .hour: 200
        case .day: 500
        }
    }

    var table: StaticString {
        switch self {
        case .hour: "usage_rollups_hourly"
        case .day: "usage_rollups_daily"
        }
    }

    /// The column that counts hours or days since 1970 (UTC).
    var slot: StaticString {
        switch self {
        case .hour: "hour"
        case .day: "day"
        }
    }

    var columns: [StaticString] {
        [
            "project_id", self.slot, "dimension", "value", "requests", "errors", "server_errors", "bytes_received",
            "bytes_sent", "images", "latency_histogram", "distinct_keys", "distinct_paths",
        ]
    }

    /// Adds counts and replaces the rest.
    var conflict: StaticString {
        switch self {
        case .hour:
            """
            ON CONFLICT (project_id, hour, dimension, value) DO UPDATE SET
                requests = usage_rollups_hourly.requests + excluded.requests,
                errors = usage_rollups_hourly.errors + excluded.errors,
                server_errors = usage_rollups_hourly.server_errors + excluded.server_errors,
                bytes_received = usage_rollups_hourly.bytes_received + excluded.bytes_received,
                bytes_sent = usage_rollups_hourly.bytes_sent + excluded.bytes_sent,
                images = usage_rollups_hourly.images + excluded.images,
                latency_histogram = excluded.latency_histogram,
                distinct_keys = excluded.distinct_keys,
                distinct_paths = excluded.distinct_paths
            """
        case .day:
            """
            ON CONFLICT (project_id, day, dimension, value) DO UPDATE SET
                requests = usage_rollups_daily.requests + excluded.requests,
                errors = usage_rollups_daily.errors + excluded.errors,
                server_errors = usage_rollups_daily.server_errors + excluded.server_errors,
                bytes_received = usage_rollups_daily.bytes_received + excluded.bytes_received,
                bytes_sent = usage_rollups_daily.bytes_sent + excluded.bytes_sent,
                images = usage_rollups_daily.images + excluded.images,
                latency_histogram = excluded.latency_histogram,
                distinct_keys = excluded.distinct_keys,
                distinct_paths = excluded.distinct_paths
            """
        }
    }

    func columns(of row: RollupRow, in span: RollupSpan) -> [SQLValue] {
        [span.projectID.sqlValue, span.slot.sqlValue, row.dimension.rawValue.sqlValue, row.value.sqlValue]
            + row.counts.columns + [
                row.latency.encoded.sqlValue, row.distinctKeys.sqlValue, row.distinctPaths.sqlValue,
            ]
    }
}

extension RollupCounts {
    /// `requests`, `errors`, `server_errors`, `bytes_received`, `bytes_sent`, `images`.
    var columns: [SQLValue] {
        [
            self.requests.sqlValue, self.errors.sqlValue, self.serverErrors.sqlValue, self.bytesReceived.sqlValue,
            self.bytesSent.sqlValue, self.images.sqlValue,
        ]
    }

    /// Reads what ``columns`` names.
    init(_ row: SQLRow, from column: Int) throws(StoreError) {
        self.init(
            requests: try row.integer(column),
            errors: try row.integer(column + 1),
            serverErrors: try row.integer(column + 2),
            bytesReceived: try row.integer(column + 3),
            bytesSent: try row.integer(column + 4),
            images: try row.integer(column + 5)
        )
    }
}

extension LatencyHistogram {
    /// Reads a stored histogram; a damaged one counts as empty, because the sums beside it are still good, and the log
    /// must go on.
    init(_ row: SQLRow, _ column: Int) throws(StoreError) {
        self = LatencyHistogram(encoded: try row.bytes(column)) ?? LatencyHistogram()
    }
}
