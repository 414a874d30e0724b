package import WonkeyHTTP

/// Which pages of other origins may use a route from a browser.
///
/// - SeeAlso: Fetch §3.3, <https://fetch.spec.whatwg.org/#http-cors-protocol>.
package struct CrossOriginRules: Hashable, Sendable {
    /// As browsers send them; `*` stands for all.
    package var origins: Set<String>
    /// Empty: the route's.
    package var methods: [String]
    /// `*` stands for all.
    package var requestFields: [String]
    package var exposedFields: [String]
    package var allowsCredentials: Bool
    package var maxAge: Duration

    package init(
        origins: Set<String>,
        methods: [String] = [],
        requestFields: [String] = [],
        exposedFields: [String] = [],
        allowsCredentials: Bool = false,
        maxAge: Duration = .zero
    ) {
        self.origins = origins
        self.methods = methods
        self.requestFields = requestFields
        self.exposedFields = exposedFields
        self.allowsCredentials = allowsCredentials
        self.maxAge = maxAge
    }
}

/// The fields of ``CrossOriginRules``, worked out once per generation.
package final class CrossOriginPlan {
    private let rules: CrossOriginRules
    private let allowsAll: Bool
    private let allowsAllFields: Bool
    private let exposed: String
    private let methods: String
    private let fields: String
    private let maxAge: String

    private static let allow = FieldName("Access-Control-Allow-Origin")
    private static let credentials = FieldName("Access-Control-Allow-Credentials")
    private static let expose = FieldName("Access-Control-Expose-Headers")
    private static let answerFields = [CrossOriginPlan.allow, CrossOriginPlan.credentials, CrossOriginPlan.expose]
    private static let alwaysExposed = [
        "RateLimit", "RateLimit-Policy", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset",
        "Retry-After", "X-Request-Id", "Idempotency-Replayed",
    ]

    /// Works the fields out.
    ///
    /// - Parameters:
    ///   - rules: Of the route.
    ///   - methods: What the route takes; `nil` is everything.
    package init(_ rules: CrossOriginRules, methods: Set<String>?) {
        self.rules = rules
        self.allowsAll = rules.origins.contains("*")
        self.allowsAllFields = rules.requestFields == ["*"]
        self.exposed = (Self.alwaysExposed + rules.exposedFields).joined(separator: ", ")
        let usual = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
        self.methods = (rules.methods.isEmpty ? methods?.sorted() ?? usual : rules.methods).joined(separator: ", ")
        self.fields = rules.requestFields.joined(separator: ", ")
        self.maxAge = "\(rules.maxAge.components.seconds)"
    }

    /// Lets a page read an answer, or says nothing but that the answer depends on who asks.
    ///
    /// - Parameters:
    ///   - fields: The answer's; an upstream's own words on the matter are removed, as they are spoken here.
    ///   - origin: What the request's `Origin` says; `nil` without one.
    package func addAnswerFields(to fields: inout FieldSection, origin: String?) {
        for name in Self.answerFields { fields.remove(name) }
        if !self.allowsAll { fields.append(.vary, "Origin") }
        guard let origin, self.allows(origin) else { return }
        self.allow(origin, in: &fields)
        fields.append(Self.expose, self.exposed)
    }

    /// The answer to a preflight; without permission it says nothing but what it depends on.
    ///
    /// - Parameters:
    ///   - origin: Who asks.
    ///   - requested: The fields the page wants to set, as sent.
    /// - Returns: All fields.
    package func preflightFields(origin: String, requested: String?) -> FieldSection {
        var fields = FieldSection()
        fields.append(.vary, "Origin, Access-Control-Request-Method, Access-Control-Request-Headers")
        guard self.allows(origin) else { return fields }
        self.allow(origin, in: &fields)
        fields.append(name: "Access-Control-Allow-Methods", value: self.methods)
        // A star means nothing to a page with credentials, and never means Authorization.
        let allowed = self.allowsAllFields ? requested ?? "" : self.fields
        if !allowed.isEmpty { fields.append(name: "Access-Control-Allow-Headers", value: allowed) }
        fields.append(name: "Access-Control-Max-Age", value: self.maxAge)
        return fields
    }

    private func allow(_ origin: String, in fields: inout FieldSection) {
        fields.append(Self.allow, self.allowsAll ? "*" : origin)
        if self.rules.allowsCredentials { fields.append(Self.credentials, "true") }
    }

    private func allows(_ origin: String) -> Bool { self.allowsAll || self.rules.origins.contains(origin) }
}
