package import NIOCore
internal import WonkeyCore

/// One request under way to an upstream of several targets; used on its event loop only.
///
/// Stands between the receiver and each attempt. What an attempt meets before a byte of its answer was passed on may
/// lead to another one; after that, everything is passed through.
package final class BalancedExchange {
    /// What is kept of a body for a second attempt, at most.
    private static let keptBytesMax = 64 * 1024

    private enum Body {
        /// There is none, or the receiver was not invited to send it yet.
        case untouched
        /// Everything that was sent of it.
        case kept([ByteBuffer], bytes: Int)
        case spent

        var state: RetryRules.Body {
            switch self {
            case .untouched: .untouched
            case .kept: .kept
            case .spent: .spent
            }
        }
    }

    private let head: OutgoingHead
    private let hash: UInt64?
    private let balancer: UpstreamBalancer
    private let observer: (any UpstreamTryObserver)?
    private var receiver: (any UpstreamReceiver)?
    private var attempt: UpstreamExchange?
    private var target: BalancedTarget?
    /// Where the last try went.
    private(set) var targetName: String?
    private var ticket: BreakerStateMachine.Ticket?
    private var tried: [BalancedTarget] = []
    private var attempts = 0
    private var body = Body.untouched
    /// The receiver has sent its whole body.
    private var isBodyComplete = false
    private var trailers: FieldSection?
    /// The attempt has a connection that takes the body.
    private var isReady = false
    private var hasAnswered = false
    private var isPaused = false

    init(
        _ head: OutgoingHead,
        hash: UInt64?,
        observer: (any UpstreamTryObserver)?,
        receiver: any UpstreamReceiver,
        balancer: UpstreamBalancer
    ) {
        self.head = head
        self.hash = hash
        self.observer = observer
        self.receiver = receiver
        self.balancer = balancer
    }

    /// Makes the first attempt.
    func begin() {
        if let fault = self.tryNext() {
            self.balancer.eventLoop.assumeIsolated().execute { self.finish(fault) }
        }
    }

    /// Makes another attempt.
    ///
    /// - Returns: Why it could not be made.
    private func tryNext() -> UpstreamFault? {
        switch self.balancer.pick(hash: self.hash, tried: self.tried) {
        case .none(let fault): return fault
        case .target(let target, let ticket):
            self.attempts += 1
            self.target = target
            self.ticket = ticket
            self.targetName = target.name
            self.isReady = false
            let head = self.balancer.head(self.head, for: target)
            let attempt = target.pool.send(
                self.observer?.tryBegins(head, at: target.name) ?? head,
                receiver: self
            )
            self.attempt = attempt
            if self.isPaused { attempt.pauseReading() }
            return nil
        }
    }

    private func finish(_ fault: UpstreamFault) {
        let receiver = self.receiver
        self.receiver = nil
        receiver?.failed(fault)
    }

    /// Leaves the attempt's target.
    private func leave(_ outcome: BalancedTarget.Outcome) {
        guard let target = self.target else { return }
        self.target = nil
        self.attempt = nil
        self.balancer.ended(target)
        self.settle(target, outcome)
    }

    private func settle(_ target: BalancedTarget, _ outcome: BalancedTarget.Outcome) {
        self.balancer.settle(target, outcome, self.ticket)
        self.ticket = nil
    }

    /// Tries again what `cause` has ended, if that is allowed.
    private func retries(_ cause: RetryCause) -> Bool {
        let state = RetryRules.Attempt(
            number: self.attempts,
            isIdempotent: self.head.method.isIdempotent,
            body: self.body.state,
            hasAnswered: self.hasAnswered
        )
        return self.balancer.settings.retries.allow(cause, after: state) && self.balancer.takeRetry()
    }
}

// MARK: - What the sender of the request does

extension BalancedExchange {
    /// Whether the upstream takes more bytes now.
    package var isWritable: Bool { self.isReady && self.attempt?.isWritable ?? false }

    /// Writes a piece of the request body; allowed after ``UpstreamReceiver/connectionReady()``.
    package func write(_ chunk: ByteBuffer) {
        self.keep(chunk)
        if self.isReady { self.attempt?.write(chunk) }
    }

    /// The request body is complete.
    ///
    /// - Parameter trailers: Sent on HTTP/2 only (B8).
    package func end(trailers: FieldSection? = nil) {
        self.isBodyComplete = true
        self.trailers = trailers
        if self.isReady { self.attempt?.end(trailers: trailers) }
    }

    /// Stops delivery of response bytes until ``resumeReading()``.
    package func pauseReading() {
        self.isPaused = true
        self.attempt?.pauseReading()
    }

