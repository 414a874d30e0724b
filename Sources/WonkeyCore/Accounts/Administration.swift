/// A protected API and its keys.
package struct Project: Equatable, Sendable {
    package var id: ProjectID
    package var organizationID: OrganizationID
    /// Unique within the organization; 1–64 characters.
    package var name: String
    package var createdAt: Timestamp

    package init(id: ProjectID, organizationID: OrganizationID, name: String, createdAt: Timestamp) {
        self.id = id
        self.organizationID = organizationID
        self.name = name
        self.createdAt = createdAt
    }
}

/// A key as the control plane shows it.
///
/// Its text is not here: it is known only while it is made.
package struct Key: Equatable, Sendable {
    package var id: KeyID
    package var projectID: ProjectID
    package var organizationID: OrganizationID
    /// 1–64 characters; need not be unique.
    package var name: String
    package var start: String
    package var environment: KeyEnvironment
    package var state: KeyState
    package var createdAt: Timestamp
    package var expiresAt: Timestamp?
    package var lastUsedAt: Timestamp?
    package var permissions: [Permission]
    /// The key's own exceptions, by limit name.
    package var overrides: [String: Quota]

    package init(
        id: KeyID,
        projectID: ProjectID,
        organizationID: OrganizationID,
        name: String,
        start: String,
        environment: KeyEnvironment,
        state: KeyState = .active,
        createdAt: Timestamp,
        expiresAt: Timestamp? = nil,
        lastUsedAt: Timestamp? = nil,
        permissions: [Permission] = [],
        overrides: [String: Quota] = [:]
    ) {
        self.id = id
        self.projectID = projectID
        self.organizationID = organizationID
        self.name = name
        self.start = start
        self.environment = environment
        self.state = state
        self.createdAt = createdAt
        self.expiresAt = expiresAt
        self.lastUsedAt = lastUsedAt
        self.permissions = permissions
        self.overrides = overrides
    }
}

/// Who makes a change and from where, for the audit log.
package struct Actor: Equatable, Sendable {
    /// Such as `cli:alice` or `user:usr_…`.
    package var name: String
    /// Such as `wonkey-admin` or a client address.
    package var source: String

    package init(name: String, source: String) {
        self.name = name
        self.source = source
    }
}

/// What an override hangs on.
package enum OverrideSubject: Equatable, Sendable {
    case key(KeyID)
    case project(ProjectID)
}

/// An exception to a configured limit, for one key or one project.
package struct LimitOverride: Equatable, Sendable {
    package var subject: OverrideSubject
    /// The configured limit's name.
    package var name: String
    package var quota: Quota

    package init(subject: OverrideSubject, name: String, quota: Quota) {
        self.subject = subject
        self.name = name
        self.quota = quota
    }
}

/// The projects, keys and overrides, for the control plane.
///
/// Every change is one transaction that also writes its row to `changes` (so that proxies learn of it) and to the
/// audit log. Ids and times are made by the caller, so that tests hold them.
package protocol AdministrationStore: Sendable {
    /// Makes a project in its organization; makes the organization first where it does not exist (`org_default`).
    ///
    /// - Throws: ``StoreError``; `.conflict` if the organization has a project of that name.
    func createProject(_ project: Project, by actor: Actor) async throws(StoreError)
    /// All projects, by name.
    func projects() async throws(StoreError) -> [Project]
    /// The project of that id, or else of that name; `nil` if neither exists.
    func project(nameOrID: String) async throws(StoreError) -> Project?

    /// Stores a new key by its hash, with its permissions and overrides.
    func createKey(_ key: Key, hash: KeyHash, by actor: Actor) async throws(StoreError)
    /// The keys of a project, oldest first.
    func keys(of project: ProjectID) async throws(StoreError) -> [Key]
    func key(id: KeyID) async throws(StoreError) -> Key?
    /// The key of that hash, for `key verify`.
    func key(hash: KeyHash) async throws(StoreError) -> Key?
    /// Sets a key's state. Revocation is final.
    ///
    /// - Throws: ``StoreError``; `.notFound`, or `.conflict` if the key is revoked and `state` is not.
    func setState(_ state: KeyState, of key: KeyID, at now: Timestamp, by actor: Actor) async throws(StoreError)
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

    /// Sets or replaces one override.
    ///
    /// - Throws: ``StoreError``; `.notFound` if the subject does not exist.
    func setOverride(_ override: LimitOverride, at now: Timestamp, by actor: Actor) async throws(StoreError)
    /// The overrides of one subject, by name.
    func overrides(of subject: OverrideSubject) async throws(StoreError) -> [LimitOverride]
    /// - Throws: ``StoreError``; `.notFound` if there is no such override.
    func removeOverride(
        named name: String,
        of subject: OverrideSubject,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError)
}

/// Brings the schema up to date.
package protocol SchemaMigrator: Sendable {
    /// A numbered, checksummed step.
    typealias Step = (number: Int, name: String, sql: String)

    /// The steps not applied yet, in order.
    ///
    /// - Throws: ``StoreError``; `.corrupt` if an applied step's checksum differs or the schema is newer than this binary.
    func pending() async throws(StoreError) -> [Step]
    /// Applies what is pending under a lock and returns it.
    func migrate() async throws(StoreError) -> [Step]
}
