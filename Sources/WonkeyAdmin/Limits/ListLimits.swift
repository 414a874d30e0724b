package import WonkeyCore

/// The exceptions to limits of a key or a project, by name.
package struct ListLimits: Sendable {
    package var subject: LimitSubject

    package init(subject: LimitSubject) {
        self.subject = subject
    }

    package func run(in context: AdministrationContext) async throws(OperationError) -> [LimitOverride] {
        let subject = try await context.overrideSubject(self.subject)
        return try await asking { () async throws(StoreError) in try await context.store.overrides(of: subject) }
    }
}
