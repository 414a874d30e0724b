/// Decides when spans are sent, sent again, or given up.
///
/// Pure: no clock, no task, no I/O. One batch is under way at a time; what arrives meanwhile waits, up to a bound.
package struct ExportStateMachine {
    package struct Settings: Equatable, Sendable {
        /// Spans of one batch at most.
        package var batch = 512
        /// How long a span waits for others to fill a batch.
        package var every: Duration = .seconds(1)
        /// Spans that wait, the batch under way included; more are dropped.
        package var queue = 8_192
        /// Tries of one batch; then it is given up.
        package var attempts = 8
        package var retryAfter: Duration = .seconds(1)
        package var retryAfterMax: Duration = .seconds(30)
        /// For what is left at shutdown.
        package var shutdownTimeout: Duration = .seconds(3)

        package init() {}
    }

    package enum Action: Equatable, Sendable {
        case send([SpanRecord])
        /// For news, or until that time.
        case wait(until: Duration?)
        case stop
    }

    package enum Outcome: Equatable, Sendable {
        /// Taken, but for so many.
        case accepted(rejected: Int)
        /// The collector is away or overloaded; it may have said for how long.
        case retry(after: Duration?)
        /// The collector will never take this batch.
        case refused
    }

    package struct Tally: Equatable, Sendable {
        package var exported = 0
        /// There was no room.
        package var overflowed = 0
        /// The collector refused them.
        package var refused = 0
        /// Tried too often, or at shutdown for too long.
        package var givenUp = 0
        package var retries = 0

        package init() {}
    }

    private enum State {
        case idle
        /// A batch is with the collector for the so-manieth time.
        case sending([SpanRecord], attempt: Int)
        /// A batch waits to be sent again.
        case resting([SpanRecord], attempt: Int, until: Duration)
    }

    private let settings: Settings
    private var waiting: [SpanRecord] = []
    /// When the span that waits longest came.
    private var waitingSince: Duration = .zero
    private var state = State.idle
    private var closesAt: Duration?
    package private(set) var tally = Tally()

    package init(_ settings: Settings) {
        self.settings = settings
    }

    /// Spans in memory.
    package var queued: Int {
        switch self.state {
        case .idle: self.waiting.count
        case .sending(let batch, _), .resting(let batch, _, _): self.waiting.count + batch.count
        }
    }

    /// Takes spans in as far as there is room.
    package mutating func arrived(_ spans: [SpanRecord], at now: Duration) {
        let room = max(0, self.settings.queue - self.queued)
        if self.waiting.isEmpty { self.waitingSince = now }
        self.waiting += spans.prefix(room)
        self.tally.overflowed += max(0, spans.count - room)
    }

    /// No more spans come; what is left has until `now` plus the timeout.
    package mutating func close(at now: Duration, timeout: Duration? = nil) {
        let end = now + (timeout ?? self.settings.shutdownTimeout)
        self.closesAt = min(self.closesAt ?? end, end)
    }

    /// What is to be done now.
    package mutating func next(at now: Duration) -> Action {
        if let end = self.closesAt, now >= end {
            self.tally.givenUp += self.queued
            self.waiting = []
            self.state = .idle
            return .stop
        }
        switch self.state {
        case .sending: return .wait(until: self.closesAt)
        case .resting(let batch, let attempt, let until):
            guard now >= until else { return .wait(until: self.sooner(until)) }
            self.tally.retries += 1
            self.state = .sending(batch, attempt: attempt + 1)
            return .send(batch)
        case .idle: return self.nextBatch(at: now)
        }
    }

    private mutating func nextBatch(at now: Duration) -> Action {
        guard !self.waiting.isEmpty else { return self.closesAt == nil ? .wait(until: nil) : .stop }
        let due = self.waitingSince + self.settings.every
        guard self.waiting.count >= self.settings.batch || now >= due || self.closesAt != nil else {
            return .wait(until: due)
        }
        let batch = Array(self.waiting.prefix(self.settings.batch))
        self.waiting.removeFirst(batch.count)
        self.waitingSince = now
        self.state = .sending(batch, attempt: 1)
        return .send(batch)
    }

    private func sooner(_ time: Duration) -> Duration { min(time, self.closesAt ?? time) }

    /// The batch under way came to an end.
    ///
    /// - Parameters:
    ///   - outcome: What the collector said.
    ///   - now: The time.
    ///   - jitter: 0 to 1; spreads tries of many processes.
    package mutating func sent(_ outcome: Outcome, at now: Duration, jitter: Double) {
        // A batch that was given up at shutdown has no outcome.
        guard case .sending(let batch, let attempt) = self.state else { return }
        self.state = .idle
        switch outcome {
        case .accepted(let rejected):
            self.tally.exported += batch.count - min(rejected, batch.count)
            self.tally.refused += min(rejected, batch.count)
        case .refused: self.tally.refused += batch.count
        case .retry(let delay):
            guard attempt < self.settings.attempts else {
                self.tally.givenUp += batch.count
                return
            }
            let doubled = self.settings.retryAfter * (1 << min(attempt - 1, 20))
            let backoff = min(doubled, self.settings.retryAfterMax) * (0.5 + jitter / 2)
            let rest = min(max(delay ?? .zero, backoff), self.settings.retryAfterMax * 10)
            self.state = .resting(batch, attempt: attempt, until: now + rest)
        }
    }
}
