extension Configuration.Route {
    /// What else than HTTP may be spoken through a route (`routes[].upgrade`).
    package struct Upgrade: Hashable, Sendable {
        /// As `Upgrade` names them, in lower case, without versions.
        package var protocols = ["websocket"]
        /// How long both sides may be silent.
        package var idle: Duration = .seconds(300)

        package init() {}
    }
}

extension Configuration.Route.Upgrade {
    private static let name = Pattern(
        "^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$",
        "a protocol's name in lower case, as websocket"
    )

    static func read(_ section: inout Section) -> Self {
        var upgrade = Self()
        section.read(
            "protocols",
            into: &upgrade.protocols,
            .values(of: .text(Self.name), count: 1...16),
            "What clients may ask to speak instead, as Upgrade names it."
        )
        section.read(
            "idle",
            into: &upgrade.idle,
            .duration(.seconds(1)...(.seconds(86_400))),
            "How long both sides may be silent before the connection is closed; 1s to 24h."
        )
        return upgrade
    }
}

extension Configuration {
    /// Keeps HTTP/2 out of upstreams that may have to upgrade: it has no such thing.
    mutating func settleUpgrades() {
        for route in self.routes where route.upgrade != nil {
            guard case .proxy(let upstream) = route.action, self.upstreams[upstream]?.version == .auto else { continue }
            self.upstreams[upstream]?.version = .http1
        }
    }
}

extension Configuration.Route {
    /// Reads `upgrade` and checks it against the rest of the route.
    mutating func readUpgrade(_ section: inout Section, in context: RouteContext) {
        self.upgrade = section.optional(
            "upgrade",
            .section(Upgrade.read),
            "Connections that leave HTTP behind, such as WebSocket; limits apply to the request that asks for it."
        )
        guard self.upgrade != nil else { return }
        guard case .proxy(let upstream) = self.action else {
            return section.fault("is for routes with 'proxy'", at: "upgrade")
        }
        switch context.upstreams[upstream] {
        case .h2, .h2c: section.fault("needs an upstream that speaks HTTP/1.1, with protocol: http1", at: "upgrade")
        case .auto, .http1, nil: break
        }
    }
}
