package import HTTPTypes

/// Which pages of other origins may use the service from a browser (Fetch §3.3, CORS).
///
/// Tokens travel in `Authorization` alone and there are no cookies, so that credentials mode is never allowed.
package struct CrossOriginPolicy: Sendable, Equatable {
    /// Origins as browsers send them; `*` stands for all.
    package var allowedOrigins: Set<String>

    package init(allowedOrigins: Set<String>) {
        self.allowedOrigins = allowedOrigins
    }

    private static let allowedFields = "Authorization, Content-Type, Idempotency-Key, If-Match"
    private static let exposedFields = "ETag, Idempotency-Replayed, Location, Retry-After, X-Request-Id"

    /// The fields that let a page read an answer; none but `Vary` if it may not.
    ///
    /// - Parameter request: The request's fields.
    /// - Returns: What to add to the answer.
    package func fields(for request: HTTPFields) -> HTTPFields {
        guard !self.allowedOrigins.isEmpty else { return [:] }
        var fields: HTTPFields = self.allowsAll ? [:] : [.vary: "Origin"]
        guard let origin = request[.origin], self.allows(origin) else { return fields }
        fields[.accessControlAllowOrigin] = self.allowsAll ? "*" : origin
        fields[.accessControlExposeHeaders] = Self.exposedFields
        return fields
    }

    /// The fields of the answer to a preflight, beyond ``fields(for:)``.
    ///
    /// - Parameters:
    ///   - request: The request's fields.
    ///   - methods: What the path takes.
    /// - Returns: Nothing if it is no preflight, or the origin is not allowed.
    package func preflightFields(for request: HTTPFields, methods: [String]) -> HTTPFields {
        guard request[.accessControlRequestMethod] != nil, let origin = request[.origin], self.allows(origin) else {
            return [:]
        }
        return [
            .accessControlAllowMethods: methods.joined(separator: ", "),
            .accessControlAllowHeaders: Self.allowedFields,
            .accessControlMaxAge: "600",
        ]
    }

    private var allowsAll: Bool { self.allowedOrigins.contains("*") }

    private func allows(_ origin: String) -> Bool { self.allowsAll || self.allowedOrigins.contains(origin) }
}
