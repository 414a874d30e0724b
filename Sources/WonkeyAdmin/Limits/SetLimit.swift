package import WonkeyCore

/// Sets or replaces exceptions to limits for a key or a project.
package struct SetLimit: Sendable {
    /// What was set, and what it was set on.
    package struct Outcome: Equatable, Sendable {
        package var overrides: [LimitOverride]
        /// The key's or project's.
        package var version: Int64
    }

    package var subject: LimitSubject
    /// At least one.
    package var limits: [LimitArgument]
    /// What the key or project must be at; `nil` for whatever it is.
    package var version: Int64?

    package init(subject: LimitSubject, limits: [LimitArgument], ifVersion version: Int64? = nil) {
        self.subject = subject
        self.limits = limits
        self.version = version
    }

    /// Sets them, all or none.
    ///
    /// - Returns: What was set.
    /// - Throws: ``OperationError``; `.outdated` if the version is another. Nothing was set.
    package func run(in context: AdministrationContext) async throws(OperationError) -> Outcome {
        guard !self.limits.isEmpty else { throw .invalid("give at least one NAME=LIMIT/WINDOW") }
        var quotas: [String: Quota] = [:]
        for limit in self.limits {
            try context.checkLimitName(limit.name)
            try limit.check()
            guard quotas.updateValue(limit.quota, forKey: limit.name) == nil else {
                throw .invalid("the limit \(quoted(limit.name)) is given twice")
            }
        }
        let subject = try await context.overrideSubject(self.subject)
        let version = try await asking { [quotas] () async throws(StoreError) in
            try await context.store.setOverrides(
                quotas,
                of: subject,
                ifVersion: self.version,
                at: context.clock.now,
                by: context.actor
            )
        }
        let overrides = self.limits.map { LimitOverride(subject: subject, name: $0.name, quota: $0.quota) }
        return Outcome(overrides: overrides, version: version)
    }
}
