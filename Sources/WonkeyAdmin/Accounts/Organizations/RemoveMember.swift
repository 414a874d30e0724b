package import WonkeyCore

/// Takes a member out of an organization; everybody may do so with themselves.
package struct RemoveMember: Sendable {
    package var organization: OrganizationID
    package var user: UserID

    package init(organization: OrganizationID, user: UserID) {
        self.organization = organization
        self.user = user
    }

    /// Removes them.
    ///
    /// - Throws: ``OperationError``; `.conflict` if it is the last owner.
    package func run(in context: AccountContext) async throws(OperationError) {
        do {
            try await context.store.removeMember(
                self.user,
                of: self.organization,
                at: context.clock.now,
                by: context.actor
            )
        } catch {
            throw OperationError(ofMember: error)
        }
    }
}
