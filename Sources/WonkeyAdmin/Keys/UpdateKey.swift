package import WonkeyCore

/// Changes what is named of a key, and leaves the rest.
package struct UpdateKey: Sendable {
    /// When the key is to end by itself.
    package enum Expiry: Equatable, Sendable {
        case never
        case at(Moment)
    }

    package var id: String
    package var name: String?
    package var expiry: Expiry?
    /// All that the key is to hold; checked by ``run(in:)``.
    package var permissions: [String]?
    /// Active or disabled; ``RevokeKey`` ends a key.
    package var state: KeyState?
    package var owner: KeyOwner?
    /// What the key must be at; `nil` for whatever it is.
    package var version: Int64?

    package init(
        id: String,
        name: String? = nil,
        expiry: Expiry? = nil,
        permissions: [String]? = nil,
        state: KeyState? = nil,
        owner: KeyOwner? = nil,
        ifVersion version: Int64? = nil
    ) {
        self.id = id
        self.name = name
        self.expiry = expiry
        self.permissions = permissions
        self.state = state
        self.owner = owner
        self.version = version
    }

    /// Changes it.
    ///
    /// - Returns: The key as it is now.
    /// - Throws: ``OperationError``; `.conflict` if the key is revoked and its state is to change, `.outdated` if the
    ///   version is another. Nothing was changed.
    package func run(in context: AdministrationContext) async throws(OperationError) -> Key {
        let now = context.clock.now
        var change = KeyChange(state: self.state, owner: self.owner)
        if let externalID = self.owner?.externalID { try KeyInput.check(externalID: externalID) }
        if let name { change.name = try checkedName(name, of: "key") }
        switch self.expiry {
        case .never: change.expiry = .never
        case .at(let moment): change.expiry = .at(try KeyInput.expiry(moment, now: now))
        case nil: break
        }
        if let permissions { change.permissions = try KeyInput.permissions(permissions) }
        let id = try await context.key(self.id).id
        do {
            return try await context.store.updateKey(
                id,
                change,
                ifVersion: self.version,
                at: now,
                by: context.actor
            )
        } catch  where error.code == .conflict {
            let message = "the key \(id) is revoked, which is final"
            throw OperationError(code: .conflict, message: message, detail: error.message)
        } catch {
            throw OperationError(error)
        }
    }
}
