package import WonkeyCore

/// Ends a key for good: every proxy refuses it from about a second later on.
package struct RevokeKey: Sendable {
    package var id: String

    package init(id: String) {
        self.id = id
    }

    /// Revokes it.
    ///
    /// - Returns: The key as it is now.
    /// - Throws: ``OperationError``; `.conflict` if it was revoked before.
    package func run(in context: AdministrationContext) async throws(OperationError) -> Key {
        let key = try await context.key(self.id)
        guard key.state != .revoked else {
            throw OperationError(code: .conflict, message: "the key \(key.id) is revoked already")
        }
        return try await asking { () async throws(StoreError) in
            try await context.store.updateKey(
                key.id,
                KeyChange(state: .revoked),
                ifVersion: nil,
                at: context.clock.now,
                by: context.actor
            )
        }
    }
}
