package import WonkeyCore

/// The organizations that a user is a member of, by name.
package struct ListOrganizations: Sendable {
    package var user: UserID

    package init(user: UserID) {
        self.user = user
    }

    package func run(in context: AccountContext) async throws(OperationError) -> [OrganizationMembership] {
        try await asking { () async throws(StoreError) in try await context.store.organizations(of: self.user) }
    }
}
