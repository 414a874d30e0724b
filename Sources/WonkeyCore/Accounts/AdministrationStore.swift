/// The projects, keys and overrides, for the control plane.
///
/// A store is made for a ``StoreScope`` and knows nothing outside it: somebody else's thing is `.notFound`. Every change is
/// one transaction that checks the acting user's role (`.forbidden` if it does not reach), keeps other writers of the same
/// thing out, and also writes its row to `changes` (so that proxies learn of it) and to the audit log. Where a change takes
/// `ifVersion`, the thing must have that version (`.outdated` if not). Ids and times are made by the caller, so that tests
/// hold them.
package protocol AdministrationStore: Sendable {
    /// Makes a project in its organization; an operator's makes the organization first where it does not exist
    /// (`org_default`).
    ///
    /// - Throws: ``StoreError``; `.conflict` if the organization has a project of that name.
    func createProject(_ project: Project, by actor: Actor) async throws(StoreError)
    /// All projects, by name.
    func projects() async throws(StoreError) -> [Project]
    /// The projects after a place, oldest first, at most `limit`.
    func projects(after start: ListPlace?, limit: Int) async throws(StoreError) -> [Project]
    /// The project of that id, or else of that name; `nil` if neither exists.
    func project(nameOrID: String) async throws(StoreError) -> Project?
    /// The user's default project, which is made in the organization they own longest where there is none.
    ///
    /// - Parameters:
    ///   - user: Whose.
    ///   - candidate: What to make; its organization is filled in.
    ///   - actor: Who makes it.
    /// - Returns: The default project.
    /// - Throws: ``StoreError``; `.notFound` if the user owns no organization.
    func defaultProject(
        of user: UserID,
        orMake candidate: Project,
        by actor: Actor
    ) async throws(StoreError) -> Project
    /// Changes what `change` names and nothing else.
    ///
    /// - Throws: ``StoreError``; `.notFound`, `.outdated`, or `.conflict` if the name is taken.
    func updateProject(
        _ id: ProjectID,
        _ change: ProjectChange,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> Project
    /// Deletes a project; its keys are no keys any more.
    func deleteProject(
        _ id: ProjectID,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError)

    /// Stores a new key by its hash, with its permissions and overrides.
    func createKey(_ key: Key, hash: KeyHash, by actor: Actor) async throws(StoreError)
    /// The keys of a project, oldest first.
    func keys(of project: ProjectID) async throws(StoreError) -> [Key]
    /// The keys of a project after a place, oldest first, at most `limit`.
    func keys(of project: ProjectID, after start: ListPlace?, limit: Int) async throws(StoreError) -> [Key]
    /// How many keys a project has.
    func keyCount(of project: ProjectID) async throws(StoreError) -> Int
    func key(id: KeyID) async throws(StoreError) -> Key?
    /// The key of that hash, for `key verify`.
    func key(hash: KeyHash) async throws(StoreError) -> Key?
    /// Changes what `change` names and nothing else.
    ///
    /// - Throws: ``StoreError``; `.notFound`, `.outdated`, or `.conflict` if the key is revoked, which is final, and its
    ///   state is to change.
    func updateKey(
        _ id: KeyID,
        _ change: KeyChange,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> Key
    /// Deletes a key, whatever its state.
    func deleteKey(
        _ id: KeyID,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError)
    /// Stores `successor` and lets the old key expire at `oldExpiresAt`, in one transaction.
    ///
    /// - Throws: ``StoreError``; `.notFound`, or `.conflict` if the old key is not active.
    func rotateKey(
        _ key: KeyID,
        to successor: Key,
        hash: KeyHash,
        oldExpiresAt: Timestamp,
        by actor: Actor
    ) async throws(StoreError)

    /// Sets or replaces overrides of one subject, all or none.
    ///
    /// - Parameters:
    ///   - quotas: By limit name.
    ///   - subject: Whose.
    ///   - version: What the subject must be at; `nil` for whatever it is.
    ///   - now: When.
    ///   - actor: Who.
    /// - Returns: The subject's version after it.
    /// - Throws: ``StoreError``; `.notFound` if the subject does not exist, `.outdated`.
    @discardableResult
    func setOverrides(
        _ quotas: [String: Quota],
        of subject: OverrideSubject,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> Int64
    /// The overrides of one subject, by name.
    func overrides(of subject: OverrideSubject) async throws(StoreError) -> [LimitOverride]
    /// - Throws: ``StoreError``; `.notFound` if there is no such override, `.outdated`.
    func removeOverride(
        named name: String,
        of subject: OverrideSubject,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError)

    /// The changes that a filter selects, newest first, older than `start` where given, at most `limit`.
    ///
    /// - Throws: ``StoreError``; `.notFound` if the organization or project does not exist.
    func audit(
        _ filter: AuditFilter,
        before start: ListPlace?,
        limit: Int
    ) async throws(StoreError) -> [AuditRecord]
}
