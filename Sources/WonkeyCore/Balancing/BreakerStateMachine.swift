/// When a target is left alone.
package struct BreakerSettings: Hashable, Sendable {
    /// Over which failures are counted.
    package var window: Duration = .seconds(10)
    /// Results in a window before its share of failures means anything.
    package var requests = 20
    /// Percent of a window's results that open the breaker.
    package var failurePercent = 50
    /// How long it stays open.
    package var open: Duration = .seconds(5)
    /// Requests let through after that, all of which must succeed.
    package var probes = 3

    package init() {}
}

/// A circuit breaker: closed, open, half-open.
///
/// Pure: no clock; `nowMs` never goes back. Ask ``refusal(at:)`` first, then ``begin(at:)``; give the ticket back with
/// the result. Results of requests that began before the last change of state say nothing about now and are ignored.
package struct BreakerStateMachine: Sendable {
    private enum State: Equatable {
        /// Opens if too much of a window failed.
        case closed(sinceMs: Int, results: Int, failures: Int)
        /// Half-open from then on.
        case open(untilMs: Int)
        /// Closes when all probes succeeded, opens when one fails.
        case halfOpen(underWay: Int, succeeded: Int)
    }

    package enum Result: Sendable {
        case succeeded, failed
        /// The client left: it says nothing.
        case abandoned
    }

    /// A request that was let through.
    package struct Ticket: Equatable, Sendable {
        fileprivate var epoch: Int
    }

    private let settings: BreakerSettings
    private var state: State
    /// Counts changes of state.
    private var epoch = 0

    package init(_ settings: BreakerSettings, nowMs: Int) {
        self.settings = settings
        self.state = .closed(sinceMs: nowMs, results: 0, failures: 0)
    }

    package var isClosed: Bool {
        switch self.state {
        case .closed: true
        case .open, .halfOpen: false
        }
    }

    /// How long a request that comes now would have to wait; `nil` lets it through.
    package func refusal(at nowMs: Int) -> Duration? {
        switch self.state {
        case .closed: nil
        case .open(let untilMs): nowMs < untilMs ? .milliseconds(untilMs - nowMs) : nil
        case .halfOpen(let underWay, let succeeded):
            underWay + succeeded < self.settings.probes ? nil : .seconds(1)
        }
    }

    /// A request begins that was not refused.
    package mutating func begin(at nowMs: Int) -> Ticket {
        switch self.state {
        case .closed: break
        case .open: self.change(to: .halfOpen(underWay: 1, succeeded: 0))
        case .halfOpen(let underWay, let succeeded):
            self.state = .halfOpen(underWay: underWay + 1, succeeded: succeeded)
        }
        return Ticket(epoch: self.epoch)
    }

    /// A request is over.
    package mutating func end(_ ticket: Ticket, _ result: Result, at nowMs: Int) {
        guard ticket.epoch == self.epoch else { return }
        switch self.state {
        case .closed(let sinceMs, let results, let failures):
            self.count(result, sinceMs, results, failures, nowMs)
        case .open: break
        case .halfOpen(let underWay, let succeeded): self.probed(result, underWay, succeeded, nowMs)
        }
    }

    private mutating func count(_ result: Result, _ sinceMs: Int, _ results: Int, _ failures: Int, _ nowMs: Int) {
        var (sinceMs, results, failures) = (sinceMs, results, failures)
        if nowMs - sinceMs >= Int(self.settings.window.milliseconds) {
            (sinceMs, results, failures) = (nowMs, 0, 0)
        }
        switch result {
        case .succeeded: results += 1
        case .failed: (results, failures) = (results + 1, failures + 1)
        case .abandoned: break
        }
        if failures > 0, results >= self.settings.requests, failures * 100 >= self.settings.failurePercent * results {
            self.open(at: nowMs)
        } else {
            self.state = .closed(sinceMs: sinceMs, results: results, failures: failures)
        }
    }

    private mutating func probed(_ result: Result, _ underWay: Int, _ succeeded: Int, _ nowMs: Int) {
        switch result {
        case .failed: self.open(at: nowMs)
        case .abandoned: self.state = .halfOpen(underWay: underWay - 1, succeeded: succeeded)
        case .succeeded where succeeded + 1 >= self.settings.probes:
            self.change(to: .closed(sinceMs: nowMs, results: 0, failures: 0))
        case .succeeded: self.state = .halfOpen(underWay: underWay - 1, succeeded: succeeded + 1)
        }
    }

    private mutating func open(at nowMs: Int) {
        self.change(to: .open(untilMs: nowMs + Int(self.settings.open.milliseconds)))
    }

    private mutating func change(to state: State) {
        self.state = state
        self.epoch += 1
    }
}
