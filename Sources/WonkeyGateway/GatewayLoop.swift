package import Logging
package import NIOCore
package import WonkeyCore
package import WonkeyHTTP

/// What the event loops of a process share.
///
/// A class, so that a request that reaches for one of them retains one object instead of all.
package final class GatewayResources: Sendable {
    package let cache: KeyCache
    package let loader: KeyLoader
    package let metrics: GatewayMetrics
    package let clock: any WallClock
    package let logger: Logger

    package init(
        cache: KeyCache,
        loader: KeyLoader,
        metrics: GatewayMetrics,
        clock: any WallClock,
        logger: Logger
    ) {
        self.cache = cache
        self.loader = loader
        self.metrics = metrics
        self.clock = clock
        self.logger = logger
    }
}

/// The gateway on one event loop: everything its requests need, reached without a lock.
package final class GatewayLoop: RequestHandlerFactory {
    let eventLoop: any EventLoop
    let resources: GatewayResources
    let metrics: LoopMetrics
    let gate: LimitGate
    /// Where answers to requests with idempotency keys are kept.
    let replays: (any ReplayStore)?
    let records: RecordBuffer
    /// What requests that begin now are served by.
    private(set) var generation: LoopGeneration
    /// `nil` if neither spans nor an access log are wanted.
    let telemetry: LoopTelemetry?
    private var requestIDs: RequestIDGenerator
    private var traceIDs: TraceIDGenerator
    private var unknownKeys = UnknownKeyBudget()
    private var requestsUnderWay = 0
    /// Local answers under way on this loop.
    private(set) var localAnswers = 0

    /// Local answers per event loop at most; above it 503.
    static let localAnswersMax = 256

    /// Makes the gateway of one loop; called on that loop.
    ///
    /// - Parameters:
    ///   - eventLoop: Runs everything here.
    ///   - snapshot: What is served at first.
    ///   - resources: Shared with other loops.
    ///   - gate: This loop's limits.
    ///   - replays: This loop's store of answers; needed by routes with idempotency keys.
    ///   - records: This loop's log buffer.
    ///   - telemetry: This loop's part of it.
    ///   - seed: Random; for request ids.
    package init(
        eventLoop: any EventLoop,
        snapshot: GatewaySnapshot,
        resources: GatewayResources,
        gate: LimitGate,
        replays: (any ReplayStore)? = nil,
        records: RecordBuffer,
        telemetry: LoopTelemetry? = nil,
        seed: UInt64
    ) {
        self.eventLoop = eventLoop
        self.resources = resources
        let metrics = resources.metrics.part(of: eventLoop)
        self.metrics = metrics
        self.gate = gate
        self.replays = replays
        self.records = records
        self.telemetry = telemetry
        self.requestIDs = RequestIDGenerator(seed: seed)
        self.traceIDs = TraceIDGenerator(seeds: (.random(in: .min ... .max), .random(in: .min ... .max)))
        self.generation = LoopGeneration(snapshot, on: eventLoop, resources, metrics, replacing: nil)
    }

    /// Serves another generation from the next request on; called on the loop.
    ///
    /// An older one than is served is left alone: two on their way may arrive in either order.
    package func take(_ snapshot: GatewaySnapshot) {
        guard snapshot.generation > self.generation.snapshot.generation else { return }
        let previous = self.generation
        self.generation = LoopGeneration(
            snapshot,
            on: self.eventLoop,
            self.resources,
            self.metrics,
            replacing: previous
        )
        previous.retire(for: self.generation)
    }

    package func makeHandler(for exchange: ServerExchange) -> any RequestHandler {
        GatewayExchange(exchange, on: self)
    }

    /// Whether the request that just came is one too many.
    var isOverloaded: Bool { self.requestsUnderWay > self.generation.snapshot.requestsPerLoopMax }

    func requestBegins() {
        self.requestsUnderWay += 1
        self.metrics.inFlight.add(1)
    }

    func requestEnds() {
        self.requestsUnderWay -= 1
        self.metrics.inFlight.add(-1)
    }

    func nextRequestID(at now: Timestamp) -> String { self.requestIDs.next(at: now) }

    /// The beginning of a new trace.
    func nextTrace(isSampled: Bool) -> TraceParent {
        TraceParent(
            traceID: self.traceIDs.nextTrace(),
            spanID: self.traceIDs.nextSpan(),
            isSampled: isSampled,
            isRandom: true
        )
    }

    func nextSpanID() -> SpanID { self.traceIDs.nextSpan() }

    /// Milliseconds of a clock that never goes back.
    var uptimeMs: Int64 { Int64(NIODeadline.now().uptimeNanoseconds / 1_000_000) }

    func unknownKeyDelay(for address: String) -> Duration? {
        self.unknownKeys.delay(for: address, now: self.uptimeMs)
    }

    func unknownKeyPresented(by address: String) {
        self.unknownKeys.spend(for: address, now: self.uptimeMs)
    }

    func localAnswerBegins() -> Bool {
        guard self.localAnswers < Self.localAnswersMax else { return false }
        self.localAnswers += 1
        return true
    }

    func localAnswerEnds() {
        self.localAnswers -= 1
    }

    /// Closes idle upstream connections and lets running exchanges end; called on the loop.
    package func shutdown() {
        self.generation.shutdown()
    }
}
