import WonkeyCore
import WonkeyHTTP

/// Decides which requests of an event loop are recorded as spans, and collects these.
final class LoopTracer {
    let spans: LoopBatch<SpanRecord>
    private let sample: Int
    private var counter = 0

    init(sample: Int, spans: LoopBatch<SpanRecord>) {
        self.spans = spans
        self.sample = sample
    }

    /// Whether a request that is part of no trace begins one that is recorded.
    func beginsTrace() -> Bool {
        self.counter += 1
        guard self.counter >= self.sample else { return false }
        self.counter = 0
        return true
    }
}
