import WonkeyCore
import WonkeyHTTP

/// Whether the request fits its limits.
extension GatewayExchange {
    /// Takes every limit of the route, or none.
    ///
    /// `next` gets `nil` for an admitted request, and is not called if the client leaves meanwhile.
    func takeLimits(_ head: RequestHead, _ route: LoopRoute, _ next: @escaping (Refusal?) -> Void) {
        guard !route.plan.isEmpty else {
            self.limitVerdict = .admitted
            self.loop.resources.metrics.count(.admitted)
            next(nil)
            return
        }
        self.checks = route.plan.checks(
            AdmissionPlan.Partitions(key: self.key, clientAddress: self.client?.ip ?? "") { name in
                head.fields.first(FieldName(name))
            },
            lease: self.id
        )
        self.loop.gate.admit(self.checks) { outcome in
            if route.plan.hasLeases, case .admitted(let states, let source) = outcome {
                self.holdLeases(states, source)
            }
            guard !self.isOver else { return }
            next(self.settle(outcome, route.plan))
        }
    }

    private func settle(_ outcome: LimitGate.Outcome, _ plan: AdmissionPlan) -> Refusal? {
        switch outcome {
        case .admitted(let states, let source):
            self.admissionSource = source
            self.applied = plan.applied(states, key: self.key)
            self.shadowRefusals = plan.shadowRefusals(states)
            for name in self.shadowRefusals { self.route?.limitCounters[name]?.shadowRefusals.increment() }
            let isShadowed = !self.shadowRefusals.isEmpty
            self.limitVerdict = isShadowed ? .shadowRefused : source.isDegraded ? .admittedDegraded : .admitted
            self.loop.resources.metrics.count(source.isDegraded ? .admittedDegraded : .admitted)
            return nil
        case .refused(let states, let source):
            self.applied = plan.applied(ofAsked: states, key: self.key)
            self.limitVerdict = source.isDegraded ? .refusedDegraded : .refused
            let violated = self.applied.filter { $0.state.retryAfterMs > 0 }
            for limit in violated { self.route?.limitCounters[limit.name]?.refusals.increment() }
            // Never earlier than the reset that is advertised beside it (L5).
            let delay = violated.map { max($0.state.retryAfterMs, $0.state.resetMs) }.max() ?? 0
            return .rateLimited(retryAfter: .milliseconds(delay), violated: violated.map(\.name))
        case .unavailable:
            self.limitVerdict = .refusedDegraded
            return .counterStoreUnavailable
        }
    }

    /// Keeps the places this request takes of concurrency limits until it is over; a client that left meanwhile takes none.
    private func holdLeases(_ states: [CounterState], _ source: AdmissionSource) {
        // What did not fit in shadow was not taken.
        let taken = zip(self.checks, states).filter { $1.retryAfterMs == 0 }.map(\.0)
        self.loop.gate.leases.taken(self.id, taken, from: source)
        if self.isOver { self.loop.gate.leases.ended(self.id) } else { self.holdsLeases = true }
    }

    /// Gives reserved images back when none was returned.
    func giveBackImages() {
        guard let plan = self.route?.plan, let source = self.admissionSource else { return }
        let checks = plan.imageChecks(self.checks, shadowRefusals: self.shadowRefusals)
        if !checks.isEmpty { self.loop.gate.giveBack(checks, to: source) }
        self.admissionSource = nil
    }

    /// Adds what the route tells its clients about limits (L1–L3, L7).
    func addRateLimitFields(to fields: inout FieldSection) {
        guard let route = self.route, !self.applied.isEmpty else { return }
        switch route.rule.rateLimitFields {
        case .none: return
        case .standard: self.addStandardFields(route.plan, to: &fields)
        case .compatible: self.addCompatibleFields(to: &fields)
        case .both:
            self.addStandardFields(route.plan, to: &fields)
            self.addCompatibleFields(to: &fields)
        }
    }

    private func addStandardFields(_ plan: AdmissionPlan, to fields: inout FieldSection) {
        fields.append(.rateLimitPolicy, plan.policyText(key: self.key))
        fields.append(.rateLimit, RateLimitFields.state(self.applied))
    }

    private func addCompatibleFields(to fields: inout FieldSection) {
        for (name, value) in RateLimitFields.compatible(self.applied) {
            fields.replace(FieldName(name), with: value)
        }
    }
}

extension AdmissionSource {
    /// Whether the shared counters had no say.
    fileprivate var isDegraded: Bool {
        switch self {
        case .shared, .remembered, .ahead: false
        case .local, .open: true
        }
    }
}
