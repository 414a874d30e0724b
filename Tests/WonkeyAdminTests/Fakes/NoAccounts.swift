import WonkeyAdmin
import WonkeyCore

/// The store of accounts while it is away.
struct NoAccounts: AccountStore {
    private func away() throws(StoreError) -> Never {
        throw StoreError(code: .unavailable, message: "the store is away")
    }

    /// Signing in on it.
    static func services(clock: any WallClock) -> SignInServices {
        SignInServices(
            accounts: { _, _ in NoAccounts() },
            hasher: CountingHasher(),
            tokens: AccessTokens(store: NoAccounts(), settings: TokenSettings(), clock: clock),
            gate: SignInGate(counters: LocalCounters())
        )
    }

    func register(_ registration: Registration, by actor: Actor) async throws(StoreError) { try self.away() }
    func credentials(email: EmailAddress) async throws(StoreError) -> Credentials? { try self.away() }
    func user(id: UserID) async throws(StoreError) -> User? { try self.away() }
    func user(externalSubject: String) async throws(StoreError) -> User? { try self.away() }
    func replacePasswordHash(of user: UserID, _ old: String, with new: String) async throws(StoreError) {
        try self.away()
    }
    func startSession(_ session: Session, token: TokenHash, by actor: Actor) async throws(StoreError) {
        try self.away()
    }
    func renewSession(
        _ renewal: SessionRenewal,
        by actor: Actor
    ) async throws(StoreError) -> SessionRenewal.Outcome { try self.away() }
    func user(ofSession session: SessionID, at now: Timestamp) async throws(StoreError) -> User? { try self.away() }
    func endSession(_ session: SessionID, at now: Timestamp, by actor: Actor) async throws(StoreError) {
        try self.away()
    }
    func signingKeys() async throws(StoreError) -> [SigningKey] { try self.away() }
    func addSigningKey(
        _ key: SigningKey,
        retiringOthersAt others: Timestamp?,
        ifNewestIs expected: String?,
        by actor: Actor
    ) async throws(StoreError) -> Bool { try self.away() }
    func organizations(of user: UserID) async throws(StoreError) -> [OrganizationMembership] { try self.away() }
    func members(of organization: OrganizationID) async throws(StoreError) -> [Member] { try self.away() }
    func member(_ user: UserID, of organization: OrganizationID) async throws(StoreError) -> Member? {
        try self.away()
    }
    func setRole(_ change: RoleChange, by actor: Actor) async throws(StoreError) -> Member { try self.away() }
    func removeMember(
        _ user: UserID,
        of organization: OrganizationID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) { try self.away() }
    func invite(_ invitation: Invitation, token: TokenHash, by actor: Actor) async throws(StoreError) {
        try self.away()
    }
    func invitations(of organization: OrganizationID, at now: Timestamp) async throws(StoreError) -> [Invitation] {
        try self.away()
    }
    func revokeInvitation(
        _ invitation: InvitationID,
        of organization: OrganizationID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) { try self.away() }
    func acceptInvitation(
        token: TokenHash,
        as user: UserID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> OrganizationMembership { try self.away() }
    func users(after address: EmailAddress?, limit: Int) async throws(StoreError) -> [User] { try self.away() }
    func setPasswordHash(
        _ hash: String,
        of user: UserID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) { try self.away() }
    func setDisabled(
        _ isDisabled: Bool,
        user: UserID,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> User { try self.away() }
}
