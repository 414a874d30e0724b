/// Users, sessions, organizations and their members, for the control plane.
///
/// An instance is bound to a ``StoreScope``: to `.accounts` for signing up and in, to `.member` for what a signed-in
/// user sees and does, to `.operator` at the command line. What the scope does not show is not found. Every change is
/// one transaction that also writes the audit log. Ids, secrets and times are made by the caller, so that tests hold them.
package protocol AccountStore: Sendable {
    // Signing up and in

    /// Makes the user, their organization, their membership in it and its first project.
    ///
    /// - Throws: ``StoreError``; `.conflict` if the address (regardless of case) or the external subject is taken.
    func register(_ registration: Registration, by actor: Actor) async throws(StoreError)
    func credentials(email: EmailAddress) async throws(StoreError) -> Credentials?
    func user(id: UserID) async throws(StoreError) -> User?
    func user(externalSubject: String) async throws(StoreError) -> User?
    /// Puts a stronger hash of the same password in the place of `old`, unless that was changed meanwhile.
    func replacePasswordHash(of user: UserID, _ old: String, with new: String) async throws(StoreError)

    // Sessions

    /// Starts a session with its first refresh token, and forgets the user's expired ones.
    func startSession(_ session: Session, token: TokenHash, by actor: Actor) async throws(StoreError)
    /// Trades a refresh token for its successor.
    func renewSession(_ renewal: SessionRenewal, by actor: Actor) async throws(StoreError) -> SessionRenewal.Outcome
    /// The user of a session that is neither over nor revoked; `nil` also for a disabled user.
    func user(ofSession session: SessionID, at now: Timestamp) async throws(StoreError) -> User?
    /// Ends a session; one that is over already stays so.
    func endSession(_ session: SessionID, at now: Timestamp, by actor: Actor) async throws(StoreError)

    // Signing keys

    /// All that are kept, newest first.
    func signingKeys() async throws(StoreError) -> [SigningKey]
    /// Adds a key, lets those that signed before it retire at `others`, and forgets those that retired before it.
    ///
    /// - Parameters:
    ///   - key: Signs from now on.
    ///   - others: `nil` leaves the others alone.
    ///   - expected: The newest key's id as the caller knows it; another one means that somebody was faster.
    ///   - actor: Who.
    /// - Returns: Whether it was added.
    /// - Throws: ``StoreError``; nothing was added.
    func addSigningKey(
        _ key: SigningKey,
        retiringOthersAt others: Timestamp?,
        ifNewestIs expected: String?,
        by actor: Actor
    ) async throws(StoreError) -> Bool

    // Organizations and members

    /// Those of a user that the scope shows, by name.
    func organizations(of user: UserID) async throws(StoreError) -> [OrganizationMembership]
    /// Oldest first.
    ///
    /// - Throws: ``StoreError``; `.notFound` where the scope does not show the organization.
    func members(of organization: OrganizationID) async throws(StoreError) -> [Member]
    func member(_ user: UserID, of organization: OrganizationID) async throws(StoreError) -> Member?
    /// Gives a member another role.
    ///
    /// - Throws: ``StoreError``; `.notFound`; `.forbidden` to a role that does not administer both the old and the new
    ///   one; `.conflict` for the last owner; `.outdated` if the version is another.
    func setRole(_ change: RoleChange, by actor: Actor) async throws(StoreError) -> Member
    /// Removes a member, which everybody may do with themselves.
    ///
    /// - Throws: ``StoreError``; `.notFound`, `.forbidden`, or `.conflict` if it is the last owner.
    func removeMember(
        _ user: UserID,
        of organization: OrganizationID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError)

    // Invitations

    /// Stores an invitation in the place of an earlier one to the same address.
    ///
    /// - Throws: ``StoreError``; `.notFound`, `.forbidden`, or `.conflict` if the address is a member's.
    func invite(_ invitation: Invitation, token: TokenHash, by actor: Actor) async throws(StoreError)
    /// Those not expired, oldest first.
    func invitations(of organization: OrganizationID, at now: Timestamp) async throws(StoreError) -> [Invitation]
    /// - Throws: ``StoreError``; `.notFound` or `.forbidden`.
    func revokeInvitation(
        _ invitation: InvitationID,
        of organization: OrganizationID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError)
    /// Makes the user a member as invited, and uses the invitation up.
    ///
    /// - Returns: The new membership; an earlier one of a lower role is raised, of a higher one is kept.
    /// - Throws: ``StoreError``; `.notFound` if there is no such token, it has expired, or it is for another address.
    func acceptInvitation(
        token: TokenHash,
        as user: UserID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> OrganizationMembership

    // The operator's

    /// Users in order of their (folded) address.
    ///
    /// - Parameters:
    ///   - address: Only those after it; `nil` from the start.
    ///   - limit: How many at most.
    /// - Returns: The users, disabled ones too.
    /// - Throws: ``StoreError``.
    func users(after address: EmailAddress?, limit: Int) async throws(StoreError) -> [User]
    /// Sets a password and ends all sessions of the user.
    ///
    /// - Throws: ``StoreError``; `.notFound`.
    func setPasswordHash(
        _ hash: String,
        of user: UserID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError)
    /// Shuts a user out, ending all their sessions, or lets them in again.
    ///
    /// - Throws: ``StoreError``; `.notFound`.
    func setDisabled(
        _ isDisabled: Bool,
        user: UserID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> User
}

/// One refresh token traded for the next.
package struct SessionRenewal: Sendable {
    package var presented: TokenHash
    package var successor: TokenHash
    package var now: Timestamp
    /// When the successor ends.
    package var expiresAt: Timestamp

    package init(presented: TokenHash, successor: TokenHash, now: Timestamp, expiresAt: Timestamp) {
        self.presented = presented
        self.successor = successor
        self.now = now
        self.expiresAt = expiresAt
    }

    package enum Outcome: Equatable, Sendable {
        case renewed(Session, User)
        /// The token was used before, so somebody else may have it: its session is over.
        case reused(SessionID)
        /// No such token, or its session is over, or its user is shut out.
        case refused
    }
}

/// Another role for a member.
package struct RoleChange: Sendable {
    package var user: UserID
    package var organization: OrganizationID
    package var role: Role
    /// What the membership must be at; `nil` for whatever it is.
    package var version: Int64?
    package var now: Timestamp

    package init(
        user: UserID,
        organization: OrganizationID,
        role: Role,
        version: Int64? = nil,
        now: Timestamp
    ) {
        self.user = user
        self.organization = organization
        self.role = role
        self.version = version
        self.now = now
    }
}
