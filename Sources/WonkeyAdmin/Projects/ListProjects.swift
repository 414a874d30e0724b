package import WonkeyCore

/// All projects, by name.
package struct ListProjects: Sendable {
    package init() {}

    package func run(in context: AdministrationContext) async throws(OperationError) -> [Project] {
        try await asking { () async throws(StoreError) in try await context.store.projects() }
    }
}
