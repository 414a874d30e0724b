import JWTKit
package import WonkeyCore

/// Makes and verifies our own access tokens: JSON Web Tokens, HS256, each naming its key.
package struct AccessTokens: Sendable {
    package let settings: TokenSettings
    package let ring: SigningKeyRing
    private let clock: any WallClock

    package init(store: any AccountStore, settings: TokenSettings, clock: any WallClock) {
        self.settings = settings
        self.ring = SigningKeyRing(store: store, settings: settings, clock: clock)
        self.clock = clock
    }

    /// A token for a session, good from now on for ``TokenSettings/accessLifetime``.
    func issue(
        for user: UserID,
        in session: SessionID,
        using generator: inout some RandomNumberGenerator
    ) async throws(OperationError) -> String {
        let tokenID = Identifier<AccessClaims>.random(prefix: "tok", using: &generator)
        let signer = try await asking { () async throws(StoreError) in try await self.ring.signer() }
        let now = self.clock.now
        let claims = AccessClaims(
            iss: self.settings.issuer,
            aud: self.settings.audience,
            sub: user.rawValue,
            sid: session.rawValue,
            iat: now.millisecondsSinceEpoch / 1_000,
            exp: (now + self.settings.accessLifetime).millisecondsSinceEpoch / 1_000,
            jti: tokenID.rawValue
        )
        do {
            let id = JWKIdentifier(string: signer.id)
            let keys = await JWTKeyCollection().add(
                hmac: HMACKey(from: signer.secret),
                digestAlgorithm: .sha256,
                kid: id
            )
            return try await keys.sign(claims, kid: id)
        } catch {
            // Encoding a few texts and numbers does not fail.
            throw OperationError(code: .storeUnavailable, message: "no token could be signed", detail: "\(error)")
        }
    }

    /// The claims of a token that is ours and good now.
    func claims(of token: String, head: TokenHead) async throws(AuthenticationError) -> AccessClaims {
        guard head.algorithm == .hs256, let id = head.keyID else {
            throw AuthenticationError(code: .invalidToken, message: "the token is not signed as ours are")
        }
        let key: SigningKey?
        do {
            key = try await self.ring.verifier(id)
        } catch {
            throw AuthenticationError(code: .unavailable, message: error.message)
        }
        guard let key else {
            throw AuthenticationError(code: .invalidToken, message: "the token's key is unknown or has retired")
        }
        let keys = await JWTKeyCollection().add(hmac: HMACKey(from: key.secret), digestAlgorithm: .sha256)
        let claims: AccessClaims = try await verified(token, with: keys)
        if let fault = claims.fault(at: self.clock.now, issuer: self.settings.issuer, audience: self.settings.audience)
        {
            throw fault
        }
        return claims
    }
}

/// The payload of a token whose signature fits one of the keys.
func verified<Payload: JWTPayload>(
    _ token: String,
    with keys: JWTKeyCollection
) async throws(AuthenticationError) -> Payload {
    do {
        return try await keys.verify(token, as: Payload.self)
    } catch {
        throw AuthenticationError(code: .invalidToken, message: "the signature or the claims are none")
    }
}
