internal import WonkeyCore

extension Configuration {
    /// Reads and checks a configuration file.
    ///
    /// - Parameters:
    ///   - file: Its path, also what faults begin with.
    ///   - environment: Where `${NAME}` is looked up.
    ///   - inspection: Looks into the files TLS settings name; without it their names are all that is read.
    /// - Returns: The whole configuration.
    /// - Throws: Every fault there is, if there is any.
    package static func load(
        file: String,
        environment: [String: String],
        inspection: TLSInspection? = nil
    ) throws(ConfigurationFaults) -> Configuration {
        try LoadedConfiguration(file: file, environment: environment, inspection: inspection).configuration
    }

    /// Reads and checks a configuration given as bytes; see ``load(file:environment:inspection:)``.
    ///
    /// - Parameters:
    ///   - bytes: The YAML text.
    ///   - fileName: What faults begin with.
    ///   - environment: Where `${NAME}` is looked up; `${file:…}` is read from the file system.
    ///   - inspection: Looks into the files TLS settings name.
    /// - Returns: The whole configuration.
    /// - Throws: Every fault there is, if there is any.
    package static func parse(
        bytes: [UInt8],
        fileName: String,
        environment: [String: String],
        inspection: TLSInspection? = nil
    ) throws(ConfigurationFaults) -> Configuration {
        try LoadedConfiguration(
            bytes: bytes,
            fileName: fileName,
            environment: environment,
            inspection: inspection
        ).configuration
    }

    /// Declares every setting there is.
    ///
    /// What others refer to by name is read first.
    static func read(_ section: inout Section) -> Configuration {
        _ = section.required("version", .integer(1...1), "The version of this file's format: 1.")
        let listeners = section.required(
            "listeners",
            .list(of: .section(Listener.read), count: 1...64),
            "Where clients connect."
        )
        let operations = section.optional(
            "operations",
            .section(Operations.read),
            "The private listener for health, readiness and metrics; by default none."
        )
        let store = section.required("store", .section(StoreLocation.read), "Where keys, usage and logs are kept.")
        var configuration = Configuration(listeners: listeners.map(\.value), store: store, routes: [])
        configuration.operations = operations
        section.read("counters", into: &configuration.counters, .section(Counters.read), "Where limits are counted.")
        section.read("keys", into: &configuration.keys, .section(Keys.read), "What keys look like.")
        section.read(
            "limits",
            into: &configuration.limits,
            .sections(in: .limit, LimitPolicy.read),
            "Limits by name, for routes to refer to."
        )
        section.read(
            "upstreams",
            into: &configuration.upstreams,
            .sections(in: .upstream, Upstream.read),
            "Servers by name, for routes to forward to."
        )
        section.read(
            "storage",
            into: &configuration.storage,
            .sections(in: .storage, ObjectStorage.read),
            "Object stores by name, for images to be uploaded to."
        )
        section.read(
            "images",
            into: &configuration.images,
            .sections(in: .image, ImageModel.read),
            "Image models by name, for routes to generate with."
        )
        section.read("server", into: &configuration.server, .section(Server.read), "Connections and messages.")
        let context = RouteContext(
            limits: configuration.limits,
            bodyLimit: configuration.server.bodyLimit,
            upstreams: configuration.upstreams.mapValues(\.version)
        )
        let routes = section.required(
            "routes",
            .list(of: .section { Route.read(&$0, in: context) }, count: 1...10_000),
            "Which requests are let in how, and what becomes of them."
        )
        configuration.routes = routes.map(\.value)
        configuration.settleUpgrades()
        var managed: [Located<Endpoint>] = []
        section.read(
            "management",
            into: &configuration.management,
            .section { Management.read(&$0, listeningAt: &managed) },
            "The management service, wonkey-admin serve."
        )
        section.read("logs", into: &configuration.logs, .section(Logs.read), "The request log.")
        section.read(
            "telemetry",
            into: &configuration.telemetry,
            .section(Telemetry.read),
            "Traces and the access log."
        )
        if configuration.logs.sink == .stdout, configuration.telemetry.accessLog?.destination == .stdout {
            section.fault("cannot write to stdout, as the request log does (logs.sink)", at: "telemetry")
        }
        section.read("logging", into: &configuration.logging, .section(Logging.read), "The program's own messages.")
        let sidecar =
            listeners.map { Located(value: $0.value.address, position: $0.position) }
            + (operations.map { [Located(value: $0.address, position: section.position(of: "operations"))] } ?? [])
        Self.check(sidecar + managed, section)
        Self.check(routes, section)
        if !section.has("counters"), !configuration.limits.isEmpty {
            section.fault(
                "needs 'counters' to count in: redis://host:port/database, or memory: for one process",
                at: "limits"
            )
        }
        if !section.has("counters"), configuration.routes.contains(where: { $0.idempotency != nil }) {
            section.fault(
                "idempotency needs 'counters' to keep answers in: redis://host:port/database, or memory: for one process",
                at: "routes"
            )
        }
        return configuration
    }

    /// No two sockets can listen in one place, be they of the sidecar or of the management service.
    private static func check(_ addresses: [Located<Endpoint>], _ section: Section) {
        var seen: Set<Endpoint> = []
        for address in addresses {
            if case .tcp(_, port: 0) = address.value { continue }
            guard !seen.insert(address.value).inserted, !section.isDescribing else { continue }
            section.reading.report(address.position, "another listener has the same address, \(address.value)")
        }
    }

    /// Every route can be told apart by its name, and every request goes to one route.
    private static func check(_ routes: [Located<Route>], _ section: Section) {
        var names: [String: Int] = [:]
        var paths: [Route.Match.Path: [Located<Route>]] = [:]
        for route in routes {
            let line = route.position?.line ?? 0
            if !route.value.name.isEmpty, let first = names.updateValue(line, forKey: route.value.name) {
                section.reading.report(
                    route.position,
                    "routes: the name \(quotedKey(route.value.name)) is taken by the route in line \(first)"
                )
            }
            // A faulty route may be another one than it seems.
            guard route.isSound else { continue }
            let others = paths[route.value.match.path, default: []]
            if let other = others.first(where: { $0.value.match.collides(with: route.value.match) }) {
                section.reading.report(
                    route.position,
                    "routes: this route matches the same requests as the one in line \(other.position?.line ?? 0)"
                )
            }
            paths[route.value.match.path, default: []].append(route)
        }
    }
}
