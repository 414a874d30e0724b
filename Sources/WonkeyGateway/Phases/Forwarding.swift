import NIOCore
import WonkeyCore
package import WonkeyHTTP

/// What the upstream is told about the verified key.
package enum IdentityFields {
    package static let keyID = FieldName("X-WonKey-Key-Id")
    package static let projectID = FieldName("X-WonKey-Project-Id")
    /// Names that only the proxy may set on the way to an upstream (X5).
    package static let all = [Self.keyID, Self.projectID]
}

/// The way to an upstream and back.
extension GatewayExchange {
    /// Makes the upstream's request head before limits are taken: what is not forwarded consumes nothing (L10).
    ///
    /// - Returns: Whether the request goes on; if not, it was answered.
    func prepareForwarding(_ head: RequestHead, _ rules: ForwardingRules) -> Bool {
        guard let client = self.client else { return false }
        do throws(ForwardingRefusal) {
            var context = ForwardingContext(
                client: client,
                peer: self.exchange.remoteAddress,
                scheme: self.exchange.scheme,
                requestID: self.requestID,
                identity: self.identity,
                trace: self.forwardedTrace(head)
            )
            context.upgrade = self.upgradeOffer(head)
            if self.route?.rule.authentication == Route.Authentication.none, !self.presentsKey(head) {
                context.authorization = .upstreams
            }
            if let field = self.generation.snapshot.certificateField {
                context.certificateField = field
                context.certificate = self.exchange.clientCertificate
            }
            self.outgoing = try ForwardedRequest.head(from: head, rules: rules, context: context)
            return true
        } catch {
            self.refuse(error)
            return false
        }
    }

    func forward(to destination: LoopRoute.Destination) {
        guard let outgoing = self.outgoing else { preconditionFailure("forwarding is prepared before admission") }
        self.outgoing = nil
        let answer = UpstreamAnswer(to: self, from: destination.metrics)
        self.trace?.upstreamScheme = destination.sender.scheme
        self.answering = .proxy(
            destination.sender.send(outgoing, hash: { self.hash(for: $0) }, observer: self.trace, receiver: answer)
        )
    }

    /// What keeps requests that belong together on one target; `nil` if nothing does.
    private func hash(for balancer: UpstreamBalancer) -> UInt64? {
        switch balancer.hashSource {
        case nil: nil
        case .key: (self.key?.record.id.rawValue).map { StableHash.hash($0.utf8) }
        case .clientAddress: (self.client?.ip).map { StableHash.hash($0.utf8) }
        case .header(let name): (self.head?.fields.first(FieldName(name))).map { StableHash.hash($0.utf8) }
        }
    }

    private var identity: [(name: FieldName, value: String)] {
        let made = self.route?.rewrite.map { self.fields($0.requestFields) } ?? []
        guard let record = self.key?.record else { return made }
        return [
            (name: IdentityFields.keyID, value: record.id.rawValue),
            (name: IdentityFields.projectID, value: record.projectID.rawValue),
        ] + made
    }

    private func refuse(_ refusal: ForwardingRefusal) {
        if let answer = refusal.answer {
            self.respond(problem: answer)
            return
        }
        var fields = FieldSection()
        fields.append(.allow, ForwardingRefusal.allowedMethods)
        self.respond(ResponseHead(status: 204, fields: fields), bytes: [])
    }
}

/// Brings an upstream's answer to the client of a ``GatewayExchange``.
///
/// An object of its own: a request's body and its answer's body arrive by methods of the same name.
final class UpstreamAnswer: UpstreamReceiver {
    private let request: GatewayExchange
    private let upstream: LoopMetrics.Upstream
    private let startedAt = NIODeadline.now()
    private var status = 0

    init(to request: GatewayExchange, from upstream: LoopMetrics.Upstream) {
        self.request = request
        self.upstream = upstream
    }

    func connectionReady() {
        guard let head = self.request.head, head.framing != .none else { return }
        if let run = self.request.replay { return self.request.sendHeldBody(run) }
        self.request.exchange.readBody()
    }

    func informationalReceived(_ head: ResponseHead) {
        // The 100 was sent when reading began (F11).
        if head.status != 100 { self.request.exchange.sendInformational(head) }
    }

