import Testing
import WonkeyCore
import WonkeyGateway

@Suite("Admission plan")
struct AdmissionPlanTests {
    private func policy(
        _ name: String,
        _ partition: LimitPartition,
        unit: LimitUnit = .requests
    ) -> LimitPolicy {
        LimitPolicy(
            name: name,
            algorithm: .fixedWindow,
            quota: Quota(limit: 60, window: .seconds(60)),
            partition: partition,
            unit: unit
        )
    }

    private func key(overrides: [String: Quota] = [:]) -> KnownKey {
        KnownKey(
            KeyRecord(
                id: KeyID(rawValue: "key_a"),
                projectID: ProjectID(rawValue: "proj_a"),
                organizationID: OrganizationID(rawValue: "org_a"),
                name: "a",
                start: "nb_live_a",
                overrides: overrides
            )
        )
    }

    private func partitions(_ key: KnownKey?, field: String? = nil) -> AdmissionPlan.Partitions {
        AdmissionPlan.Partitions(key: key, clientAddress: "2001:db8::1") { name in
            name == "x-tenant" ? field : nil
        }
    }

    @Test("each limit has its own counter, and all counters of a request share the project's hash tag")
    func counters() {
        let limits = [
            self.policy("k", .key), self.policy("p", .project), self.policy("r", .route),
            self.policy("c", .clientAddress), self.policy("h", .header("x-tenant")), self.policy("n", .header("x-no")),
        ]
        let plan = AdmissionPlan(limits: limits, routeName: "api")
        let counters = plan.checks(self.partitions(self.key(), field: "acme")).map(\.counter)
        #expect(
            counters == [
                "wk:{proj_a}:k:key_a", "wk:{proj_a}:p:", "wk:{proj_a}:r:r:api", "wk:{proj_a}:c:a:2001:db8::1",
                "wk:{proj_a}:h:h:acme", "wk:{proj_a}:n:h:",
            ]
        )
        let anonymous = plan.checks(self.partitions(nil, field: "acme")).map(\.counter)
        #expect(anonymous[3] == "wk:{-}:c:a:2001:db8::1")
    }

    @Test("a limit in shadow is checked, but never shown to a client; what it would have refused is known by name")
    func shadow() {
        var shadow = self.policy("s", .key, unit: .images)
        shadow.isShadow = true
        let plan = AdmissionPlan(limits: [shadow, self.policy("k", .key)], routeName: "api")
        let key = self.key(overrides: ["s": Quota(limit: 5, window: .seconds(10))])
        let checks = plan.checks(self.partitions(key))
        #expect(checks.map(\.isShadow) == [true, false])
        #expect(checks.map(\.quota.limit) == [5, 60])
        #expect(plan.policyText(key: key) == #""k";q=60;w=60"#)
        #expect(plan.policyText(key: nil) == #""k";q=60;w=60"#)
        let taken = CounterState(remaining: 1, resetMs: 2, retryAfterMs: 0)
        let full = CounterState(remaining: 0, resetMs: 2, retryAfterMs: 2)
        let applied = [AppliedLimit(name: "k", quota: Quota(limit: 60, window: .seconds(60)), state: taken)]
        #expect(plan.applied([full, taken], key: key) == applied)
        #expect(plan.applied(ofAsked: [full, taken], key: key) == applied)
        #expect(plan.shadowRefusals([full, taken]) == ["s"])
        #expect(plan.shadowRefusals([taken, taken]) == [])
        #expect(plan.imageChecks(checks, shadowRefusals: ["s"]) == [])
        #expect(plan.imageChecks(checks, shadowRefusals: []) == [checks[0]])
    }

    @Test("a long field value makes no long counter, and two values make two counters")
    func longValues() {
        let plan = AdmissionPlan(limits: [self.policy("h", .header("x-tenant"))], routeName: "api")
        let counters = ["a", "b"].map { letter in
            plan.checks(self.partitions(self.key(), field: String(repeating: letter, count: 10_000)))[0].counter
        }
        #expect(counters.allSatisfy { $0.utf8.count == "wk:{proj_a}:h:h:".utf8.count + 64 })
        #expect(counters[0] != counters[1])
    }

    @Test("a key's override replaces the quota in checks, answers and policy text")
    func overrides() {
        let plan = AdmissionPlan(limits: [self.policy("k", .key), self.policy("p", .project)], routeName: "api")
        let key = self.key(overrides: ["k": Quota(limit: 5, window: .seconds(10))])
        #expect(plan.checks(self.partitions(key)).map(\.quota.limit) == [5, 60])
        #expect(plan.policyText(key: key) == #""k";q=5;w=10, "p";q=60;w=60"#)
        #expect(plan.policyText(key: nil) == #""k";q=60;w=60, "p";q=60;w=60"#)
        let state = CounterState(remaining: 1, resetMs: 2, retryAfterMs: 3)
        #expect(
            plan.applied(ofAsked: [state, nil], key: key)
                == [AppliedLimit(name: "k", quota: Quota(limit: 5, window: .seconds(10)), state: state)]
        )
    }

    @Test("only limits that count images are given back")
    func images() {
        let plan = AdmissionPlan(
            limits: [self.policy("requests", .key), self.policy("images", .key, unit: .images)],
            routeName: "generate"
        )
        let checks = plan.checks(self.partitions(self.key()))
        #expect(plan.imageChecks(checks) == [checks[1]])
    }
}
