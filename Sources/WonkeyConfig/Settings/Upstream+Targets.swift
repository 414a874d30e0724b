internal import WonkeyCore

extension Configuration.Upstream {
    /// One server.
    package struct Target: Hashable, Sendable {
        package var endpoint: Endpoint
        /// 1 to 100.
        package var weight = 1
        /// 0 to 65535; the lowest there is gets the requests.
        package var priority = 0

        package init(endpoint: Endpoint, weight: Int = 1, priority: Int = 0) {
            self.endpoint = endpoint
            self.weight = weight
            self.priority = priority
        }
    }

    /// When and how host names of targets are looked up.
    package enum Resolve: String, Hashable, Sendable, CaseIterable {
        /// For each connection; a name is one target.
        case connect
        /// In intervals; every address is a target.
        case addresses
        /// In intervals; every SRV record is a target.
        case srv
    }

    init(name: String, targets: [Target]) {
        self.name = name
        self.targets = targets
    }
}

extension Configuration.Upstream {
    /// Reads `url` or `targets`; one target stands in where both are missing.
    ///
    /// - Returns: The targets, and whether they speak TLS.
    static func readTargets(_ section: inout Section) -> (targets: [Target], usesTLS: Bool) {
        let url = section.optional(
            "url",
            .upstreamURL,
            "The server's place: http://host:port, https://host:port or unix:/path; for several servers use targets."
        )
        let targets = section.optional(
            "targets",
            .list(of: .upstreamTarget, count: 1...256),
            "Servers to spread requests over, each a URL or {url, weight}."
        )
        section.exactlyOne(of: ["url", "targets"])
        var seen: Set<Endpoint> = []
        for target in targets ?? [] where !seen.insert(target.value.target.endpoint).inserted && target.isSound {
            section.reading.report(
                target.position,
                "\(section.path).targets: another target has the same place, \(target.value.target.endpoint)"
            )
        }
        guard let targets, let first = targets.first else {
            let place = url?.endpoint ?? .tcp(host: "127.0.0.1", port: 0)
            return ([Target(endpoint: place)], url?.usesTLS ?? false)
        }
        let isMixed = targets.contains { $0.isSound && $0.value.usesTLS != first.value.usesTLS }
        if isMixed, first.isSound { section.fault("must all begin with https://, or none", at: "targets") }
        return (targets.map(\.value.target), first.value.usesTLS)
    }

    /// Reads how requests are spread over targets.
    static func readBalancing(_ section: inout Section, into upstream: inout Self) {
        section.read(
            "balance",
            into: &upstream.balancing.policy,
            .choice(.roundRobin),
            "Who gets the next request: round-robin, least-requests or consistent-hash."
        )
        section.read(
            "hash",
            into: &upstream.balancing.hash,
            .hashSource,
            "What consistent-hash keeps on one target: key, client-address, or header:NAME; without it, targets take turns."
        )
        if section.has("hash"), upstream.balancing.policy != .consistentHash {
            section.fault("needs 'balance: consistent-hash'", at: "hash")
        }
        self.readResolution(&section, into: &upstream)
        section.read(
            "health",
            into: &upstream.balancing.health,
            .section(HealthSettings.read),
            "Which targets get requests."
        )
        section.read(
            "retries",
            into: &upstream.balancing.retries,
            .section(RetryRules.read),
            "What is tried again, preferably on another target; with one 'url' and none of these settings, nothing is."
        )
        upstream.balancing.breaker = section.optional(
            "breaker",
            .section(BreakerSettings.read),
            "Leaves a target alone for a while when too much fails, on each event loop; 503 if all are. By default none."
        )
        upstream.isBalanced = ["targets", "balance", "resolve", "health", "retries", "breaker"].contains {
            section.has($0)
        }
    }

    private static func readResolution(_ section: inout Section, into upstream: inout Self) {
        section.read(
            "resolve",
            into: &upstream.resolve,
            .choice(.connect),
            "How host names become targets: connect, one each, looked up for each connection; addresses, every address is "
                + "one; srv, every SRV record is one."
        )
        section.read(
            "resolve_every",
            into: &upstream.resolveEvery,
            .duration(.seconds(1)...(.seconds(86_400))),
            "How often names are resolved again; sooner if their time to live is shorter, but not within 1s."
        )
        switch upstream.resolve {
        case .connect where section.has("resolve_every"):
            section.fault("needs 'resolve: addresses' or 'resolve: srv'", at: "resolve_every")
        case .srv where upstream.targets.contains { !$0.isNamed }:
            section.fault("srv needs names of services, as http://_http._tcp.example.com", at: "resolve")
        case .connect, .addresses, .srv: break
        }
    }
}

/// An entry of `targets`.
struct TargetEntry {
    var target: Configuration.Upstream.Target
    var usesTLS: Bool

    init(_ url: UpstreamURL) {
        self.target = .init(endpoint: url.endpoint)
        self.usesTLS = url.usesTLS
    }

    static func read(_ section: inout Section) -> Self {
        let url = section.required(
            "url",
            .upstreamURL,
            "The server's place: http://host:port, https://host:port or unix:/path."
        )
        var entry = Self(url)
        section.read(
            "weight",
            into: &entry.target.weight,
            .integer(1...100),
            "Its share of requests, beside those of the others of its priority."
        )
        section.read(
            "priority",
            into: &entry.target.priority,
            .integer(0...65_535),
            "Gets requests while no target of a lower number is fit for one; 0 comes first."
        )
        return entry
    }
}

extension Configuration.Upstream.Target {
    /// Whether its place is a host name.
    fileprivate var isNamed: Bool {
        switch self.endpoint {
        case .tcp(let host, _): IPAddress(host) == nil
        case .unix: false
        }
    }
}

extension Kind where Value == TargetEntry {
    /// A URL, or a mapping with its place among the others.
    fileprivate static var upstreamTarget: Kind {
        let url = Kind<UpstreamURL>.upstreamURL
        let section = Kind.section(TargetEntry.read)
        return Kind(
            schema: { .object([("anyOf", .array([url.schema(), section.schema()]))]) },
            placeholder: section.placeholder,
            json: { _ in nil },
            read: { node, path, reading in
                guard case .scalar = node.content else { return section.read(node, path, reading) }
                return url.read(node, path, reading).map { TargetEntry($0) }
            }
        )
    }
}
