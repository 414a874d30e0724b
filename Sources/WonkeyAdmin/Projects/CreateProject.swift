package import WonkeyCore

/// Makes a project.
package struct CreateProject: Sendable {
    package var name: String
    /// Where; ``defaultOrganization`` is made if it is not there yet.
    package var organization: OrganizationID

    /// The organization of an installation that has only one.
    package static let defaultOrganization = OrganizationID(rawValue: "org_default")

    package init(name: String, organization: OrganizationID = Self.defaultOrganization) {
        self.name = name
        self.organization = organization
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
        let project = Project(
            id: .random(prefix: "proj", using: &generator),
            organizationID: self.organization,
            name: try checkedProjectName(self.name),
            createdAt: context.clock.now
        )
        do {
            try await context.store.createProject(project, by: context.actor)
        } catch {
            throw OperationError(error, ofProjectNamed: project.name)
        }
        return project
    }
}

/// Checks a project's name, which must be none that an id could be taken for.
func checkedProjectName(_ name: String) throws(OperationError) -> String {
    let name = try checkedName(name, of: "project")
    guard !ProjectID.isID(name, prefix: "proj") else {
        throw .invalid("a project's name must not look like a project's id", field: "name")
    }
    return name
}

extension OperationError {
    /// What the store said when a project was to get a name.
    init(_ error: StoreError, ofProjectNamed name: String) {
        self.init(error)
        guard error.code == .conflict else { return }
        self.message = "a project \(quoted(name)) exists already; choose another name"
    }
}
