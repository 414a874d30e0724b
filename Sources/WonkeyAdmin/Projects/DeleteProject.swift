package import WonkeyCore

/// Deletes a project: every proxy refuses its keys from about a second later on.
package struct DeleteProject: Sendable {
    package var nameOrID: String
    /// What the project must be at; `nil` for whatever it is.
    package var version: Int64?

    package init(nameOrID: String, ifVersion version: Int64? = nil) {
        self.nameOrID = nameOrID
        self.version = version
    }

    /// Deletes it.
    ///
    /// - Returns: The project as it was.
    /// - Throws: ``OperationError``; `.conflict` if it is protected from deletion, `.outdated` if the version is another.
    package func run(in context: AdministrationContext) async throws(OperationError) -> Project {
        let project = try await context.project(self.nameOrID)
        do {
            try await context.store.deleteProject(
                project.id,
                ifVersion: self.version,
                at: context.clock.now,
                by: context.actor
            )
        } catch  where error.code == .conflict {
            let message = "the project \(quoted(project.name)) is protected from deletion"
            throw OperationError(code: .conflict, message: message, detail: error.message)
        } catch {
            throw OperationError(error)
        }
        return project
    }
}
