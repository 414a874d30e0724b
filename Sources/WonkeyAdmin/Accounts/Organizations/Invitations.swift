package import WonkeyCore

/// The open invitations of an organization, oldest first.
package struct ListInvitations: Sendable {
    package var organization: OrganizationID

    package init(organization: OrganizationID) {
        self.organization = organization
    }

    package func run(in context: AccountContext) async throws(OperationError) -> [Invitation] {
        try await asking { () async throws(StoreError) in
            try await context.store.invitations(of: self.organization, at: context.clock.now)
        }
    }
}

/// Takes an invitation back.
package struct RevokeInvitation: Sendable {
    package var organization: OrganizationID
    package var invitation: InvitationID

    package init(organization: OrganizationID, invitation: InvitationID) {
        self.organization = organization
        self.invitation = invitation
    }

    package func run(in context: AccountContext) async throws(OperationError) {
        try await asking { () async throws(StoreError) in
            try await context.store.revokeInvitation(
                self.invitation,
                of: self.organization,
                at: context.clock.now,
                by: context.actor
            )
        }
    }
}

/// Makes the signed-in user a member, as somebody invited them to be.
package struct AcceptInvitation: Sendable {
    package var token: String
    package var user: UserID

    package init(token: String, user: UserID) {
        self.token = token
        self.user = user
    }

    /// Joins.
    ///
    /// - Parameter context: Bound to the scope `.accounts`: the user is no member yet, and so sees nothing of it.
    /// - Returns: The organization and the user's role in it.
    /// - Throws: ``OperationError``; `.notFound` for a token that is not good, or not for the user's address.
    package func run(in context: AccountContext) async throws(OperationError) -> OrganizationMembership {
        do {
            return try await context.store.acceptInvitation(
                token: TokenHash(of: self.token),
                as: self.user,
                at: context.clock.now,
                by: context.actor
            )
        } catch  where error.code == .notFound {
            let message = "there is no such invitation for your e-mail address; ask for a new one"
            throw OperationError(code: .notFound, message: message, detail: error.message)
        } catch {
            throw OperationError(error)
        }
    }
}
