package import WonkeyCore

/// A target as it is configured, or as its name was resolved.
package struct TargetDefinition: Hashable, Sendable {
    package var place: UpstreamTarget
    /// 1 to 100.
    package var weight: Int
    /// Those of the lowest number get the requests; the others while none of these is fit for one (RFC 2782).
    package var priority: Int
    /// Its own `Host` value.
    package var authority: String
    /// The name it was found by; `nil` for an address or a socket.
    package var serverName: String?

    package init(
        place: UpstreamTarget,
        weight: Int = 1,
        priority: Int = 0,
        authority: String,
        serverName: String? = nil
    ) {
        self.place = place
        self.weight = weight
        self.priority = priority
        self.authority = authority
        self.serverName = serverName
    }
}

/// Where the targets of an upstream come from.
package enum TargetDiscovery: Hashable, Sendable {
    /// As configured; a host name is looked up for each connection.
    case fixed
    /// Every address of a configured host name is a target.
    case addresses(every: Duration)
    /// Every SRV record of a configured host name is a target.
    case services(every: Duration)
}

/// An upstream of several targets, or of one that is watched.
package struct BalancedUpstream: Sendable {
    package var name: String
    package var targets: [TargetDefinition]
    /// For each target, with its own ``UpstreamSettings/target``.
    package var settings: UpstreamSettings
    package var balancing: BalancingSettings
    package var discovery: TargetDiscovery
    /// Whether each target gets its own name in `Host` instead of what the request head says.
    package var namesTargets: Bool
    /// Whether TLS asks for each target by its own name.
    package var asksForTargets: Bool

    package init(
        name: String,
        targets: [TargetDefinition],
        settings: UpstreamSettings,
        balancing: BalancingSettings = BalancingSettings(),
        discovery: TargetDiscovery = .fixed,
        namesTargets: Bool = false,
        asksForTargets: Bool = true
    ) {
        self.name = name
        self.targets = targets
        self.settings = settings
        self.balancing = balancing
        self.discovery = discovery
        self.namesTargets = namesTargets
        self.asksForTargets = asksForTargets
    }

    /// How a target is reached.
    func settings(for target: TargetDefinition) -> UpstreamSettings {
        var settings = self.settings
        settings.target = target.place
        if self.asksForTargets { settings.tls = settings.tls?.asking(for: target.serverName) }
        return settings
    }
}

/// The targets of an upstream at one time; immutable, replaced whole.
package struct TargetTable: Sendable {
    package struct Entry: Hashable, Sendable {
        package var definition: TargetDefinition
        package var condition: TargetCondition

        /// What tells it from others, in metrics and on the ring.
        package var name: String { self.definition.place.description }
    }

    /// Rises with each change.
    package var generation = 0
    package var entries: [Entry] = []
    /// With consistent hashing only; indices as in ``entries``.
    package var ring: HashRing?
}

extension UpstreamTarget: CustomStringConvertible {
    /// `host:port`, or `unix:/path`.
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}
