package import WonkeyCore

/// Makes a project in the default organization.
package struct CreateProject: Sendable {
    package var name: String

    package init(name: String) {
        self.name = name
    }

    /// Makes it.
    ///
    /// - Parameters:
    ///   - context: Where.
    ///   - generator: Makes the id.
    /// - Returns: The project as stored.
    /// - Throws: ``OperationError``; `.conflict` if the name is taken.
    package func run(
        in context: AdministrationContext,
        using generator: inout some RandomNumberGenerator
    ) async throws(OperationError) -> Project {
        let name = try checkedName(self.name, of: "project")
        guard !ProjectID.isID(name, prefix: "proj") else {
            throw .invalid("a project's name must not look like a project's id")
        }
        let project = Project(
            id: .random(prefix: "proj", using: &generator),
            organizationID: OrganizationID(rawValue: "org_default"),
            name: name,
            createdAt: context.clock.now
        )
        do {
            try await context.store.createProject(project, by: context.actor)
        } catch  where error.code == .conflict {
            let message = "a project \(quoted(name)) exists already; choose another name"
            throw OperationError(code: .conflict, message: message, detail: error.message)
        } catch {
            throw OperationError(error)
        }
        return project
    }
}
