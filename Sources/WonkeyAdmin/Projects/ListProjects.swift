package import WonkeyCore

/// All projects that the context reaches.
package struct ListProjects: Sendable {
    package init() {}

    /// All, by name.
    package func run(in context: AdministrationContext) async throws(OperationError) -> [Project] {
        try await asking { () async throws(StoreError) in try await context.store.projects() }
    }

    /// A part of them, oldest first.
    package func run(
        _ page: PageRequest,
        in context: AdministrationContext
    ) async throws(OperationError) -> Page<Project> {
        try await page.read {
            ListPlace(time: $0.createdAt, id: $0.id.rawValue)
        } _: { start, limit async throws(StoreError) in
            try await context.store.projects(after: start, limit: limit)
        }
    }
}
