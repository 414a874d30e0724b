package import WonkeyCore

/// Deletes a key: every proxy refuses it from about a second later on, and no list shows it any more.
package struct DeleteKey: Sendable {
    package var id: String
    /// What the key must be at; `nil` for whatever it is.
    package var version: Int64?

    package init(id: String, ifVersion version: Int64? = nil) {
        self.id = id
        self.version = version
    }

    /// Deletes it.
    ///
    /// - Returns: The key as it was.
    /// - Throws: ``OperationError``; `.outdated` if the version is another.
    package func run(in context: AdministrationContext) async throws(OperationError) -> Key {
        let key = try await context.key(self.id)
        try await asking { () async throws(StoreError) in
            try await context.store.deleteKey(
                key.id,
                ifVersion: self.version,
                at: context.clock.now,
                by: context.actor
            )
        }
        return key
    }
}
