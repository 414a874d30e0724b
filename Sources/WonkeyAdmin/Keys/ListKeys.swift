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
}
