import NIOCore
import WonkeyCore
import WonkeyHTTP

/// Whether a request is carried out, or answered as it was before.
///
/// Between verification and admission: an answer that is given again takes nothing from any limit.
extension GatewayExchange {
    private static let idempotencyKey = FieldName("Idempotency-Key")

    /// Holds a request with an idempotency key until its body is there.
    ///
    /// - Returns: Whether it was held or refused; if not, it goes on.
    func holdForReplay(_ head: RequestHead, _ route: LoopRoute, _ rules: IdempotencyRules) -> Bool {
        guard !head.method.isSafe else { return false }
        let values = head.fields.values(Self.idempotencyKey)
        guard let value = values.first else {
            guard rules.isRequired else { return false }
            self.refuse(.idempotencyKeyMissing, as: .missing)
            return true
        }
        let key: String
        switch values.count == 1 ? IdempotencyKey(value) : .malformed {
        case .quoted(let text): key = text
        case .unquoted(let text):
            self.loop.resources.metrics.count(.unquoted)
            key = text
        case .malformed:
            self.refuse(.idempotencyKeyMalformed, as: .malformed)
            return true
        }
        let run = ReplayRun(rules, key: key)
        self.replay = run
        self.answering = .held(run)
        self.exchange.bodyBytesMax = min(route.rule.bodyBytesMax, rules.bodyBytesMax)
        self.exchange.readBody()
        return true
    }

    private func refuse(_ problem: ProblemAnswer, as outcome: IdempotencyOutcome) {
        self.loop.resources.metrics.count(outcome)
        self.respond(problem: problem)
    }

    /// The body is complete: asks whether the request was carried out before.
    func claim(_ run: ReplayRun) {
        self.answering = .nobody
        guard let head = self.head, let route = self.route, let key = self.key, let store = self.loop.replays else {
            preconditionFailure("routes with idempotency keys need a key and a store")
        }
        let claim = run.makeClaim(head, key: key, route: route.rule.name, token: self.id)
        run.claim = claim
        store.claim(claim) { self.claimed(run, claim, $0, head, route) }
    }

    private func claimed(
        _ run: ReplayRun,
        _ claim: ReplayClaim,
        _ result: Result<ReplayEntry?, CounterStoreError>,
        _ head: RequestHead,
        _ route: LoopRoute
    ) {
        switch result {
        case .success(nil):
            run.stage = .claimed
            guard !self.isOver else { return self.settle(run, .abandon) }
            self.scheduleRenewal(run)
            self.carryOut(run, head, route)
        case .success(let entry?):
            run.stage = .over
            if !self.isOver { self.repeated(entry, claim) }
        case .failure:
            run.stage = .over
            guard !self.isOver else { return }
            switch run.rules.outageMode {
            case .deny: self.refuse(.idempotencyUnavailable, as: .unavailable)
            case .pass:
                self.loop.resources.metrics.count(.unavailable)
                self.carryOut(run, head, route)
            }
        }
    }

    private func carryOut(_ run: ReplayRun, _ head: RequestHead, _ route: LoopRoute) {
        self.takeLimits(head, route) { refusal in
            if let refusal {
                self.settle(run, .abandon)
                self.refuse(refusal)
            } else {
                if case .claimed = run.stage {
                    run.stage = .running
                    self.loop.resources.metrics.count(.carriedOut)
                }
                self.act(route)
            }
        }
    }

    private func repeated(_ entry: ReplayEntry, _ claim: ReplayClaim) {
        guard entry.fingerprint == claim.fingerprint else {
            return self.refuse(.idempotencyOtherRequest, as: .otherRequest)
        }
        switch entry.state {
        case .running: self.refuse(.idempotencyInProgress, as: .inProgress)
        case .withoutAnswer: self.refuse(.idempotencyWithoutAnswer, as: .withoutAnswer)
        case .answered(let answer):
            self.loop.resources.metrics.count(.replayed)
            self.limitVerdict = .replayed
            var fields = FieldSection()
            for field in answer.fields { fields.append(name: field.name, value: field.value) }
            fields.append(name: "Idempotency-Replayed", value: "true")
            self.respond(ResponseHead(status: answer.status, fields: fields), bytes: answer.body)
        }
    }

    // MARK: Carrying out

    /// Sends the body that was held.
    func sendHeldBody(_ run: ReplayRun) {
        guard case .proxy(let upstream) = self.answering else { return }
        upstream.write(run.body)
        upstream.end()
    }

    /// Whether the request goes on without its client, so that a repetition finds its answer.
    var outlivesClient: Bool {
        guard let run = self.replay, case .running = run.stage else { return false }
        switch self.answering {
        case .nobody, .held: return false
        case .proxy, .local: return true
        }
    }

    /// The upstream has answered to the end.
    func replayAnswered() {
        guard let run = self.replay else { return }
        // Both say that nothing was done and that the same request may be sent again.
        self.settle(run, run.change { $0 == 429 || $0 == 503 })
    }

    /// The upstream has not.
    func replayFailed(_ fault: UpstreamFault) {
        guard let run = self.replay else { return }
        self.settle(run, fault.mayHaveArrived ? .keep(.withoutAnswer, run.rules.lifetime) : .abandon)
    }

    /// An endpoint of this process has answered; where it failed, it has given back what it took.
    func replayAnswered(_ head: ResponseHead, _ body: [UInt8]) {
        guard let run = self.replay else { return }
        run.answerBegan(head)
        run.answerContinued(ByteBuffer(bytes: body))
        self.settle(run, run.change { $0 == 429 || $0 >= 500 })
    }

    /// The client left before the request was carried out.
    func abandonReplay() {
        guard let run = self.replay else { return }
        switch run.stage {
        case .claimed, .running: self.settle(run, .abandon)
        case .collecting, .over: break
        }
    }

    private func settle(_ run: ReplayRun, _ change: ReplayChange) {
        guard let claim = run.claim else { return }
        switch run.stage {
        case .claimed, .running: break
        case .collecting, .over: return
        }
        run.stage = .over
        run.renewal?.cancel()
        self.settle(claim, change, until: .now() + .seconds(Int64(ReplayRun.lease.components.seconds)))
    }

    private func settle(_ claim: ReplayClaim, _ change: ReplayChange, until deadline: NIODeadline) {
        self.loop.replays?.settle(claim, change) { isSettled in
            guard !isSettled else { return }
            guard NIODeadline.now() < deadline else { return self.loop.resources.metrics.count(.unsettled) }
            self.loop.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(250)) {
                self.settle(claim, change, until: deadline)
            }
        }
    }

    private func scheduleRenewal(_ run: ReplayRun) {
        guard let claim = run.claim else { return }
        let wait = TimeAmount.milliseconds(ReplayRun.lease.milliseconds / 3)
        run.renewal = self.loop.eventLoop.assumeIsolated().scheduleTask(in: wait) {
            self.loop.replays?.settle(claim, .renew) { _ in }
            self.scheduleRenewal(run)
        }
    }
}

extension UpstreamFault {
    /// Whether the upstream may have carried the request out.
    fileprivate var mayHaveArrived: Bool {
        switch self {
        case .unreachable, .connectTimedOut, .certificateRefused, .tlsFailed, .overloaded, .shutDown, .circuitOpen:
            false
        case .responseTimedOut, .idleTimedOut, .brokenFraming, .closedEarly: true
        }
    }
}
