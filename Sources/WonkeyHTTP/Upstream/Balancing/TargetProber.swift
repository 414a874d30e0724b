internal import Logging
package import NIOCore
package import WonkeyCore

/// Asks a target how it is.
package protocol TargetProber: Sendable {
    func probe(_ target: TargetDefinition) async -> HealthStateMachine.CheckOutcome
}

/// Asks by HTTP, on a connection of its own, so that a target that takes no new ones is found out.
package struct HTTPProber: TargetProber {
    private let group: any EventLoopGroup
    private let upstream: BalancedUpstream
    private let check: ActiveCheck
    private let host: String?

    /// Makes a prober.
    ///
    /// - Parameters:
    ///   - group: Its loops do the work.
    ///   - upstream: Says how targets are reached, but for the times, which the check sets.
    ///   - check: What is asked and what passes.
    ///   - host: The `Host` value; `nil`: each target's own.
    package init(group: any EventLoopGroup, upstream: BalancedUpstream, check: ActiveCheck, host: String?) {
        self.group = group
        var upstream = upstream
        upstream.settings.connectTimeout = check.timeout
        upstream.settings.responseTimeout = check.timeout
        upstream.settings.idleTimeout = check.timeout
        upstream.settings.connectionsMax = 1
        upstream.settings.pendingMax = 1
        upstream.settings.keepsIdleConnections = false
        self.upstream = upstream
        self.check = check
        self.host = host
    }

    package func probe(_ target: TargetDefinition) async -> HealthStateMachine.CheckOutcome {
        let settings = self.upstream.settings(for: target)
        let head = OutgoingHead.healthCheck(path: self.check.path, host: self.host ?? target.authority)
        let loop = self.group.next()
        let outcome = loop.flatSubmit { [check, settings] in
            let promise = loop.makePromise(of: HealthStateMachine.CheckOutcome.self)
            let pool = UpstreamPool(
                eventLoop: loop,
                settings: settings,
                logger: Logger(label: "wonkey.upstream", factory: { _ in SwiftLogNoOpLogHandler() })
            )
            let receiver = ProbeReceiver(pool, passing: check.statuses, promise)
            receiver.send(head, timeout: TimeAmount(check.timeout))
            return promise.futureResult
        }
        return (try? await outcome.get()) ?? .failed
    }
}

extension OutgoingHead {
    fileprivate static func healthCheck(path: String, host: String) -> OutgoingHead {
        let text = "GET \(path) HTTP/1.1\r\nHost: \(host)\r\nUser-Agent: wonkey-health-check\r\nAccept: */*\r\n\r\n"
        return OutgoingHead(bytes: ByteBuffer(string: text), method: .get, framing: .none)
    }
}

/// Waits for the head of the answer, no longer.
private final class ProbeReceiver: UpstreamReceiver {
    private let pool: UpstreamPool
    private let statuses: ClosedRange<Int>
    private var promise: EventLoopPromise<HealthStateMachine.CheckOutcome>?
    private var exchange: UpstreamExchange?
    private var timer: Scheduled<Void>?

    init(
        _ pool: UpstreamPool,
        passing statuses: ClosedRange<Int>,
        _ promise: EventLoopPromise<HealthStateMachine.CheckOutcome>
    ) {
        self.pool = pool
        self.statuses = statuses
        self.promise = promise
    }

    func send(_ head: OutgoingHead, timeout: TimeAmount) {
        self.exchange = self.pool.send(head, receiver: self)
        self.timer = self.pool.eventLoop.assumeIsolated().scheduleTask(in: timeout) { self.end(.failed) }
    }

    private func end(_ outcome: HealthStateMachine.CheckOutcome) {
        self.timer?.cancel()
        self.timer = nil
        self.exchange?.cancel()
        self.exchange = nil
        self.promise?.succeed(outcome)
        self.promise = nil
    }

    func headReceived(_ head: ResponseHead, framing: BodyFraming) {
        self.end(self.statuses.contains(head.status) ? .passed : .failed)
    }

    func failed(_ fault: UpstreamFault) { self.end(.failed) }
    func connectionReady() {}
    func informationalReceived(_ head: ResponseHead) {}
    func bodyReceived(_ chunk: ByteBuffer) {}
    func ended(trailers: FieldSection?) {}
    func writabilityChanged(isWritable: Bool) {}
    func requestBodyUnwanted() {}
}
