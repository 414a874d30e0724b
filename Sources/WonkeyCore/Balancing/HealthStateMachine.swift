/// Whether a target gets requests.
package enum TargetCondition: Hashable, Sendable {
    /// Gets requests; since when it is back, `nil` if it never was away.
    case available(sinceMs: Int?)
    /// Failed requests of clients; gets none until then, and is available from then on.
    case ejected(untilMs: Int)
    /// Fails its checks.
    case unhealthy

    package func isAvailable(at nowMs: Int) -> Bool {
        switch self {
        case .available: true
        case .ejected(let untilMs): nowMs >= untilMs
        case .unhealthy: false
        }
    }

    /// The share a target gets now.
    ///
    /// During slow start it grows evenly from a tenth to the whole.
    ///
    /// - Parameters:
    ///   - nowMs: Now.
    ///   - slowStart: How long slow start lasts.
    /// - Returns: Percent of its weight, and whether that changes by itself as time passes.
    package func share(at nowMs: Int, slowStart: Duration) -> (percent: Int, isFinal: Bool) {
        let sinceMs: Int?
        switch self {
        case .unhealthy: return (0, true)
        case .ejected(let untilMs):
            if nowMs < untilMs { return (0, false) }
            sinceMs = untilMs
        case .available(let since): sinceMs = since
        }
        let slowStartMs = Int(slowStart.milliseconds)
        guard let sinceMs, nowMs - sinceMs < slowStartMs else { return (100, true) }
        return (10 + 90 * max(0, nowMs - sinceMs) / slowStartMs, false)
    }
}

/// A target's condition in one word, for operators.
package enum TargetState: String, Hashable, Sendable, CaseIterable {
    case healthy, ejected, unhealthy
}

extension TargetCondition {
    package func state(at nowMs: Int) -> TargetState {
        switch self {
        case .available: .healthy
        case .ejected(let untilMs): nowMs < untilMs ? .ejected : .healthy
        case .unhealthy: .unhealthy
        }
    }
}

/// Decides which targets of an upstream get requests, out of its own checks and of what clients' requests met.
///
/// Pure: no clock, no I/O; `nowMs` never goes back. Targets are told apart by their names.
package struct HealthStateMachine: Sendable {
    package enum CheckOutcome: Sendable { case passed, failed }

    private struct Target {
        var isHealthy = true
        /// Checks in a row that contradict `isHealthy`.
        var contradictions = 0
        var availableSinceMs: Int?
        /// The last one's end, also when it is over.
        var ejectedUntilMs: Int?
        /// Without a pause of ``PassiveCheck/ejectionMax`` between them.
        var ejections = 0
    }

    private let settings: HealthSettings
    private var targets: [String: Target] = [:]

    package init(_ settings: HealthSettings) {
        self.settings = settings
    }

    /// The targets from now on; those that were there before keep their condition.
    ///
    /// - Parameters:
    ///   - names: All of them.
    ///   - sinceMs: For slow start of the new ones; `nil` at start, when all are new.
    package mutating func replaceTargets(_ names: [String], sinceMs: Int?) {
        var targets: [String: Target] = [:]
        for name in names {
            targets[name] = self.targets[name] ?? Target(availableSinceMs: sinceMs)
        }
        self.targets = targets
    }

    package func condition(of name: String) -> TargetCondition {
        guard let target = self.targets[name], target.isHealthy else { return .unhealthy }
        if let untilMs = target.ejectedUntilMs, untilMs > target.availableSinceMs ?? .min {
            return .ejected(untilMs: untilMs)
        }
        return .available(sinceMs: target.availableSinceMs)
    }

    /// A check of ours is over.
    ///
    /// - Parameters:
    ///   - outcome: Its result.
    ///   - name: The target; one that is gone is ignored.
    ///   - nowMs: Now.
    /// - Returns: Whether the target's condition changed.
    package mutating func checked(_ outcome: CheckOutcome, of name: String, at nowMs: Int) -> Bool {
        guard let active = self.settings.active, var target = self.targets[name] else { return false }
        let needed: Int
        switch (outcome, target.isHealthy) {
        case (.passed, true), (.failed, false):
            target.contradictions = 0
            self.targets[name] = target
            return false
        case (.passed, false): needed = active.healthyAfter
        case (.failed, true): needed = active.unhealthyAfter
        }
        target.contradictions += 1
        let hasChanged = target.contradictions >= needed
        if hasChanged {
            target.contradictions = 0
            target.isHealthy.toggle()
            if target.isHealthy { target.availableSinceMs = nowMs }
        }
        self.targets[name] = target
        return hasChanged
    }

    /// As many requests in a row failed as eject a target.
    ///
    /// - Parameters:
    ///   - name: The target; one that is gone is ignored.
    ///   - nowMs: Now.
    /// - Returns: Whether it was ejected: not if too many are out of use already.
    package mutating func failedInRow(_ name: String, at nowMs: Int) -> Bool {
        guard var target = self.targets[name], self.condition(of: name).isAvailable(at: nowMs), self.mayEject(at: nowMs)
        else { return false }
        let passive = self.settings.passive
        let maxMs = Int(passive.ejectionMax.milliseconds)
        if let lastMs = target.ejectedUntilMs, nowMs - lastMs >= maxMs { target.ejections = 0 }
        let lengthMs = Int(passive.ejection.milliseconds) << min(target.ejections, 20)
        target.ejections += 1
        target.ejectedUntilMs = nowMs + min(lengthMs, maxMs)
        self.targets[name] = target
        return true
    }

    private func mayEject(at nowMs: Int) -> Bool {
        let out = self.targets.keys.count { !self.condition(of: $0).isAvailable(at: nowMs) }
        guard self.targets.count - out > 1 else { return false }
        return out == 0 || (out + 1) * 100 <= self.settings.passive.ejectedPercentMax * self.targets.count
    }
}
