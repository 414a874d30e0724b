package import WonkeyCore

/// Which requests a route takes.
package struct RouteMatch: Hashable, Sendable {
    package enum Path: Hashable, Sendable {
        /// The whole normalised path.
        case exact(String)
        /// The path itself and everything below it; matches at segment boundaries, a trailing slash is ignored.
        case prefix(String)
    }
    /// In lower case, without port; `nil` takes every host.
    package var host: String?
    package var path: Path
    /// In upper case; `nil` takes every method.
    ///
    /// `GET` includes `HEAD`.
    package var methods: Set<String>?

    package init(host: String? = nil, path: Path, methods: Set<String>? = nil) {
        self.host = host
        self.path = path
        self.methods = methods
    }

    /// Whether the route takes `method`.
    ///
    /// - Parameter method: As received; methods are case-sensitive (RFC 9110 §9.1).
    /// - Returns: `true` if it does.
    package func takes(method: String) -> Bool {
        guard let methods = self.methods else { return true }
        return methods.contains(method) || method == "HEAD" && methods.contains("GET")
    }
}

/// An answer the configuration holds whole.
package struct FixedResponse: Hashable, Sendable {
    package var status: Int
    package var contentType: String
    package var body: String
    package var fields: [FieldRule]

    package init(status: Int, contentType: String, body: String, fields: [FieldRule] = []) {
        self.status = status
        self.contentType = contentType
        self.body = body
        self.fields = fields
    }
}

/// One rule of the configuration: what it matches, what it demands, what it does.
package struct Route: Sendable {
    package enum Action: Hashable, Sendable {
        /// Forwards to the upstream of that name.
        case proxy(upstream: String)
        /// Hands the buffered request to the image endpoint of that name.
        case generate(endpoint: String)
        case respond(FixedResponse)
        case redirect(status: Int, to: RedirectTarget)
    }
    package enum Authentication: Sendable { case required, none }
    /// Which rate limit fields answers carry.
    package enum RateLimitFieldStyle: Sendable { case standard, compatible, both, none }
    /// What becomes of rate limit fields that the upstream sends.
    package enum UpstreamRateLimitFields: Sendable { case pass, strip }

    package var name: String
    package var match: RouteMatch
    package var action: Action
    package var limits: [LimitPolicy]
    package var permissions: [Permission]
    package var authentication: Authentication
    /// Largest request body in bytes.
    package var bodyBytesMax: Int64
    package var rateLimitFields: RateLimitFieldStyle
    package var upstreamRateLimitFields: UpstreamRateLimitFields
    /// What is changed of requests and answers; absent: nothing.
    package var rewrite: RouteRewrite?
    /// Which pages of other origins may use the route; absent: it is not wonkey's business.
    package var crossOrigin: CrossOriginRules?
    /// Whether requests with an idempotency key are carried out once; absent: the key is no business of wonkey's.
    package var idempotency: IdempotencyRules?
    /// What else than HTTP may be spoken through the route; absent: nothing.
    package var upgrade: UpgradeRules?

    package init(
        name: String,
        match: RouteMatch,
        action: Action,
        limits: [LimitPolicy] = [],
        permissions: [Permission] = [],
        authentication: Authentication = .required,
        bodyBytesMax: Int64 = 100 << 20,
        rateLimitFields: RateLimitFieldStyle = .standard,
        upstreamRateLimitFields: UpstreamRateLimitFields = .pass,
        rewrite: RouteRewrite? = nil,
        crossOrigin: CrossOriginRules? = nil,
        idempotency: IdempotencyRules? = nil,
        upgrade: UpgradeRules? = nil
    ) {
        self.name = name
        self.match = match
        self.action = action
        self.limits = limits
        self.permissions = permissions
        self.authentication = authentication
        self.bodyBytesMax = bodyBytesMax
        self.rateLimitFields = rateLimitFields
        self.upstreamRateLimitFields = upstreamRateLimitFields
        self.rewrite = rewrite
        self.crossOrigin = crossOrigin
        self.idempotency = idempotency
        self.upgrade = upgrade
    }
}
