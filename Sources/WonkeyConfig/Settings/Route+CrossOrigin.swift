extension Configuration.Route {
    /// Which pages of other origins may use the route from a browser (`routes[].cors`).
    package struct CrossOrigin: Hashable, Sendable {
        /// Origins such as `https://app.example.com`, or `*` alone for all.
        package var allowedOrigins: [String] = []
        /// Empty: the route's methods, or the usual ones if it takes all.
        package var allowedMethods: [String] = []
        /// Request fields, or `*` alone for all.
        package var allowedHeaders = ["Authorization", "Content-Type", "Idempotency-Key"]
        /// Answer fields a page may read besides those that tell of limits and the request id.
        package var exposedHeaders: [String] = []
        /// Whether pages may send cookies; not with `*`.
        package var credentials = false
        /// How long a browser may remember a preflight's answer.
        package var maxAge: Duration = .seconds(600)

        package init() {}
    }
}

extension Configuration.Route.CrossOrigin {
    private static let origin = Pattern(
        "^([*]|https?://([a-z0-9.-]+|\\[[0-9a-f:.]+\\])(:[0-9]{1,5})?)$",
        "an origin in lower case such as https://app.example.com, without a path, or \"*\" for all"
    )
    private static let field = Pattern("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$", "a field name, as X-Customer")

    static func read(_ section: inout Section) -> Self {
        var rules = Self()
        rules.allowedOrigins = section.required(
            "allowed_origins",
            .values(of: .text(Self.origin), count: 1...1_000),
            "Origins whose pages may use the route; \"*\": all."
        )
        section.read(
            "allowed_methods",
            into: &rules.allowedMethods,
            .values(of: .method, count: 1...32),
            "Methods pages may use; by default those of the route."
        )
        section.read(
            "allowed_headers",
            into: &rules.allowedHeaders,
            .values(of: .text(Self.field)),
            "Request fields pages may set; \"*\": all."
        )
        section.read(
            "exposed_headers",
            into: &rules.exposedHeaders,
            .values(of: .text(Self.field)),
            "Answer fields pages may read, besides those that tell of limits and the request id."
        )
        section.read("credentials", into: &rules.credentials, .boolean, "Whether pages may send cookies.")
        section.read(
            "max_age",
            into: &rules.maxAge,
            .duration(.zero...(.seconds(86_400))),
            "How long a browser may remember the answer to a preflight; at most 24h."
        )
        for (key, values) in [("allowed_origins", rules.allowedOrigins), ("allowed_headers", rules.allowedHeaders)]
        where values.count > 1 && values.contains("*") {
            section.fault("\"*\" stands alone", at: key)
        }
        if rules.credentials, rules.allowedOrigins.contains("*") {
            section.fault("needs origins by name, not \"*\"", at: "credentials")
        }
        return rules
    }
}
