package import WonkeyCore

/// One project with its own exceptions to limits.
package struct ShowProject: Sendable {
    /// A project and what hangs on it.
    package struct Outcome: Equatable, Sendable {
        package var project: Project
        package var overrides: [LimitOverride]
        package var keyCount: Int
    }

    package var nameOrID: String

    package init(nameOrID: String) {
        self.nameOrID = nameOrID
    }

    package func run(in context: AdministrationContext) async throws(OperationError) -> Outcome {
        let project = try await context.project(self.nameOrID)
        return try await asking { () async throws(StoreError) in
            Outcome(
                project: project,
                overrides: try await context.store.overrides(of: .project(project.id)),
                keyCount: try await context.store.keyCount(of: project.id)
            )
        }
    }
}
