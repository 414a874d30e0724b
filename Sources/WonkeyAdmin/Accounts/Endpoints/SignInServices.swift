package import WonkeyCore

/// What endpoints need to sign people up and in.
package struct SignInServices: Sendable {
    /// The users and organizations that a scope sees; what is changed is noted under the claim, if there is one.
    package var accounts: @Sendable (StoreScope, IdempotencyClaim?) -> any AccountStore
    package var hasher: any PasswordHasher
    package var tokens: AccessTokens
    package var gate: SignInGate

    package init(
        accounts: @escaping @Sendable (StoreScope, IdempotencyClaim?) -> any AccountStore,
        hasher: any PasswordHasher,
        tokens: AccessTokens,
        gate: SignInGate
    ) {
        self.accounts = accounts
        self.hasher = hasher
        self.tokens = tokens
        self.gate = gate
    }
}

extension EndpointRequest {
    /// What signing up and in works on.
    var signIn: SignInContext {
        SignInContext(
            store: self.services.signIn.accounts(.accounts, self.services.claim),
            hasher: self.services.signIn.hasher,
            tokens: self.services.signIn.tokens,
            gate: self.services.signIn.gate,
            clock: self.services.clock,
            actor: self.actor,
            clientAddress: self.clientAddress
        )
    }

    /// Users and organizations as the signed-in user sees them.
    ///
    /// - Throws: ``Problem`` 401; never at endpoints whose access is `.signedIn`.
    var accounts: AccountContext {
        get throws(Problem) { self.accounts(for: .member(try self.user.id)) }
    }

    func accounts(for scope: StoreScope) -> AccountContext {
        AccountContext(
            store: self.services.signIn.accounts(scope, self.services.claim),
            clock: self.services.clock,
            actor: self.actor
        )
    }

    /// One page of a list that is short enough to be read whole, oldest first.
    ///
    /// - Parameters:
    ///   - all: The whole list, in any order.
    ///   - place: When a thing was made, and its id.
    /// - Returns: The answer.
    /// - Throws: ``Problem`` 422 for what is no cursor of this list.
    func page<Thing: Representable>(
        of all: [Thing],
        by place: (Thing) -> (time: Timestamp, id: String)
    ) throws(Problem) -> Reply {
        var rest = all.sorted { place($0) < place($1) }
        if let cursor = try self.cursor(parts: 2) {
            guard let milliseconds = Int64(cursor.parts[0]) else { throw .badCursor }
            let last = (time: Timestamp(millisecondsSinceEpoch: milliseconds), id: cursor.parts[1])
            rest = Array(rest.drop { place($0) <= last })
        }
        let shown = Array(rest.prefix(self.pageLimit))
        guard rest.count > shown.count, let end = shown.last.map(place) else { return .page(shown, next: nil) }
        return .page(shown, next: PageCursor(String(end.time.millisecondsSinceEpoch), end.id))
    }
}
