package import WonkeyCore

/// The ports that endpoints work with; each subject adds its own.
package struct ManagementServices: Sendable {
    /// The projects and keys that a scope sees; what is changed is noted under the claim, if there is one.
    package var administration: @Sendable (StoreScope, IdempotencyClaim?) -> any AdministrationStore
    /// The log that a scope sees.
    package var logs: @Sendable (StoreScope) -> any LogRepository
    /// The answers to repeated requests that a scope sees.
    package var idempotency: @Sendable (StoreScope) -> any IdempotencyStore
    /// What stored answers are encrypted with, together with the client's Idempotency-Key.
    package var sealing: any SealingKeys
    /// Under which the request is carried out; `nil` for one that has no Idempotency-Key.
    var claim: IdempotencyClaim?
    package var authenticator: any Authenticator
    /// What signing up and in needs, and the users and organizations that a scope sees.
    package var signIn: SignInServices
    package var clock: any WallClock
    package var keyFormat: KeyFormat
    /// The limits that the configuration names.
    package var limitNames: Set<String>
    /// Whether requests can be served now; says why not.
    package var readiness: @Sendable () async -> ServiceReadiness

    package init(
        administration: @escaping @Sendable (StoreScope, IdempotencyClaim?) -> any AdministrationStore,
        logs: @escaping @Sendable (StoreScope) -> any LogRepository,
        idempotency: @escaping @Sendable (StoreScope) -> any IdempotencyStore,
        sealing: any SealingKeys,
        authenticator: any Authenticator,
        signIn: SignInServices,
        clock: any WallClock,
        keyFormat: KeyFormat,
        limitNames: Set<String>,
        readiness: @escaping @Sendable () async -> ServiceReadiness
    ) {
        self.administration = administration
        self.logs = logs
        self.idempotency = idempotency
        self.sealing = sealing
        self.authenticator = authenticator
        self.signIn = signIn
        self.clock = clock
        self.keyFormat = keyFormat
        self.limitNames = limitNames
        self.readiness = readiness
    }

    /// What operations work on, for one scope.
    package func context(for scope: StoreScope, actor: Actor) -> AdministrationContext {
        AdministrationContext(
            store: self.administration(scope, self.claim),
            logs: self.logs(scope),
            clock: self.clock,
            actor: actor,
            keyFormat: self.keyFormat,
            limitNames: self.limitNames
        )
    }
}