    func upgraded(_ head: ResponseHead) {
        self.status = head.status
        self.request.noteTarget()
        self.request.beginTunnel(head)
    }

    func headReceived(_ head: ResponseHead, framing: BodyFraming) {
        self.status = head.status
        self.request.noteTarget()
        self.request.respond(forwarded: head, framing: framing)
    }

    func bodyReceived(_ chunk: ByteBuffer) {
        self.request.replay?.answerContinued(chunk)
        if self.request.isDetached { return }
        self.request.exchange.write(chunk)
        if !self.request.exchange.isWritable { self.request.pauseUpstream() }
    }

    func ended(trailers: FieldSection?) {
        self.upstream.answered(status: self.status, in: NIODeadline.now() - self.startedAt)
        self.request.trace?.endTry(status: self.status, error: nil)
        self.request.answering = .nobody
        self.request.answerState = .complete
        self.request.replayAnswered()
        self.request.exchange.end(trailers: trailers)
        self.request.detachedEnded()
    }

    func failed(_ fault: UpstreamFault) {
        self.upstream.failed(in: NIODeadline.now() - self.startedAt)
        self.request.noteTarget()
        self.request.trace?.endTry(status: nil, error: fault.kind.rawValue)
        self.request.loop.resources.metrics.countUpstreamFault(self.upstream.name, fault.kind)
        self.request.answering = .nobody
        self.request.fault = .upstream
        self.request.replayFailed(fault)
        if self.request.isDetached { return self.request.detachedEnded() }
        switch self.request.answerState {
        case .none: self.request.respond(problem: fault.answer)
        case .begun: self.request.breakOff(fault)
        case .complete: break
        }
    }

    func writabilityChanged(isWritable: Bool) {
        if isWritable {
            self.request.exchange.resumeBody()
        } else {
            self.request.exchange.pauseBody()
        }
    }

    func requestBodyUnwanted() {
        self.request.exchange.pauseBody()
    }
}

extension GatewayExchange {
    /// Ends an answer that cannot be completed so that the client sees that it is not.
    fileprivate func breakOff(_ fault: UpstreamFault) {
        guard let head = self.head, GRPCAnswer.isCall(head) else { return self.exchange.abort() }
        // An answer of a declared length has no trailers: that ends as any other.
        self.exchange.end(trailers: GRPCAnswer.trailers(fault.answer.problem))
    }

    /// Begins the answer with the upstream's head.
    fileprivate func respond(forwarded head: ResponseHead, framing: BodyFraming) {
        guard self.answerState == .none, !self.isOver || self.isDetached else { return }
        self.answerState = .begun
        if !self.isDetached { self.status = head.status }
        var answer = ForwardedResponse.head(from: head)
        if let rule = self.route?.rule, rule.upstreamRateLimitFields == .strip { answer.fields.removeRateLimitFields() }
        self.rewrite(&answer.fields)
        self.replay?.answerBegan(answer)
        if self.isDetached { return }
        self.addRateLimitFields(to: &answer.fields)
        self.addCrossOriginFields(to: &answer.fields)
        answer.fields.replace(.xRequestID, with: self.requestID)
        self.exchange.respond(answer, body: framing)
    }

    fileprivate func pauseUpstream() {
        guard case .proxy(let upstream) = self.answering else { return }
        upstream.pauseReading()
    }
}

extension FieldSection {
    /// Removes what an upstream says of its own limits.
    fileprivate mutating func removeRateLimitFields() {
        for name in Self.rateLimitFields { self.remove(name) }
    }

    private static let rateLimitFields = [
        "RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset",
    ].map(FieldName.init)
}

extension UpstreamFault {
    /// How metrics count it.
    var kind: UpstreamFaultKind {
        switch self {
        case .unreachable: .unreachable
        case .connectTimedOut, .responseTimedOut, .idleTimedOut: .timeout
        case .certificateRefused: .certificate
        case .tlsFailed: .tls
        case .brokenFraming: .invalid
        case .closedEarly: .closed
        case .overloaded, .shutDown, .circuitOpen: .overloaded
        }
    }
}
