import Foundation
import Testing
import WonkeyConfig
import WonkeyCore

@Suite("Several targets")
struct BalancingTests {
    @Test("the example shows every default")
    func example() throws {
        let configuration = try Configuration.load(
            file: Place.examples.appending(path: "balancing.yaml").path,
            environment: [:]
        )
        var api = Configuration.Upstream(name: "api", endpoint: .tcp(host: "127.0.0.1", port: 3000))
        api.targets.append(.init(endpoint: .tcp(host: "127.0.0.1", port: 3001), weight: 2))
        api.targets.append(.init(endpoint: .tcp(host: "127.0.0.1", port: 3002), priority: 1))
        api.isBalanced = true
        api.balancing.health.active = ActiveCheck(path: "/health")
        api.balancing.breaker = BreakerSettings()
        #expect(configuration.upstreams["api"] == api)
        var pods = Configuration.Upstream(name: "pods", endpoint: .tcp(host: "pods.example.internal", port: 8000))
        pods.isBalanced = true
        pods.resolve = .addresses
        pods.resolveEvery = .seconds(10)
        pods.balancing.policy = .leastRequests
        #expect(configuration.upstreams["pods"] == pods)
    }

    @Test(
        "one plain url is not balanced; any of the settings makes it so",
        arguments: [
            ("", false), (", connections: 3", false), (", balance: round-robin", true), (", resolve: connect", true),
            (", health: {slow_start: 0s}", true), (", retries: {attempts: 1}", true), (", breaker: {probes: 1}", true),
        ]
    )
    func isBalanced(settings: String, expected: Bool) throws {
        let upstream = try #require(self.upstream(#"{url: "http://127.0.0.1:3000"\#(settings)}"#))
        #expect(upstream.isBalanced == expected)
    }

    @Test("every setting is read")
    func settings() throws {
        let upstream = try #require(
            self.upstream(
                """
                {targets: ["unix:/run/a.sock"], balance: consistent-hash, hash: "header:X-Customer",
                health: {active: {path: "/up?x=1", interval: 1s, timeout: 20ms, healthy_after: 1, unhealthy_after: 9,
                status: 204}, passive: {failures: 0, status: [], ejection: 1s, ejection_max: 2s, ejected_max: 100%},
                slow_start: 1m}, retries: {attempts: 3, budget: 0%, on: [timeout, status], status: [429]},
                breaker: {window: 1s, requests: 1, failures: 1%, open: 1m, probes: 9}}
                """
            )
        )
        var expected = BalancingSettings()
        expected.policy = .consistentHash
        expected.hash = .header("x-customer")
        var active = ActiveCheck(path: "/up?x=1")
        (active.interval, active.timeout, active.statuses) = (.seconds(1), .milliseconds(20), 204...204)
        (active.healthyAfter, active.unhealthyAfter) = (1, 9)
        expected.health.active = active
        (expected.health.passive.failures, expected.health.passive.statuses) = (0, [])
        (expected.health.passive.ejection, expected.health.passive.ejectionMax) = (.seconds(1), .seconds(2))
        expected.health.passive.ejectedPercentMax = 100
        expected.health.slowStart = .seconds(60)
        (expected.retries.attempts, expected.retries.budgetPercent) = (3, 0)
        (expected.retries.causes, expected.retries.statuses) = ([.timeout, .status], [429])
        var breaker = BreakerSettings()
        (breaker.window, breaker.requests, breaker.failurePercent) = (.seconds(1), 1, 1)
        (breaker.open, breaker.probes) = (.seconds(60), 9)
        expected.breaker = breaker
        #expect(upstream.balancing == expected)
        #expect(upstream.targets == [.init(endpoint: .unix(path: "/run/a.sock"))])
    }

    private func upstream(_ text: String) -> Configuration.Upstream? {
        let outcome = Outcome(
            """
            version: 1
            listeners: [{address: "127.0.0.1:8080"}]
            store: {url: "sqlite:data/wonkey.db"}
            upstreams:
              api: \(text.replacing("\n", with: " "))
            routes:
              - {name: api, match: {prefix: /}, proxy: api}
            """
        )
        #expect(outcome.faults.isEmpty)
        return outcome.configuration?.upstreams["api"]
    }
}
