internal import WonkeyCore

extension HealthSettings {
    static func read(_ section: inout Section) -> Self {
        var health = Self()
        health.active = section.optional(
            "active",
            .section(ActiveCheck.read),
            "Requests that ask every target how it is; by default none."
        )
        section.read(
            "passive",
            into: &health.passive,
            .section(PassiveCheck.read),
            "What the requests of clients tell about a target."
        )
        section.read(
            "slow_start",
            into: &health.slowStart,
            .duration(.zero...(.seconds(3_600))),
            "How long a target that comes (back) takes to get its whole share, beginning with a tenth; 0s: at once."
        )
        return health
    }
}

extension ActiveCheck {
    static func read(_ section: inout Section) -> Self {
        let path = section.required(
            "path",
            .text(Pattern("^/[!-\"$-~]*$", "a path, as /health")),
            "Asked for with GET, on a connection of its own."
        )
        var check = Self(path: path)
        let times = Duration.milliseconds(10)...(.seconds(3_600))
        section.read("interval", into: &check.interval, .duration(times), "From one check to the next.")
        section.read("timeout", into: &check.timeout, .duration(times), "For a whole check.")
        section.read(
            "healthy_after",
            into: &check.healthyAfter,
            .integer(1...100),
            "Checks in a row that must pass before a target gets requests again."
        )
        section.read(
            "unhealthy_after",
            into: &check.unhealthyAfter,
            .integer(1...100),
            "Checks in a row that must fail before a target gets no more requests."
        )
        section.read("status", into: &check.statuses, .statusRange, "Statuses that pass, as 200 or 200-399.")
        return check
    }
}

extension PassiveCheck {
    static func read(_ section: inout Section) -> Self {
        var check = Self()
        let times = Duration.milliseconds(100)...(.seconds(86_400))
        section.read(
            "failures",
            into: &check.failures,
            .integer(0...10_000),
            "Failed requests in a row, on one event loop, that eject a target; 0: none do."
        )
        section.read(
            "status",
            into: &check.statuses,
            .statuses,
            "Statuses that count as failures, besides connections that fail, break off or take too long."
        )
        section.read(
            "ejection",
            into: &check.ejection,
            .duration(times),
            "How long a target gets no requests; twice as long each time."
        )
        section.read(
            "ejection_max",
            into: &check.ejectionMax,
            .duration(times),
            "The longest ejection; after as long without one, the next is short again."
        )
        if check.ejectionMax < check.ejection {
            section.fault("must not be shorter than 'ejection', \(check.ejection.text)", at: "ejection_max")
        }
        section.read(
            "ejected_max",
            into: &check.ejectedPercentMax,
            .percent(1...100),
            "Share of the targets that may be out of use before no more are ejected; one may always, the last never."
        )
        return check
    }
}

extension RetryRules {
    static func read(_ section: inout Section) -> Self {
        var rules = Self()
        section.read(
            "attempts",
            into: &rules.attempts,
            .integer(1...10),
            "How often a request is tried in all; 1: never again."
        )
        section.read(
            "budget",
            into: &rules.budgetPercent,
            .percent(0...100),
            "Retries, at most, as a share of requests; ten are lent at the start."
        )
        section.read(
            "on",
            into: &rules.causes,
            .retryCauses,
            "What is tried again. connect: nothing was sent, any method. Idempotent methods only, and never after a byte "
                + "of the answer: closed, timeout, invalid (no HTTP), status."
        )
        section.read("status", into: &rules.statuses, .statuses, "The statuses of 'status'.")
        return rules
    }
}

extension BreakerSettings {
    static func read(_ section: inout Section) -> Self {
        var breaker = Self()
        let times = Duration.milliseconds(100)...(.seconds(3_600))
        section.read("window", into: &breaker.window, .duration(times), "How long results are counted together.")
        section.read(
            "requests",
            into: &breaker.requests,
            .integer(1...1_000_000),
            "Results in a window, at least, before it may open."
        )
        section.read(
            "failures",
            into: &breaker.failurePercent,
            .percent(1...100),
            "Share of a window's results that opens it; what fails is told by health.passive."
        )
        section.read("open", into: &breaker.open, .duration(times), "How long it lets nothing through.")
        section.read(
            "probes",
            into: &breaker.probes,
            .integer(1...1_000),
            "Requests let through after that, all of which must succeed."
        )
        return breaker
    }
}
