import NIOCore

/// What is sent, where, how often and how long.
struct LoadPlan: Sendable {
    var host: String
    var port: Int
    var request: ByteBuffer
    var connections: Int
    /// Requests per second.
    var rate: Int
    /// Requests sent first that no figure counts.
    var unmeasured: Int
    var measured: Int

    /// How long answers are waited for after the last request.
    static let patience = TimeAmount.seconds(5)

    var total: Int { self.unmeasured + self.measured }

    /// When a request is due, counted from the start.
    func due(_ number: Int) -> TimeAmount {
        .nanoseconds(Int64(number) * 1_000_000_000 / Int64(self.rate))
    }
}

/// What came of it.
struct LoadOutcome: Sendable {
    /// Nanoseconds from when each measured request was due to the end of its answer.
    var latencies: [Int64] = []
    /// Nanoseconds from when each measured request was due to its sending.
    var lags: [Int64] = []
    /// Answers with a status from 400 on.
    var failed = 0
    /// Connections that ended or answered what is no HTTP while a request was under way.
    var broken = 0
    /// Requests without an answer in the end.
    var unanswered = 0
    var seconds: Double

    var json: String {
        let latencies = self.latencies.sorted()
        let lags = self.lags.sorted()
        let figures: [(String, Double)] = [
            ("requests", Double(latencies.count)), ("failed", Double(self.failed)), ("broken", Double(self.broken)),
            ("unanswered", Double(self.unanswered)), ("rate", Double(latencies.count) / self.seconds),
            ("p50", Self.quantile(0.5, of: latencies)), ("p90", Self.quantile(0.9, of: latencies)),
            ("p99", Self.quantile(0.99, of: latencies)), ("p999", Self.quantile(0.999, of: latencies)),
            ("max", Self.quantile(1, of: latencies)), ("lag_p50", Self.quantile(0.5, of: lags)),
            ("lag_p99", Self.quantile(0.99, of: lags)),
        ]
        return "{" + figures.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
    }

    /// In microseconds; 0 of nothing.
    private static func quantile(_ share: Double, of sorted: [Int64]) -> Double {
        guard !sorted.isEmpty else { return 0 }
        let index = min(sorted.count - 1, Int(share * Double(sorted.count)))
        return Double(sorted[index]) / 1_000
    }
}
