/// Which trailer fields may travel on (B8, RFC 9110 §6.5.1).
enum ForwardedTrailers {
    private static let forbidden: UInt64 =
        KnownField.connection.bit | KnownField.contentLength.bit | KnownField.transferEncoding.bit
        | KnownField.keepAlive.bit | KnownField.proxyConnection.bit | KnownField.te.bit | KnownField.trailer.bit
        | KnownField.upgrade.bit | KnownField.host.bit | KnownField.authorization.bit | KnownField.setCookie.bit
        | KnownField.cacheControl.bit | KnownField.contentType.bit | KnownField.contentEncoding.bit
        | KnownField.range.bit | KnownField.maxForwards.bit | KnownField.expires.bit | KnownField.date.bit
        | KnownField.location.bit | KnownField.retryAfter.bit | KnownField.vary.bit | KnownField.wwwAuthenticate.bit
        | KnownField.rateLimit.bit | KnownField.rateLimitPolicy.bit | KnownField.age.bit

    /// Framing, routing, authentication and control fields are refused.
    static func isAllowed(_ entry: FieldSection.Entry) -> Bool {
        ForwardedTrailers.forbidden & (1 << UInt64(entry.known)) == 0
    }
}
