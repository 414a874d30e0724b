import Testing
import WonkeyCore

@testable import WonkeyGateway

@Suite("Comparing limits")
struct LimitComparisonTests {
    private static func policy(
        _ limit: Int,
        _ window: Duration = .seconds(60),
        by partition: LimitPartition = .key,
        isShadow: Bool = false
    ) -> LimitPolicy {
        LimitPolicy(
            name: "main",
            algorithm: .fixedWindow,
            quota: Quota(limit: limit, window: window),
            partition: partition,
            isShadow: isShadow
        )
    }

    private static func key(_ overrides: [String: Quota] = [:]) -> KeyRecord {
        KeyRecord(
            id: KeyID(rawValue: "key_a"),
            projectID: ProjectID(rawValue: "proj_a"),
            organizationID: OrganizationID(rawValue: "org_a"),
            name: "a",
            start: "nb_live_a",
            overrides: overrides
        )
    }

    @Test(
        "a key gets less from fewer units in the long run, from as many but fewer at a time, and from a new limit",
        arguments: [
            (Self.policy(60), Self.policy(60), false), (Self.policy(60), Self.policy(59), true),
            (Self.policy(60), Self.policy(61), false), (Self.policy(60), Self.policy(60, .seconds(61)), true),
            (Self.policy(60), Self.policy(1, .seconds(1)), true), (Self.policy(1, .seconds(1)), Self.policy(60), false),
            (Self.policy(60), Self.policy(10, .seconds(1)), false), (nil, Self.policy(1_000), true),
            (Self.policy(60), nil, false), (nil, Self.policy(1, isShadow: true), false),
            (Self.policy(60), Self.policy(1, isShadow: true), false),
            (Self.policy(60, isShadow: true), Self.policy(1_000), true),
            (Self.policy(60), Self.policy(60, by: .project), true),
            (Self.policy(60, by: .project), Self.policy(60), false), (Self.policy(0), Self.policy(0), false),
        ] as [(LimitPolicy?, LimitPolicy?, Bool)]
    )
    func table(old: LimitPolicy?, new: LimitPolicy?, isLess: Bool) {
        let comparison = LimitComparison(
            from: [RouteLimits(route: "a", limits: old.map { [$0] } ?? [])],
            to: [RouteLimits(route: "a", limits: new.map { [$0] } ?? [])]
        )
        #expect(comparison.losses(of: Self.key()) == (isLess ? ["main"] : []))
    }

    @Test(
        "a key's override stays, so that another limit takes nothing from it; a route that is new takes nothing either"
    )
    func overrides() {
        let comparison = LimitComparison(
            from: [RouteLimits(route: "a", limits: [Self.policy(60)])],
            to: [
                RouteLimits(route: "a", limits: [Self.policy(5)]), RouteLimits(route: "b", limits: [Self.policy(5)]),
            ]
        )
        #expect(comparison.losses(of: Self.key(["main": Quota(limit: 3, window: .seconds(60))])) == [])
        #expect(comparison.losses(of: Self.key(["other": Quota(limit: 3, window: .seconds(60))])) == ["main"])
    }
}
