package import WonkeyCore

/// Gives a member another role, within what the acting one administers.
package struct ChangeRole: Sendable {
    package var organization: OrganizationID
    package var user: UserID
    package var role: Role
    /// What the membership must be at; `nil` for whatever it is.
    package var version: Int64?

    package init(organization: OrganizationID, user: UserID, role: Role, version: Int64? = nil) {
        self.organization = organization
        self.user = user
        self.role = role
        self.version = version
    }

    /// Changes it.
    ///
    /// - Returns: The member as it is now.
    /// - Throws: ``OperationError``; `.conflict` if it is the last owner.
    package func run(in context: AccountContext) async throws(OperationError) -> Member {
        let change = RoleChange(
            user: self.user,
            organization: self.organization,
            role: self.role,
            version: self.version,
            now: context.clock.now
        )
        do {
            return try await context.store.setRole(change, by: context.actor)
        } catch {
            throw OperationError(ofMember: error)
        }
    }
}

extension OperationError {
    /// As ``init(_:)``, with the one conflict there is among members named.
    init(ofMember error: StoreError) {
        self.init(error)
        guard error.code == .conflict else { return }
        self.message = "this is the organization's last owner; make another member an owner first"
    }
}
