package import WonkeyCore

/// Changes what is named of a project, and leaves the rest.
package struct UpdateProject: Sendable {
    package var nameOrID: String
    package var name: String?
    /// What the project must be at; `nil` for whatever it is.
    package var version: Int64?

    package init(nameOrID: String, name: String?, ifVersion version: Int64? = nil) {
        self.nameOrID = nameOrID
        self.name = name
        self.version = version
    }

    /// Changes it.
    ///
    /// - Returns: The project as it is now.
    /// - Throws: ``OperationError``; `.conflict` if the name is taken, `.outdated` if the version is another.
    package func run(in context: AdministrationContext) async throws(OperationError) -> Project {
        var change = ProjectChange()
        if let name { change.name = try checkedProjectName(name) }
        let project = try await context.project(self.nameOrID)
        do {
            return try await context.store.updateProject(
                project.id,
                change,
                ifVersion: self.version,
                at: context.clock.now,
                by: context.actor
            )
        } catch {
            throw OperationError(error, ofProjectNamed: change.name ?? project.name)
        }
    }
}
