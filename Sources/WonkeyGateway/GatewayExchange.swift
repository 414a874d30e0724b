import NIOCore
import WonkeyCore
import WonkeyHTTP

/// One request on its way through the gateway; lives on its event loop.
///
/// The phases are in `Phases/`, one file each: routing → identification → verification → admission → action → recording.
/// A phase that has to wait passes on from its callback; ``isOver`` tells whether the client is still there.
final class GatewayExchange {
    /// What produces the answer.
    enum Answering {
        case nobody
        case proxy(UpstreamRequest)
        case local(LocalAnswer)
        /// Nobody yet: the body comes in first.
        case held(ReplayRun)
    }

    /// How far the answer is.
    enum AnswerState {
        case none, begun, complete
    }

    let exchange: ServerExchange
    let loop: GatewayLoop
    /// What it began with, and ends with, whatever is configured meanwhile.
    let generation: LoopGeneration
    let startedAt: NIODeadline
    let time: Timestamp

    var head: RequestHead?
    var client: ClientAddress?
    var id = ""
    var requestID = ""
    var route: LoopRoute?
    var key: KnownKey?
    /// The upstream's request head, from preparation to forwarding.
    var outgoing: OutgoingHead?
    var checks: [CounterCheck] = []
    var applied: [AppliedLimit] = []
    /// Where limits were taken from, until reserved images are settled.
    var admissionSource: AdmissionSource?
    /// Whether this request holds places of concurrency limits.
    var holdsLeases = false
    /// Of a request with an idempotency key.
    var replay: ReplayRun?
    /// Goes on although the client has left.
    private(set) var isDetached = false
    var limitVerdict = LimitVerdict.notChecked
    /// The limits in shadow that would have refused it.
    var shadowRefusals: [String] = []
    var answering = Answering.nobody
    /// Recorded only if the request's trace is.
    var trace: RequestTrace?
    /// Which of the upstream's targets answered, noted only for the access log.
    var target: String?
    var answerState = AnswerState.none
    var status = 0
    var images = 0
    var fault = Fault.none
    /// Once something else than HTTP is spoken.
    var tunnel: Tunnel?
    /// Nothing can be answered any more; whatever still arrives is ignored.
    var isOver = false

    init(_ exchange: ServerExchange, on loop: GatewayLoop) {
        self.exchange = exchange
        self.loop = loop
        self.generation = loop.generation
        self.startedAt = .now()
        self.time = loop.resources.clock.now
        loop.requestBegins()
    }

    /// The way of a request, in reading order.
    func pass(_ head: RequestHead) {
        if head.method == .options, self.answerPreflight(head) { return }
        switch self.matchRoute(head) {
        case .refused(let refusal): self.refuse(refusal)
        case .route(let route):
            guard route.rule.authentication == .required else {
                self.admit(head, route)
                return
            }
            switch self.identify(head) {
            case .refused(let refusal): self.refuse(refusal)
            case .key(let hash):
                self.verify(hash, for: route) { verdict in
                    switch verdict {
                    case .refused(let refusal): self.refuse(refusal)
                    case .granted: self.admit(head, route)
                    }
                }
            }
        }
    }

    private func admit(_ head: RequestHead, _ route: LoopRoute) {
        if let refusal = self.bodyRefusal(head, route) {
            self.refuse(refusal)
            return
        }
        if case .proxy(let destination) = route.action, !self.prepareForwarding(head, destination.rules) { return }
        if let rules = route.idempotency, self.holdForReplay(head, route, rules) { return }
        self.takeLimits(head, route) { refusal in
            if let refusal {
                self.refuse(refusal)
            } else {
                self.act(route)
            }
        }
    }

    func act(_ route: LoopRoute) {
        switch route.action {
        case .proxy(let destination): self.forward(to: destination)
        case .generate(let endpoint): self.answerLocally(by: endpoint)
        case .respond(let response): self.respond(fixed: response)
        case .redirect(let status, let target): self.redirect(status, to: target)
        }
    }
}

extension GatewayExchange: RequestHandler {
    func headReceived(_ head: RequestHead) {
        self.head = head
        self.client = ClientAddress.resolve(
            peer: self.exchange.remoteAddress,
            fields: head.fields,
            trusted: self.generation.snapshot.trustedProxies
        )
        self.chooseRequestID(head)
        if let tracer = self.loop.telemetry?.tracer { self.beginTrace(head, tracer) }
        guard !self.loop.isOverloaded else { return self.refuse(.overloaded) }
        self.pass(head)
    }

    func bodyReceived(_ chunk: ByteBuffer) {
        switch self.answering {
        case .nobody: break
        case .proxy(let upstream):
            upstream.write(chunk)
            if !upstream.isWritable { self.exchange.pauseBody() }
        case .local(let answer): answer.append(chunk)
        case .held(let run): run.append(chunk)
        }
    }

    func bodyEnded() {
        switch self.answering {
        case .nobody: break
        case .proxy(let upstream): upstream.end(trailers: self.exchange.requestTrailers)
        case .local(let answer): self.run(answer)
        case .held(let run): self.claim(run)
        }
    }

    func bodyFailed(_ fault: BodyFault) {
        self.fault = .downstream
        self.stopAnswering()
        switch self.answerState {
        case .none: self.respond(problem: ProblemAnswer(fault.problem))
        case .begun, .complete: self.exchange.abort()
        }
    }

    func writabilityChanged(isWritable: Bool) {
        guard case .proxy(let upstream) = self.answering else { return }
        if isWritable {
            upstream.resumeReading()
        } else {
            upstream.pauseReading()
        }
    }

    func failed(_ fault: DownstreamFault) {
        let isDetached = self.outlivesClient
        if !isDetached {
            self.abandonReplay()
            self.stopAnswering()
        }
        switch fault {
        // A tunnel ends when either side wants.
        case .clientGone where self.tunnel != nil: break
        case .clientGone, .writeTimedOut: self.fault = .downstream
        case .aborted: break
        case .shutDown: self.fault = .proxy
        }
        // nginx's 499: the client left before it was answered.
        if self.answerState == .none { self.status = 499 }
        self.images = 0
        if isDetached { self.detach() } else { self.finish() }
    }

    /// Goes on without the client.
    private func detach() {
        self.isOver = true
        self.isDetached = true
        if case .proxy(let upstream) = self.answering { upstream.resumeReading() }
    }

    /// Ends a request that went on without its client.
    func detachedEnded() {
        guard self.isDetached else { return }
        self.isDetached = false
        self.isOver = false
        self.finish()
    }

    func finished(bytesSent: Int64) {
        self.finish()
    }

    /// Ends whatever would still produce an answer.
    func stopAnswering() {
        switch self.answering {
        case .nobody: break
        case .proxy(let upstream):
            self.noteTarget()
            upstream.cancel()
            guard self.tunnel == nil, case .proxy(let destination)? = self.route?.action else { break }
            destination.metrics.cancelled()
        case .local(let answer):
            // Once the endpoint runs, its answer gives back what was reserved.
            if !answer.cancel() { self.giveBackImages() }
        case .held: break
        }
        self.answering = .nobody
    }

    private func finish() {
        guard !self.isOver else { return }
        self.isOver = true
        self.endTunnel()
        if self.holdsLeases { self.loop.gate.leases.ended(self.id) }
        self.record()
    }
}
