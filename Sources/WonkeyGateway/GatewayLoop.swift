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
    let snapshot: GatewaySnapshot
    let resources: GatewayResources
    let metrics: LoopMetrics
    let gate: LimitGate
    let records: RecordBuffer
    /// By the index of the route in the snapshot's table.
    let routes: [LoopRoute]
    private let senders: [String: UpstreamSender]
    private var requestIDs: RequestIDGenerator
    private var traceIDs: TraceIDGenerator
    private var unknownKeys = UnknownKeyBudget()
    /// Local answers under way on this loop.
    private(set) var localAnswers = 0

    /// Local answers per event loop at most; above it 503.
    static let localAnswersMax = 256

    /// Makes the gateway of one loop; called on that loop.
    ///
    /// - Parameters:
    ///   - eventLoop: Runs everything here.
    ///   - snapshot: What is served.
    ///   - resources: Shared with other loops.
    ///   - gate: This loop's limits.
    ///   - records: This loop's log buffer.
    ///   - seed: Random; for request ids.
    package init(
        eventLoop: any EventLoop,
        snapshot: GatewaySnapshot,
        resources: GatewayResources,
        gate: LimitGate,
        records: RecordBuffer,
        seed: UInt64
    ) {
        self.eventLoop = eventLoop
        self.snapshot = snapshot
        self.resources = resources
        let metrics = resources.metrics.part(of: eventLoop)
        self.metrics = metrics
        self.gate = gate
        self.records = records
        self.requestIDs = RequestIDGenerator(seed: seed)
        self.traceIDs = TraceIDGenerator(seeds: (.random(in: .min ... .max), .random(in: .min ... .max)))
        let senders = Dictionary(
            uniqueKeysWithValues: snapshot.upstreams.map { name, upstream in
                (name, Self.sender(to: upstream, name: name, on: eventLoop, resources))
            }
        )
        self.senders = senders
        self.routes = zip(snapshot.table.routes, snapshot.plans).map { rule, plan in
            LoopRoute(
                rule,
                plan: plan,
                metrics: metrics.route(rule.name),
                action: Self.action(of: rule, snapshot, senders, metrics)
            )
        }
    }

    private static func sender(
        to upstream: UpstreamDefinition,
        name: String,
        on eventLoop: any EventLoop,
        _ resources: GatewayResources
    ) -> UpstreamSender {
        let metrics = resources.metrics.upstreams
        switch upstream.kind {
        case .single(let settings):
            return .pool(
                UpstreamPool(
                    eventLoop: eventLoop,
                    settings: settings,
                    logger: resources.logger,
                    pending: metrics.pending(of: name)
                )
            )
        case .balanced(let monitor):
            return .balancer(
                UpstreamBalancer(eventLoop: eventLoop, monitor: monitor, metrics: metrics, logger: resources.logger)
            )
        }
    }

    private static func action(
        of route: Route,
        _ snapshot: GatewaySnapshot,
        _ senders: [String: UpstreamSender],
        _ metrics: LoopMetrics
    ) -> LoopRoute.Action {
        switch route.action {
        case .proxy(let name):
            guard let sender = senders[name], let upstream = snapshot.upstreams[name] else {
                preconditionFailure("a snapshot's routes name upstreams it has")
            }
            let rules = route.rewrite?.applied(to: upstream.rules) ?? upstream.rules
            return .proxy(sender, rules, metrics.upstream(name))
        case .generate(let name):
            guard let endpoint = snapshot.endpoints[name] else {
                preconditionFailure("a snapshot's routes name endpoints it has")
            }
            return .generate(endpoint)
        case .respond(let response): return .respond(response)
        case .redirect(let status, let target): return .redirect(status: status, to: target)
        }
    }

    package func makeHandler(for exchange: ServerExchange) -> any RequestHandler {
        GatewayExchange(exchange, on: self)
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
        for sender in self.senders.values { sender.shutdown() }
    }
}
