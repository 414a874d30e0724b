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
    /// Whose it is, by the name the customer has in the operator's own records; `nil`: nobody's.
    package var externalID: String?
    /// Grows with every change of the key or its overrides, from 1; its use is none.
    package var version: Int64

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
        overrides: [String: Quota] = [:],
        externalID: String? = nil,
        version: Int64 = 1
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
        self.externalID = externalID
        self.version = version
    }
}

/// What to change of a key; what is `nil` stays.
package struct KeyChange: Equatable, Sendable {
    package var name: String?
    package var expiry: Expiry?
    /// All that the key holds itself from now on.
    package var permissions: [Permission]?
    package var state: KeyState?
    package var owner: KeyOwner?

    package init(
        name: String? = nil,
        expiry: Expiry? = nil,
        permissions: [Permission]? = nil,
        state: KeyState? = nil,
        owner: KeyOwner? = nil
    ) {
        self.name = name
        self.expiry = expiry
        self.permissions = permissions
        self.state = state
        self.owner = owner
    }
}

/// Whose a key is.
package enum KeyOwner: Equatable, Sendable {
    case nobody
    /// A customer, by the name it has in the operator's own records.
    case identity(externalID: String)

    package var externalID: String? {
        switch self {
        case .nobody: nil
        case .identity(let externalID): externalID
        }
    }
}

/// When a key ends by itself.
package enum Expiry: Equatable, Sendable {
    case never
    case at(Timestamp)

    package var time: Timestamp? {
        switch self {
        case .never: nil
        case .at(let time): time
        }
    }
}
