package import WonkeyCore

/// Removes an exception, so that the configured limit applies again.
///
/// The name need not be configured any more: left-over exceptions can be removed.
package struct RemoveLimit: Sendable {
    package var subject: LimitSubject
    package var name: String
    /// What the key or project must be at; `nil` for whatever it is.
    package var version: Int64?

    package init(subject: LimitSubject, name: String, ifVersion version: Int64? = nil) {
        self.subject = subject
        self.name = name
        self.version = version
    }

    /// Removes it.
    ///
    /// - Returns: What was removed.
    /// - Throws: ``OperationError``; `.notFound` if there is no such exception.
    package func run(in context: AdministrationContext) async throws(OperationError) -> LimitOverride {
        let subject = try await context.overrideSubject(self.subject)
        let overrides = try await asking { () async throws(StoreError) in
            try await context.store.overrides(of: subject)
        }
        guard let override = overrides.first(where: { $0.name == self.name }) else {
            let hint =
                switch Suggestion.nearest(to: self.name, among: overrides.map(\.name)) {
                case .some(let name): "did you mean \(quoted(name))?"
                case .none where overrides.isEmpty: "there are no exceptions"
                case .none: "there are \(overrides.map { quoted($0.name) }.joined(separator: ", "))"
                }
            throw OperationError(code: .notFound, message: "no exception to \(quoted(self.name)); \(hint)")
        }
        try await asking { () async throws(StoreError) in
            try await context.store.removeOverride(
                named: self.name,
                of: subject,
                ifVersion: self.version,
                at: context.clock.now,
                by: context.actor
            )
        }
        return override
    }
}
