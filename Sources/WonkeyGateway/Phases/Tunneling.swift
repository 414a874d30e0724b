import NIOCore
import WonkeyCore
import WonkeyHTTP

/// What else than HTTP may be spoken through a route (F20).
package struct UpgradeRules: Hashable, Sendable {
    /// Names in lower case, as `websocket`.
    package var protocols: [String]
    /// How long both sides may be silent before the tunnel is closed; it may take a quarter longer.
    package var idle: Duration

    package init(protocols: [String], idle: Duration) {
        self.protocols = protocols
        self.idle = idle
    }
}

/// A connection that speaks something else, from the upstream's 101 to its end.
final class Tunnel {
    /// How many looks without a byte in between are silence.
    static let looks: Int64 = 4

    let interval: TimeAmount
    var timer: Scheduled<Void>?
    var bytesSeen: Int64 = 0
    var quietLooks: Int64 = 0

    init(_ rules: UpgradeRules) {
        self.interval = .nanoseconds(TimeAmount(rules.idle).nanoseconds / Tunnel.looks)
    }
}

/// The way of an upgraded connection: bytes both ways, as requests and answers go, but with an eye on silence.
extension GatewayExchange {
    /// What of the client's offer the route's upstream is asked for.
    func upgradeOffer(_ head: RequestHead) -> String? {
        guard let rules = self.route?.rule.upgrade else { return nil }
        return UpgradeOffer.chosen(from: head, allowed: rules.protocols)
    }

    /// Passes the upstream's consent on.
    func beginTunnel(_ head: ResponseHead) {
        guard self.answerState == .none, !self.isOver, let rules = self.route?.rule.upgrade else { return }
        self.answerState = .begun
        self.status = head.status
        var answer = ForwardedResponse.head(from: head)
        self.rewrite(&answer.fields)
        self.addRateLimitFields(to: &answer.fields)
        answer.fields.replace(.xRequestID, with: self.requestID)
        let tunnel = Tunnel(rules)
        self.tunnel = tunnel
        self.loop.metrics.tunnels.increment()
        self.loop.metrics.openTunnels.add(1)
        self.exchange.upgrade(answer)
        self.watch(tunnel)
    }

    private func watch(_ tunnel: Tunnel) {
        tunnel.timer = self.loop.eventLoop.assumeIsolated().scheduleTask(in: tunnel.interval) { self.look(at: tunnel) }
    }

    private func look(at tunnel: Tunnel) {
        guard !self.isOver else { return }
        let bytes = self.exchange.bytesReceived + self.exchange.bytesSent
        tunnel.quietLooks = bytes == tunnel.bytesSeen ? tunnel.quietLooks + 1 : 0
        tunnel.bytesSeen = bytes
        guard tunnel.quietLooks >= Tunnel.looks else { return self.watch(tunnel) }
        self.stopAnswering()
        self.answerState = .complete
        self.exchange.end()
    }

    func endTunnel() {
        guard let tunnel = self.tunnel else { return }
        tunnel.timer?.cancel()
        tunnel.timer = nil
        self.loop.metrics.openTunnels.add(-1)
    }
}
