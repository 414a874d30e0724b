package import WonkeyCore
package import WonkeyHTTP

/// An upstream as routes refer to it.
package struct UpstreamDefinition: Sendable {
    package enum Kind: Sendable {
        /// One target that nobody watches.
        case single(UpstreamSettings)
        /// Targets that this monitor knows.
        case balanced(UpstreamMonitor)
    }

    package var kind: Kind
    package var rules: ForwardingRules
    /// The generation in which it last changed, ``rules`` apart: while it does not, connections and health are kept.
    package var since: Int

    package init(_ kind: Kind, rules: ForwardingRules, since: Int = 1) {
        self.kind = kind
        self.rules = rules
        self.since = since
    }

    func isSame(as other: Self) -> Bool { self.since == other.since }
}

/// What the gateway serves: one generation of the configuration, immutable, replaced whole.
///
/// A request finishes on the snapshot it started on.
package struct GatewaySnapshot: Sendable {
    package let generation: Int
    package let table: RouteTable
    /// By the index of the route in ``table``.
    package let plans: [AdmissionPlan]
    package let upstreams: [String: UpstreamDefinition]
    package let endpoints: [String: any LocalEndpoint]
    package let keyFormat: KeyFormat
    /// Hops whose word on the client's address is believed.
    package let trustedProxies: [AddressRange]
    /// Whether a well-formed `X-Request-Id` of the client is taken over.
    package let takesRequestID: Bool
    /// Tells upstreams of the client's certificate; `nil` if nothing does.
    package let certificateField: FieldName?
    /// Requests under way on an event loop; more are refused.
    package let requestsPerLoopMax: Int

    /// Puts a generation together.
    ///
    /// - Parameters:
    ///   - generation: Rises with each reload.
    ///   - routes: In the order of the configuration; what they name must be in `upstreams` and `endpoints`.
    ///   - upstreams: By name.
    ///   - endpoints: By name.
    ///   - keyFormat: What keys look like.
    ///   - trustedProxies: Empty believes nobody.
    ///   - takesRequestID: Whether clients may choose request ids.
    ///   - certificateField: Tells upstreams of the client's certificate.
    ///   - requestsPerLoopMax: Requests under way on an event loop, at most.
    package init(
        generation: Int,
        routes: [Route],
        upstreams: [String: UpstreamDefinition],
        endpoints: [String: any LocalEndpoint] = [:],
        keyFormat: KeyFormat = .standard,
        trustedProxies: [AddressRange] = [],
        takesRequestID: Bool = false,
        certificateField: FieldName? = nil,
        requestsPerLoopMax: Int = .max
    ) {
        self.generation = generation
        self.table = RouteTable(routes)
        self.plans = routes.map { AdmissionPlan(limits: $0.limits, routeName: $0.name) }
        self.upstreams = upstreams
        self.endpoints = endpoints
        self.keyFormat = keyFormat
        self.trustedProxies = trustedProxies
        self.takesRequestID = takesRequestID
        self.certificateField = certificateField
        self.requestsPerLoopMax = requestsPerLoopMax
    }
}
