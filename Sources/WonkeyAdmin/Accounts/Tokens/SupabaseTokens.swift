import JWTKit
package import WonkeyCore

/// Verifies tokens that a Supabase project issued.
package struct SupabaseTokens: Sendable {
    package let settings: SupabaseSettings
    private let source: KeySetSource?
    private let clock: any WallClock

    /// Makes a verifier.
    ///
    /// - Parameters:
    ///   - settings: Which project.
    ///   - client: Fetches its public keys, if it has any.
    ///   - clock: Tells what has expired.
    package init(_ settings: SupabaseSettings, client: any ServiceClient, clock: any WallClock) {
        self.settings = settings
        self.clock = clock
        switch settings.keys {
        case .secret: self.source = nil
        case .keySet(let url): self.source = KeySetSource(url: url, client: client, clock: clock)
        }
    }

    /// The claims of a token that is the project's and good now.
    ///
    /// The kind of key decides which algorithm is taken, never the token: a public key verifies no HS256.
    func claims(of token: String, head: TokenHead) async throws(AuthenticationError) -> SupabaseClaims {
        let claims: SupabaseClaims = try await verified(token, with: try await self.keys(for: head))
        if let fault = claims.fault(at: self.clock.now, self.settings) { throw fault }
        return claims
    }

    private func keys(for head: TokenHead) async throws(AuthenticationError) -> JWTKeyCollection {
        switch (self.settings.keys, head.algorithm, self.source) {
        case (.secret(let secret), .hs256, _):
            return await JWTKeyCollection().add(hmac: HMACKey(from: secret.revealed), digestAlgorithm: .sha256)
        case (.keySet, .rs256, .some(let source)), (.keySet, .es256, .some(let source)):
            guard let id = head.keyID, let key = try await source.key(id), Self.fits(key, head.algorithm) else { break }
            do {
                return try await JWTKeyCollection().add(jwk: key)
            } catch {
                throw AuthenticationError(code: .invalidToken, message: "the issuer's key is not usable")
            }
        default: break
        }
        throw AuthenticationError(code: .invalidToken, message: "the token is signed with no key of the issuer")
    }

    private static func fits(_ key: JWK, _ algorithm: TokenHead.Algorithm) -> Bool {
        switch algorithm {
        case .hs256: false
        case .rs256: key.keyType == .rsa
        case .es256: key.keyType == .ecdsa
        }
    }
}
