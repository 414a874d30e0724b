import WonkeyCore

/// A figure that a timeseries shows.
package enum AnalyticsMetric: String, Sendable, CaseIterable {
    case requests, errors
    case clientErrors = "client_errors"
    case serverErrors = "server_errors"
    case errorRate = "error_rate"
    case latencyP50 = "latency_p50"
    case latencyP95 = "latency_p95"
    case latencyP99 = "latency_p99"
    case bytes
    case bytesReceived = "bytes_received"
    case bytesSent = "bytes_sent"
    case images

    /// What its values count: microseconds for latencies, 1 for a rate.
    package var unit: String {
        switch self {
        case .requests, .errors, .clientErrors, .serverErrors: "requests"
        case .errorRate: "1"
        case .latencyP50, .latencyP95, .latencyP99: "us"
        case .bytes, .bytesReceived, .bytesSent: "bytes"
        case .images: "images"
        }
    }

    /// The value of one bucket; `null` for a latency where nothing was requested.
    func value(of figures: AnalyticsFigures) -> JSONValue {
        let counts = figures.counts
        switch self {
        case .requests: return .integer(counts.requests)
        case .errors: return .integer(counts.errors)
        case .clientErrors: return .integer(counts.clientErrors)
        case .serverErrors: return .integer(counts.serverErrors)
        case .errorRate: return .number(figures.errorRate)
        case .latencyP50: return JSONValue(figures.latency.quantile(0.5))
        case .latencyP95: return JSONValue(figures.latency.quantile(0.95))
        case .latencyP99: return JSONValue(figures.latency.quantile(0.99))
        case .bytes: return .integer(counts.bytesReceived.addingSaturating(counts.bytesSent))
        case .bytesReceived: return .integer(counts.bytesReceived)
        case .bytesSent: return .integer(counts.bytesSent)
        case .images: return .integer(counts.images)
        }
    }
}

extension RollupCounts {
    /// The errors that are not the server's.
    var clientErrors: Int64 { max(0, self.errors - self.serverErrors) }
}

extension Int64 {
    fileprivate func addingSaturating(_ other: Int64) -> Int64 {
        let (sum, overflows) = self.addingReportingOverflow(other)
        return overflows ? .max : sum
    }
}

extension JSONValue {
    /// A whole number, or `null`.
    init(_ number: Int64?) {
        self = number.map(JSONValue.integer) ?? .null
    }
}
