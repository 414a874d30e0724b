package import WonkeyCore

/// The project that a user's keys go to where none is named; made where there is none.
package struct DefaultProject: Sendable {
    package var user: UserID

    package init(user: UserID) {
        self.user = user
    }

    /// Finds or makes it.
    ///
    /// - Parameters:
    ///   - context: Where.
    ///   - generator: Makes the id.
    /// - Returns: The project.
    /// - Throws: ``OperationError``; `.notFound` if the user owns no organization.
    package func run(
        in context: AdministrationContext,
        using generator: inout some RandomNumberGenerator
    ) async throws(OperationError) -> Project {
        let candidate = Project(
            id: .random(prefix: "proj", using: &generator),
            organizationID: CreateProject.defaultOrganization,
            name: "Default",
            createdAt: context.clock.now
        )
        do {
            return try await context.store.defaultProject(of: self.user, orMake: candidate, by: context.actor)
        } catch  where error.code == .notFound {
            let message = "you own no organization; name a project of one that you are a member of"
            throw OperationError(code: .notFound, message: message, detail: error.message)
        } catch {
            throw OperationError(error)
        }
    }
}
