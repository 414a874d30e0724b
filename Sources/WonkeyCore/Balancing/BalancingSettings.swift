/// How the next target of an upstream is chosen.
package enum BalancePolicy: String, Hashable, Sendable, CaseIterable {
    /// In turn, as often as the weights say.
    case roundRobin = "round-robin"
    /// The one with the fewest requests under way for its weight.
    case leastRequests = "least-requests"
    /// The same target for the same value of ``HashSource``.
    case consistentHash = "consistent-hash"
}

/// What consistent hashing keeps together.
package enum HashSource: Hashable, Sendable {
    /// The API key.
    case key
    case clientAddress
    /// A request field, by its name in lower case.
    case header(String)
}

/// How an upstream's requests are spread over its targets, and what protects both.
package struct BalancingSettings: Hashable, Sendable {
    package var policy: BalancePolicy = .roundRobin
    /// Used with ``BalancePolicy/consistentHash``; a request without the value goes to whoever is next.
    package var hash: HashSource = .key
    package var health = HealthSettings()
    package var retries = RetryRules()
    /// `nil`: none.
    package var breaker: BreakerSettings?

    package init() {}
}

/// How it is found out which targets get requests.
package struct HealthSettings: Hashable, Sendable {
    /// `nil`: no checks of our own.
    package var active: ActiveCheck?
    package var passive = PassiveCheck()
    /// How long a target that comes (back) takes to get its whole share; zero: at once.
    package var slowStart: Duration = .zero

    package init() {}
}

/// Requests that ask a target how it is.
package struct ActiveCheck: Hashable, Sendable {
    /// Asked for with GET; begins with a slash.
    package var path: String
    package var interval: Duration = .seconds(5)
    /// For the whole check.
    package var timeout: Duration = .seconds(2)
    /// Checks in a row that must pass before a target counts as healthy again.
    package var healthyAfter = 2
    /// Checks in a row that must fail before a target counts as unhealthy.
    package var unhealthyAfter = 3
    /// Statuses that pass.
    package var statuses: ClosedRange<Int> = 200...399

    package init(path: String) {
        self.path = path
    }
}

/// What the requests of clients tell about a target.
package struct PassiveCheck: Hashable, Sendable {
    /// Failed requests in a row, on one event loop, that eject a target; 0: none do.
    package var failures = 5
    /// Answers that count as failures.
    package var statuses: Set<Int> = [502, 503, 504]
    /// How long the first ejection lasts; each further one twice as long as the one before.
    package var ejection: Duration = .seconds(10)
    /// The longest ejection, and how long a target must do well for the next one to be short again.
    package var ejectionMax: Duration = .seconds(300)
    /// Percent of the targets that may be out of use before no more are ejected; one may always, the last one never.
    package var ejectedPercentMax = 50

    package init() {}
}
