package import WonkeyCore

/// What tokens say of themselves and how long they are good.
package struct TokenSettings: Sendable {
    /// HS256 wants as many bytes as its hash has (RFC 7518 §3.2).
    package static let secretSizeMin = 32

    /// `iss` of access tokens.
    package var issuer = "wonkey"
    /// `aud` of access tokens.
    package var audience = "wonkey-management"
    package var accessLifetime: Duration = .seconds(900)
    /// From one refresh to the next at most.
    package var refreshLifetime: Duration = .seconds(30 * 86_400)
    /// A stored signing key signs for so long; then the next one is made.
    package var rotationAge: Duration = .seconds(30 * 86_400)
    /// Signs instead of a stored key; at least ``secretSizeMin`` bytes.
    ///
    /// Rotated by whoever configures it, and then only new access tokens are good: clients refresh theirs.
    package var secret: Secret?

    package init() {}
}

/// How to know tokens of a Supabase project.
package struct SupabaseSettings: Sendable {
    package enum Keys: Sendable {
        /// HS256 with the project's JWT secret.
        case secret(Secret)
        /// RS256 and ES256 with the public keys found there, an absolute `https` (or `http`) URL.
        case keySet(url: String)
    }

    package var keys: Keys
    /// `iss`, such as `https://abc.supabase.co/auth/v1`.
    package var issuer: String
    /// `aud`; the project's API keys are tokens too, and have none.
    package var audience: String

    package init(keys: Keys, issuer: String, audience: String = "authenticated") {
        self.keys = keys
        self.issuer = issuer
        self.audience = audience
    }
}
