package import Logging
package import NIOCore
internal import NIOPosix
internal import NIOSSL
package import WonkeyCore

/// Counters in Redis: one connection per event loop, one count or script per request, many requests on the way.
///
/// Create, start, call and stop it on its event loop. After ``start(_:)`` it keeps itself alive until ``stop()``.
package final class RedisCounterStore: CounterStore {
    private let eventLoop: any EventLoop
    private let settings: RedisSettings
    private let logger: Logger
    private let observer: (any CounterStoreObserver)?
    private let tls: NIOSSLContext?
    private let timeout: TimeAmount
    private var machine = RedisConnectionMachine()
    private var connection: RedisConnection?
    private(set) var digests: [LimitScript: String] = [:]
    private var retryTimer: Scheduled<Void>?
    private var firstOutcome: ((Bool) -> Void)?

    /// Prepares a store without connecting.
    ///
    /// - Parameters:
    ///   - eventLoop: Where everything happens.
    ///   - settings: Where Redis is.
    ///   - logger: Hears of connections at `debug`.
    ///   - observer: Hears of connections and calls.
    /// - Throws: `NIOSSLError` if the file of certificate authorities is not usable.
    package init(
        eventLoop: any EventLoop,
        settings: RedisSettings,
        logger: Logger,
        observer: (any CounterStoreObserver)? = nil
    ) throws {
        self.eventLoop = eventLoop
        self.settings = settings
        self.logger = logger
        self.observer = observer
        self.tls = try RedisTransport.tlsContext(settings)
        self.timeout = TimeAmount(settings.timeout)
    }

    /// Whether calls are sent; if not they fail at once.
    package var isReady: Bool { self.machine.isReady }

    /// Connects, and from now on again whenever the connection is lost.
    ///
    /// - Parameter firstOutcome: Called once, when the first connection is ready (`true`) or has failed (`false`).
    package func start(_ firstOutcome: @escaping (Bool) -> Void = { _ in }) {
        self.eventLoop.preconditionInEventLoop()
        switch self.machine.started() {
        case .none: firstOutcome(self.isReady)
        case .connect:
            self.firstOutcome = firstOutcome
            self.connect()
        }
    }

    /// Closes the connection for good; calls on the way fail with `.unavailable`.
    package func stop() {
        self.eventLoop.preconditionInEventLoop()
        switch self.machine.stopped() {
        case .none: break
        case .cancelRetry:
            self.retryTimer?.cancel()
            self.retryTimer = nil
        case .close: self.connection?.end(.refused("stopped"))
        }
    }

    package func take(
        _ checks: [CounterCheck],
        _ completion: @escaping (Result<CounterDecision, CounterStoreError>) -> Void
    ) {
        guard self.machine.isReady, let connection = self.connection, connection.callCount < self.settings.callsMax
        else {
            let message = self.machine.isReady ? "too many calls on the way" : "not connected"
            return self.fail(completion, CounterStoreError(code: .unavailable, message: message))
        }
        let now = NIODeadline.now()
        if let count = WindowCount(checks) {
            let call = RedisCall(purpose: .count(count, completion), startedAt: now, deadline: now + self.timeout)
            return connection.send(call) { count.write(to: &$0) }
        }
        let call = RedisCall(purpose: .take(checks, completion), startedAt: now, deadline: now + self.timeout)
        self.send(call, LimitScript.taking(checks), checks, on: connection)
    }

    package func giveBack(_ checks: [CounterCheck]) {
        guard self.machine.isReady, let connection = self.connection, connection.callCount < self.settings.callsMax
        else { return }
        let now = NIODeadline.now()
        let call = RedisCall(purpose: .giveBack(checks), startedAt: now, deadline: now + self.timeout)
        self.send(call, .giveBack, checks, on: connection)
    }

    /// A call and the connection it may go on; `nil` if none takes more.
    func prepare(_ purpose: RedisCall.Purpose) -> (connection: RedisConnection, call: RedisCall)? {
        guard self.machine.isReady, let connection = self.connection, connection.callCount < self.settings.callsMax
        else { return nil }
        let now = NIODeadline.now()
        return (connection, RedisCall(purpose: purpose, startedAt: now, deadline: now + self.timeout))
    }

    package func settle(_ change: LeaseChange, _ completion: @escaping (Bool) -> Void) {
        guard let (connection, call) = self.prepare(.settle(change, completion)) else { return completion(false) }
        self.send(call, change, on: connection)
    }

    private func send(_ call: RedisCall, _ change: LeaseChange, on connection: RedisConnection) {
        let digest = call.isRepeated ? nil : self.digests[.renew]
        connection.send(call) { buffer in
            switch change.kind {
            case .release:
                RedisCommand.begin(2 + change.leases.count, in: &buffer)
                RedisCommand.append("ZREM", to: &buffer)
                RedisCommand.append(LimitScript.leaseKey(change.counter), to: &buffer)
            case .renew:
                RedisCommand.begin(5 + change.leases.count, in: &buffer)
                RedisCommand.append(digest == nil ? "EVAL" : "EVALSHA", to: &buffer)
                RedisCommand.append(digest ?? LimitScript.renew.source, to: &buffer)
                RedisCommand.append(1, to: &buffer)
                RedisCommand.append(LimitScript.leaseKey(change.counter), to: &buffer)
                RedisCommand.append(change.windowMs, to: &buffer)
            }
            for lease in change.leases { RedisCommand.append(lease, to: &buffer) }
        }
    }

    private func send(
        _ call: RedisCall,
        _ script: LimitScript,
        _ checks: [CounterCheck],
        on connection: RedisConnection
    ) {
        let digest = call.isRepeated ? nil : self.digests[script]
        connection.send(call) { buffer in
            RedisCommand.begin(2 + LimitScript.argumentCount(checks), in: &buffer)
            RedisCommand.append(digest == nil ? "EVAL" : "EVALSHA", to: &buffer)
            RedisCommand.append(digest ?? script.source, to: &buffer)
            LimitScript.appendArguments(checks, to: &buffer)
        }
    }

    private func fail(
        _ completion: (Result<CounterDecision, CounterStoreError>) -> Void,
        _ error: CounterStoreError
    ) {
        self.observer?.counterStoreFailed(error.code)
        completion(.failure(error))
    }
}

