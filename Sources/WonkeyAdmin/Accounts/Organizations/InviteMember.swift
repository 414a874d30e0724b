package import WonkeyCore

/// An invitation that was just made, with its token: the only time that anybody sees it.
package struct IssuedInvitation: Sendable {
    package var invitation: Invitation
    package var token: OpaqueToken
}

/// Offers membership to an e-mail address.
///
/// Nothing is sent: whoever invites hands the token over. It is good for the user of that address alone, and once.
package struct InviteMember: Sendable {
    /// How long an invitation is good.
    package static let lifetime = Duration.seconds(7 * 86_400)

    package var organization: OrganizationID
    package var email: String
    package var role: Role
    /// Who invites.
    package var inviter: UserID

    package init(organization: OrganizationID, email: String, role: Role, inviter: UserID) {
        self.organization = organization
        self.email = email
        self.role = role
        self.inviter = inviter
    }

    /// Makes the invitation, in the place of an earlier one to the address.
    ///
    /// - Parameters:
    ///   - context: Where.
    ///   - generator: Makes id and token: the system's CSPRNG in production.
    /// - Returns: The invitation and its token.
    /// - Throws: ``OperationError``; `.conflict` if the address is a member's.
    package func run(
        in context: AccountContext,
        using generator: inout some RandomNumberGenerator
    ) async throws(OperationError) -> IssuedInvitation {
        let email = try checkedEmail(self.email)
        let now = context.clock.now
        let token = OpaqueToken(prefix: "wki", using: &generator)
        let invitation = Invitation(
            id: .random(prefix: "inv", using: &generator),
            organizationID: self.organization,
            email: email,
            role: self.role,
            invitedBy: self.inviter,
            createdAt: now,
            expiresAt: now + Self.lifetime
        )
        do {
            try await context.store.invite(invitation, token: token.hash, by: context.actor)
        } catch  where error.code == .conflict {
            let message = "the address is a member's already, or too many invitations are open"
            throw OperationError(code: .conflict, message: message, field: "email", detail: error.message)
        } catch {
            throw OperationError(error)
        }
        return IssuedInvitation(invitation: invitation, token: token)
    }
}
