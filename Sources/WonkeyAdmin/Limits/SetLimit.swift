package import WonkeyCore

/// Sets or replaces exceptions to limits for a key or a project.
package struct SetLimit: Sendable {
    package var subject: LimitSubject
    /// At least one.
    package var limits: [LimitArgument]

    package init(subject: LimitSubject, limits: [LimitArgument]) {
        self.subject = subject
        self.limits = limits
    }

    /// Sets them, one after the other.
    ///
    /// - Returns: What was set.
    /// - Throws: ``OperationError``; after a store error the first ones may be set, and setting them again does no harm.
    package func run(in context: AdministrationContext) async throws(OperationError) -> [LimitOverride] {
        guard !self.limits.isEmpty else { throw .invalid("give at least one NAME=LIMIT/WINDOW") }
        var names: Set<String> = []
        for limit in self.limits {
            try context.checkLimitName(limit.name)
            guard names.insert(limit.name).inserted else {
                throw .invalid("the limit \(quoted(limit.name)) is given twice")
            }
        }
        let subject = try await context.overrideSubject(self.subject)
        var overrides: [LimitOverride] = []
        for limit in self.limits {
            let override = LimitOverride(subject: subject, name: limit.name, quota: limit.quota)
            try await asking { () async throws(StoreError) in
                try await context.store.setOverride(override, at: context.clock.now, by: context.actor)
            }
            overrides.append(override)
        }
        return overrides
    }
}