// MARK: - Answers

extension RedisCounterStore {
    func connection(_ connection: RedisConnection, answered call: RedisCall, with reply: RedisReply) {
        switch call.purpose {
        case .greeting(let greeting): self.greeted(connection, greeting, reply)
        case .take(let checks, let completion): self.taken(connection, call, checks, completion, reply)
        case .count(let count, let completion): self.counted(connection, call, count, completion, reply)
        case .sequel: self.machine.callAnswered()
        case .giveBack(let checks):
            self.machine.callAnswered()
            guard case .error(let text) = reply else { return }
            self.refused(connection, call, .giveBack, checks, RedisError(text))
        case .settle(let change, let completion):
            self.machine.callAnswered()
            guard case .error(let text) = reply else { return completion(true) }
            self.refused(connection, call, change, completion, RedisError(text))
        case .claim, .settleClaim:
            self.machine.callAnswered()
            self.replayAnswered(connection, call, reply)
        }
    }

    private func greeted(_ connection: RedisConnection, _ greeting: RedisGreeting, _ reply: RedisReply) {
        if let fault = greeting.fault(reply) { return connection.end(.refused(fault)) }
        if case .load(let script) = greeting, case .bulk(let digest) = reply {
            self.digests[script] = String(decoding: digest, as: UTF8.self)
        }
        switch self.machine.greetingAnswered() {
        case .none: break
        case .becomeReady:
            self.logger.debug("counter store connected", metadata: ["redis": "\(self.settings)"])
            self.observer?.counterStoreConnected()
            self.reportFirstOutcome(true)
        }
    }

    private func taken(
        _ connection: RedisConnection,
        _ call: RedisCall,
        _ checks: [CounterCheck],
        _ completion: @escaping (Result<CounterDecision, CounterStoreError>) -> Void,
        _ reply: RedisReply
    ) {
        if case .error(let text) = reply {
            let error = RedisError(text)
            guard self.refused(connection, call, LimitScript.taking(checks), checks, error) == .final else { return }
            return self.fail(completion, CounterStoreError(code: .unavailable, message: "\(error)"))
        }
        guard let decision = LimitScript.decision(reply, counters: checks.count) else {
            return self.answeredNonsense(connection, completion)
        }
        self.decided(call)
        completion(.success(decision))
    }

    private func counted(
        _ connection: RedisConnection,
        _ call: RedisCall,
        _ count: WindowCount,
        _ completion: (Result<CounterDecision, CounterStoreError>) -> Void,
        _ reply: RedisReply
    ) {
        for case .error(let text)? in [call.firstReply, reply] {
            let error = RedisError(text)
            self.logger.debug("counter store refused to count", metadata: ["error": "\(error)"])
            if error.endsConnection { connection.end(.refused("\(error)")) }
            return self.fail(completion, CounterStoreError(code: .unavailable, message: "\(error)"))
        }
        guard case .integer(let used)? = call.firstReply, case .integer(let left) = reply,
            let (decision, sequel) = count.decision(used: used, leftMs: left)
        else { return self.answeredNonsense(connection, completion) }
        self.decided(call)
        if sequel.contains(.begin) { self.follow(connection) { count.writeBegin(to: &$0) } }
        if sequel.contains(.putBack) { self.follow(connection) { count.writePutBack(leftMs: left, to: &$0) } }
        completion(.success(decision))
    }

