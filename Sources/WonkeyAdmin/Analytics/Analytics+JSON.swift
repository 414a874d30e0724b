import WonkeyCore

extension ReadOverview.Outcome: Representable {
    package var json: JSONValue {
        let figures = self.overview.figures
        let counts = figures.counts
        return [
            "project_id": .string(self.projectID.rawValue),
            "from": .string(self.span.from.rfc3339),
            "to": .string(self.span.to.rfc3339),
            "requests": .integer(counts.requests),
            "errors": .integer(counts.errors),
            "client_errors": .integer(counts.clientErrors),
            "server_errors": .integer(counts.serverErrors),
            "error_rate": .number(figures.errorRate),
            "latency_us": [
                "p50": JSONValue(figures.latency.quantile(0.5)),
                "p95": JSONValue(figures.latency.quantile(0.95)),
                "p99": JSONValue(figures.latency.quantile(0.99)),
            ],
            "bytes_received": .integer(counts.bytesReceived),
            "bytes_sent": .integer(counts.bytesSent),
            "images": .integer(counts.images),
            "top_keys": .array(self.overview.topKeys.map { Self.json($0, "key_id") }),
            "top_paths": .array(self.overview.topPaths.map { Self.json($0, "path") }),
        ]
    }

    private static func json(_ rank: AnalyticsRank, _ name: String) -> JSONValue {
        .object([
            .init(name, .string(rank.value)),
            .init("requests", .integer(rank.counts.requests)),
            .init("errors", .integer(rank.counts.errors)),
            .init("error_rate", .number(AnalyticsFigures(counts: rank.counts).errorRate)),
        ])
    }
}

extension ReadTimeseries.Outcome: Representable {
    package var json: JSONValue {
        let points = self.span.numbers.map { number -> JSONValue in
            [
                "time": .string(self.span.bucket.start(of: number).rfc3339),
                "value": self.metric.value(of: self.figures[number] ?? AnalyticsFigures()),
            ]
        }
        return [
            "project_id": .string(self.projectID.rawValue),
            "from": .string(self.span.from.rfc3339),
            "to": .string(self.span.to.rfc3339),
            "bucket": .string(self.span.bucket.rawValue),
            "metric": .string(self.metric.rawValue),
            "unit": .string(self.metric.unit),
            "data": .array(points),
        ]
    }
}
