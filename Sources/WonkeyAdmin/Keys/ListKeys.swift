package import WonkeyCore

/// The keys of a project, oldest first.
package struct ListKeys: Sendable {
    package var project: String

    package init(project: String) {
        self.project = project
    }

    package func run(in context: AdministrationContext) async throws(OperationError) -> [Key] {
        let project = try await context.project(self.project)
        return try await asking { () async throws(StoreError) in try await context.store.keys(of: project.id) }
    }

    /// A part of them.
    package func run(
        _ page: PageRequest,
        in context: AdministrationContext
    ) async throws(OperationError) -> Page<Key> {
        let project = try await context.project(self.project)
        return try await page.read {
            ListPlace(time: $0.createdAt, id: $0.id.rawValue)
        } _: { start, limit async throws(StoreError) in
            try await context.store.keys(of: project.id, after: start, limit: limit)
        }
    }
}
