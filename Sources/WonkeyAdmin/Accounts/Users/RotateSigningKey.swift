package import WonkeyCore

/// Makes a new key that access tokens are signed with; those signed before are good until they expire.
package struct RotateSigningKey: Sendable {
    package init() {}

    /// Rotates.
    ///
    /// - Parameters:
    ///   - ring: The keys.
    ///   - actor: Who.
    /// - Returns: The new key's id.
    /// - Throws: ``OperationError``; `.conflict` where the configuration has the secret.
    package func run(on ring: SigningKeyRing, by actor: Actor) async throws(OperationError) -> String {
        guard !ring.isConfigured else {
            let message = "tokens are signed with the configured secret; change management.token_secret instead"
            throw OperationError(code: .conflict, message: message)
        }
        return try await asking { () async throws(StoreError) in
            try await ring.rotate(by: actor)
            return try await ring.signer().id
        }
    }
}
