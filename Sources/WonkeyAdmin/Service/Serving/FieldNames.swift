package import HTTPTypes

extension HTTPField.Name {
    package static let requestID = Self.token("X-Request-Id")
    package static let idempotencyKey = Self.token("Idempotency-Key")
    package static let idempotencyReplayed = Self.token("Idempotency-Replayed")
    static let forwarded = Self.token("Forwarded")
    static let xForwardedFor = Self.token("X-Forwarded-For")
    static let xForwardedProto = Self.token("X-Forwarded-Proto")
    static let xForwardedHost = Self.token("X-Forwarded-Host")
    static let referrerPolicy = Self.token("Referrer-Policy")
    static let xFrameOptions = Self.token("X-Frame-Options")

    private static func token(_ text: String) -> Self {
        guard let name = Self(text) else { preconditionFailure("\(text) is no field name") }
        return name
    }
}
