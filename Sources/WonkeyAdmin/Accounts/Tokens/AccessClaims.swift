import JWTKit
import WonkeyCore

/// What our own access tokens say (RFC 9068 in spirit).
struct AccessClaims: JWTPayload, Equatable {
    var iss: String
    var aud: String
    /// The user's id.
    var sub: String
    /// The session's id.
    var sid: String
    /// Seconds since 1970.
    var iat: Int64
    var exp: Int64
    /// Tells the token apart from all others.
    var jti: String

    /// Nothing: ``fault(at:issuer:audience:)`` checks, with the time it is given.
    func verify(using algorithm: some JWTAlgorithm) {}

    /// What is wrong with the claims now, or `nil`.
    func fault(at now: Timestamp, issuer: String, audience: String) -> AuthenticationError? {
        let seconds = now.millisecondsSinceEpoch / 1_000
        guard self.iss == issuer, self.aud == audience else {
            return AuthenticationError(code: .invalidToken, message: "the token is from or for somebody else")
        }
        guard self.iat <= seconds + clockSkewMax else {
            return AuthenticationError(code: .invalidToken, message: "the token is of the future")
        }
        guard self.exp > seconds else {
            return AuthenticationError(code: .expiredToken, message: "the token has expired")
        }
        return nil
    }
}

/// What is used of Supabase's access tokens.
struct SupabaseClaims: JWTPayload {
    struct Metadata: Codable, Sendable {
        var full_name: String?
        var name: String?
    }

    var iss: String
    var aud: AudienceClaim
    var sub: String
    var exp: Double
    var iat: Double?
    var nbf: Double?
    var email: String?
    var role: String?
    var is_anonymous: Bool?
    var user_metadata: Metadata?

    func verify(using algorithm: some JWTAlgorithm) {}

    /// What is wrong with the claims now, or `nil`.
    func fault(at now: Timestamp, _ settings: SupabaseSettings) -> AuthenticationError? {
        let seconds = Double(now.millisecondsSinceEpoch) / 1_000
        guard self.iss == settings.issuer, self.aud.value.contains(settings.audience) else {
            return AuthenticationError(code: .invalidToken, message: "the token is from or for somebody else")
        }
        // The project's `anon` and `service_role` API keys are signed tokens as well, and nobody's.
        guard !self.sub.isEmpty, self.role == nil || self.role == "authenticated", self.is_anonymous != true else {
            return AuthenticationError(code: .invalidToken, message: "the token is no signed-in user's")
        }
        guard max(self.iat ?? 0, self.nbf ?? 0) <= seconds + Double(clockSkewMax) else {
            return AuthenticationError(code: .invalidToken, message: "the token is of the future")
        }
        guard self.exp > seconds else {
            return AuthenticationError(code: .expiredToken, message: "the token has expired")
        }
        return nil
    }
}

/// How many seconds the clock of who issued a token may go before ours.
private let clockSkewMax: Int64 = 60
