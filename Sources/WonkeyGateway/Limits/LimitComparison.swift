package import WonkeyCore

/// The limits of a route, for comparing two configurations.
package struct RouteLimits: Hashable, Sendable {
    package var route: String
    package var limits: [LimitPolicy]

    package init(route: String, limits: [LimitPolicy]) {
        self.route = route
        self.limits = limits
    }
}

/// Through which limits keys get less under another configuration.
///
/// Pure. Routes that only one of the configurations has are left out: that is another difference.
package struct LimitComparison: Sendable {
    /// A limit of a route before and after.
    private struct Pair: Sendable {
        /// `nil` if nothing was refused by it.
        var old: LimitPolicy?
        var new: LimitPolicy
    }

    private let pairs: [Pair]

    package init(from old: [RouteLimits], to new: [RouteLimits]) {
        let before = Dictionary(old.map { ($0.route, $0.limits) }, uniquingKeysWith: { first, _ in first })
        var pairs: [Pair] = []
        for route in new {
            guard let limits = before[route.route] else { continue }
            for limit in route.limits where !limit.isShadow {
                pairs.append(Pair(old: limits.first { $0.name == limit.name && !$0.isShadow }, new: limit))
            }
        }
        self.pairs = pairs
    }

    /// The names of the limits through which a key gets less.
    ///
    /// - Parameter key: Its overrides replace quotas, before and after.
    /// - Returns: Empty if nothing changes to its disadvantage.
    package func losses(of key: KeyRecord) -> Set<String> {
        Set(self.pairs.filter { Self.isLess($0, key) }.map(\.new.name))
    }

    private static func isLess(_ pair: Pair, _ key: KeyRecord) -> Bool {
        guard let old = pair.old else { return true }
        // Shared with others from now on.
        if old.partition == .key, pair.new.partition == .project || pair.new.partition == .route { return true }
        let override = key.overrides[pair.new.name]
        return Self.isLess(override ?? pair.new.quota, than: override ?? old.quota)
    }

    /// Fewer units in the long run, or as many but fewer at a time.
    static func isLess(_ new: Quota, than old: Quota) -> Bool {
        let rate = Double(new.limit) / Double(max(1, new.window.milliseconds))
        let earlier = Double(old.limit) / Double(max(1, old.window.milliseconds))
        return rate < earlier || (rate == earlier && new.limit < old.limit)
    }
}