    private func follow(_ connection: RedisConnection, _ write: (inout ByteBuffer) -> Void) {
        let now = NIODeadline.now()
        connection.send(RedisCall(purpose: .sequel, startedAt: now, deadline: now + self.timeout), write)
    }

    private func decided(_ call: RedisCall) {
        self.machine.callAnswered()
        self.observer?.counterStoreAnswered(after: .nanoseconds((NIODeadline.now() - call.startedAt).nanoseconds))
    }

    private func answeredNonsense(
        _ connection: RedisConnection,
        _ completion: (Result<CounterDecision, CounterStoreError>) -> Void
    ) {
        connection.end(.malformedReply("no decision"))
        self.fail(completion, CounterStoreError(code: .malformedReply, message: "no decision"))
    }

    private func refused(
        _ connection: RedisConnection,
        _ call: RedisCall,
        _ change: LeaseChange,
        _ completion: (Bool) -> Void,
        _ error: RedisError
    ) {
        if error.isUnknownScript, !call.isRepeated {
            var repeated = call
            repeated.isRepeated = true
            return self.send(repeated, change, on: connection)
        }
        self.logger.debug("counter store refused a lease", metadata: ["error": "\(error)"])
        if error.endsConnection { connection.end(.refused("\(error)")) }
        completion(false)
    }

    private enum Refused { case final, repeated }

    @discardableResult
    private func refused(
        _ connection: RedisConnection,
        _ call: RedisCall,
        _ script: LimitScript,
        _ checks: [CounterCheck],
        _ error: RedisError
    ) -> Refused {
        if error.isUnknownScript, !call.isRepeated {
            var repeated = call
            repeated.isRepeated = true
            self.send(repeated, script, checks, on: connection)
            return .repeated
        }
        self.logger.debug("counter store refused a script", metadata: ["error": "\(error)"])
        if error.endsConnection { connection.end(.refused("\(error)")) }
        return .final
    }
}

// MARK: - Connections

extension RedisCounterStore {
    private func connect() {
        self.retryTimer = nil
        let connection = RedisConnection(eventLoop: self.eventLoop, store: self)
        self.connection = connection
        RedisTransport.connect(connection, on: self.eventLoop, self.settings, self.tls)
    }

    func connectionOpened(_ connection: RedisConnection) {
        let greetings = RedisGreeting.all(for: self.settings)
        switch self.machine.opened(greetingCount: greetings.count) {
        case .close: connection.end(.closed(nil))
        case .greet:
            let now = NIODeadline.now()
            let deadline = now + TimeAmount(self.settings.connectTimeout)
            for greeting in greetings {
                let call = RedisCall(purpose: .greeting(greeting), startedAt: now, deadline: deadline)
                connection.send(call) { RedisCommand.write(greeting.arguments(self.settings), to: &$0) }
            }
        }
    }

    /// Called once per connection, also for one that never opened.
    func connectionEnded(_ connection: RedisConnection, _ fault: RedisConnectionFault, _ calls: [RedisCall]) {
        self.connection = nil
        let metadata: Logger.Metadata = ["redis": "\(self.settings)", "reason": "\(fault.reason)"]
        switch self.machine.lost(jitter: .random(in: 0...1)) {
        case .none: break
        case .retry(let wait, let wasReady):
            self.logger.debug("counter store connection lost", metadata: metadata)
            if wasReady { self.observer?.counterStoreDisconnected(reason: fault.reason) }
            self.retryTimer = self.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(wait)) {
                switch self.machine.waitEnded() {
                case .none: break
                case .connect: self.connect()
                }
            }
        }
        // After the transition: whoever asks again from a completion finds the store away.
        for call in calls {
            switch call.purpose {
            case .greeting, .sequel, .giveBack: break
            case .take(_, let completion), .count(_, let completion):
                self.fail(completion, CounterStoreError(code: fault.code, message: fault.reason))
            case .settle(_, let completion): completion(false)
            case .claim, .settleClaim:
                self.replayFailed(call, CounterStoreError(code: fault.code, message: fault.reason))
            }
        }
        self.reportFirstOutcome(false)
    }

    private func reportFirstOutcome(_ isReady: Bool) {
        let report = self.firstOutcome
        self.firstOutcome = nil
        report?(isReady)
    }
}
