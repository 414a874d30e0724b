package import Logging
import Synchronization
package import WonkeyCore

/// Sends spans to an OpenTelemetry collector, off the event loops.
package final class SpanExporter: Sendable {
    /// Where and as what spans are sent.
    package struct Destination: Sendable {
        /// Of traces: `https://collector:4318/v1/traces`.
        package var url: String
        package var headers: [(name: String, value: String)]
        /// For one batch.
        package var timeout: Duration
        package var resource: [SpanRecord.Attribute]
        /// Of the program.
        package var version: String

        package init(
            url: String,
            headers: [(name: String, value: String)],
            timeout: Duration,
            resource: [SpanRecord.Attribute],
            version: String
        ) {
            self.url = url
            self.headers = headers
            self.timeout = timeout
            self.resource = resource
            self.version = version
        }
    }

    private struct State {
        var machine: ExportStateMachine
        /// When a timer will wake the loop next.
        var timer: Duration?
        var isCollectorAway = false
    }

    private let destination: Destination
    private let client: any ServiceClient
    private let logger: Logger
    private let start = ContinuousClock.now
    private let state: Mutex<State>
    private let wakes: AsyncStream<Void>
    private let waker: AsyncStream<Void>.Continuation

    /// Makes an exporter; nothing is sent before ``run()``.
    ///
    /// - Parameters:
    ///   - settings: Of batches and tries.
    ///   - destination: Where to.
    ///   - client: Sends batches.
    ///   - metrics: Gets `wonkey_otlp_…`.
    ///   - logger: Told when the collector goes and comes back.
    package init(
        _ settings: ExportStateMachine.Settings,
        to destination: Destination,
        over client: any ServiceClient,
        metrics: MetricsRegistry,
        logger: Logger
    ) {
        self.destination = destination
        self.client = client
        self.logger = logger
        self.state = Mutex(State(machine: ExportStateMachine(settings)))
        (self.wakes, self.waker) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.register(in: metrics)
    }

    package var tally: ExportStateMachine.Tally { self.state.withLock { $0.machine.tally } }

    private var now: Duration { ContinuousClock.now - self.start }

    /// Takes spans in, or drops what there is no room for; never waits.
    package func submit(_ spans: [SpanRecord]) {
        let now = self.now
        self.state.withLock { $0.machine.arrived(spans, at: now) }
        self.waker.yield()
    }

    /// Sends what is left, for as long as the settings allow.
    package func close(timeout: Duration? = nil) {
        let now = self.now
        self.state.withLock { $0.machine.close(at: now, timeout: timeout) }
        self.waker.yield()
    }

    /// Sends until ``close(timeout:)`` and then until nothing is left.
    package func run() async {
        await withDiscardingTaskGroup { group in
            var wakes = self.wakes.makeAsyncIterator()
            while self.advance(&group) {
                if await wakes.next() == nil { self.close(timeout: .zero) }
            }
            group.cancelAll()
        }
    }

    /// Carries out what the machine says.
    ///
    /// - Returns: Whether there is more to come.
    private func advance(_ group: inout DiscardingTaskGroup) -> Bool {
        while true {
            let now = self.now
            switch self.state.withLock({ $0.machine.next(at: now) }) {
            case .send(let batch): group.addTask { await self.send(batch) }
            case .wait(let time):
                if let time { self.startTimer(until: time, now, &group) }
                return true
            case .stop: return false
            }
        }
    }

    private func startTimer(until time: Duration, _ now: Duration, _ group: inout DiscardingTaskGroup) {
        let isNeeded = self.state.withLock { state in
            if let timer = state.timer, timer > now, timer <= time { return false }
            state.timer = time
            return true
        }
        guard isNeeded else { return }
        group.addTask {
            try? await Task.sleep(for: time - now)
            self.state.withLock { if $0.timer == time { $0.timer = nil } }
            self.waker.yield()
        }
    }

    private func register(in metrics: MetricsRegistry) {
        let counters: [(MetricName, String, any KeyPath<ExportStateMachine.Tally, Int> & Sendable)] = [
            ("otlp_spans_exported", "Spans the collector took.", \.exported),
            ("otlp_spans_overflowed", "Spans dropped because the queue was full.", \.overflowed),
            ("otlp_spans_refused", "Spans the collector refused.", \.refused),
            ("otlp_spans_given_up", "Spans given up after too many tries, or at the stop.", \.givenUp),
            ("otlp_retries", "Batches sent again.", \.retries),
        ]
        for (name, help, path) in counters {
            metrics.counter(name, help: help) { Double(self.tally[keyPath: path]) }
        }
        metrics.gauge("otlp_spans_queued", help: "Spans that wait or are under way.") {
            Double(self.state.withLock { $0.machine.queued })
        }
    }
}

// MARK: - One batch

extension SpanExporter {
    private func send(_ batch: [SpanRecord]) async {
        let body = OTLPTraces.json(batch, resource: self.destination.resource, version: self.destination.version)
        let request = ServiceRequest(
            method: "POST",
            url: self.destination.url,
            headers: [(name: "Content-Type", value: OTLPTraces.contentType)] + self.destination.headers,
            body: body,
            timeout: self.destination.timeout,
            responseSizeMax: 64 << 10
        )
        let outcome: ExportStateMachine.Outcome
        let reason: String
        do throws(ServiceError) {
            let response = try await self.client.send(request)
            outcome = Self.outcome(of: response)
            reason = "status \(response.status)"
        } catch {
            outcome = Self.outcome(of: error)
            reason = error.message
        }
        let now = self.now
        let jitter = Double.random(in: 0...1)
        let wasAway = self.state.withLock { state in
            state.machine.sent(outcome, at: now, jitter: jitter)
            defer { state.isCollectorAway = outcome.isAway }
            return state.isCollectorAway
        }
        self.tell(outcome, reason, wasAway: wasAway)
        self.waker.yield()
    }

    private func tell(_ outcome: ExportStateMachine.Outcome, _ reason: String, wasAway: Bool) {
        switch outcome {
        case .accepted(let rejected):
            if wasAway { self.logger.notice("the collector takes spans again") }
            if rejected > 0 {
                self.logger.warning("the collector refuses some spans", metadata: ["spans": "\(rejected)"])
            }
        case .retry:
            guard !wasAway else { return }
            self.logger.warning("the collector does not take spans; trying again", metadata: ["reason": "\(reason)"])
        case .refused: self.logger.warning("the collector refuses spans", metadata: ["reason": "\(reason)"])
        }
    }

    private static func outcome(of response: ServiceResponse) -> ExportStateMachine.Outcome {
        switch response.status {
        case 200..<300: .accepted(rejected: OTLPAnswer.rejectedSpans(in: response.body))
        case 429, 502, 503, 504:
            .retry(after: response.header("retry-after").flatMap(Int.init).map { .seconds(max(0, $0)) })
        default: .refused
        }
    }

    private static func outcome(of error: ServiceError) -> ExportStateMachine.Outcome {
        switch error.code {
        case .unreachable, .broken, .tls, .timedOut, .cancelled: .retry(after: nil)
        case .responseTooLarge, .invalidRequest: .refused
        }
    }
}

extension ExportStateMachine.Outcome {
    fileprivate var isAway: Bool {
        switch self {
        case .retry: true
        case .accepted, .refused: false
        }
    }
}