    package func resumeReading() {
        guard self.isPaused else { return }
        self.isPaused = false
        self.attempt?.resumeReading()
    }

    /// Gives up; no call to the receiver follows.
    package func cancel() {
        guard self.receiver != nil else { return }
        self.receiver = nil
        self.attempt?.cancel()
        self.leave(.none)
    }

    private func keep(_ chunk: ByteBuffer) {
        guard case .kept(var chunks, let bytes) = self.body else { return }
        let total = bytes + chunk.readableBytes
        // While there is no connection this is the only copy.
        guard total <= Self.keptBytesMax || !self.isReady else {
            self.body = .spent
            return
        }
        self.body = .untouched
        chunks.append(chunk)
        self.body = .kept(chunks, bytes: total)
    }
}

// MARK: - What an attempt meets

extension BalancedExchange: UpstreamReceiver {
    package func connectionReady() {
        self.isReady = true
        switch self.body {
        case .untouched:
            self.body = self.head.method.isIdempotent ? .kept([], bytes: 0) : .spent
            self.receiver?.connectionReady()
        case .kept(let chunks, _):
            for chunk in chunks { self.attempt?.write(chunk) }
            if self.isBodyComplete {
                self.attempt?.end(trailers: self.trailers)
            } else {
                self.receiver?.writabilityChanged(isWritable: self.isWritable)
            }
        case .spent: preconditionFailure("a request whose body is gone is not tried again")
        }
    }

    package func informationalReceived(_ head: ResponseHead) {
        self.hasAnswered = true
        self.receiver?.informationalReceived(head)
    }

    package func upgraded(_ head: ResponseHead) {
        guard let target = self.target else { return }
        self.hasAnswered = true
        self.isReady = true
        self.body = .spent
        self.settle(target, .succeeded)
        self.receiver?.upgraded(head)
    }

    package func headReceived(_ head: ResponseHead, framing: BodyFraming) {
        guard let target = self.target else { return }
        let settings = self.balancer.settings
        if settings.retries.statuses.contains(head.status), self.retries(.status) {
            self.attempt?.cancel()
            self.leave(settings.health.passive.statuses.contains(head.status) ? .failed : .succeeded)
            self.tried.append(target)
            self.balancer.counters.retries.increment()
            self.observer?.tryFailed(status: head.status)
            if let fault = self.tryNext() { self.finish(fault) }
            return
        }
        self.hasAnswered = true
        self.settle(target, settings.health.passive.statuses.contains(head.status) ? .failed : .succeeded)
        self.receiver?.headReceived(head, framing: framing)
    }

    package func bodyReceived(_ chunk: ByteBuffer) {
        self.receiver?.bodyReceived(chunk)
    }

    package func ended(trailers: FieldSection?) {
        let receiver = self.receiver
        self.receiver = nil
        self.leave(.none)
        receiver?.ended(trailers: trailers)
    }

    package func failed(_ fault: UpstreamFault) {
        guard let target = self.target else { return }
        self.leave(fault.isTargets ? .failed : .none)
        guard self.receiver != nil else { return }
        if let cause = RetryCause(fault), self.retries(cause) {
            self.tried.append(target)
            self.balancer.counters.retries.increment()
            self.observer?.tryFailed(fault)
            if self.tryNext() == nil { return }
        }
        self.finish(fault)
    }

    package func writabilityChanged(isWritable: Bool) {
        self.receiver?.writabilityChanged(isWritable: isWritable)
    }

    package func requestBodyUnwanted() {
        self.receiver?.requestBodyUnwanted()
    }
}

extension RetryCause {
    /// What a fault means for the request it ended.
    fileprivate init?(_ fault: UpstreamFault) {
        switch fault {
        case .unreachable, .connectTimedOut, .certificateRefused, .overloaded, .shutDown: self = .connect
        // With TLS 1.3 a server may refuse our certificate after it got the request.
        case .closedEarly, .tlsFailed: self = .closed
        case .responseTimedOut, .idleTimedOut: self = .timeout
        case .brokenFraming: self = .invalid
        case .circuitOpen: return nil
        }
    }
}

extension UpstreamFault {
    /// Whether it tells something about the target.
    fileprivate var isTargets: Bool {
        switch self {
        case .unreachable, .connectTimedOut, .certificateRefused, .tlsFailed, .responseTimedOut, .idleTimedOut,
            .brokenFraming, .closedEarly:
            true
        case .overloaded, .shutDown, .circuitOpen: false
        }
    }
}
