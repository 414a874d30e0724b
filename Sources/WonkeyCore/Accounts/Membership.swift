extension Role {
    /// Whether the role allows it.
    package func allows(_ capability: Capability) -> Bool {
        self >= capability.roleMin
    }

    /// Whether a member of this role may give others that role, take it from them, or remove those who have it.
    package func administers(_ other: Role) -> Bool {
        self.allows(other == .owner ? .manageOwners : .manageMembers)
    }
}

/// What can be done in an organization, each from some role on.
///
/// Leaving it is everybody's right, and so is no capability.
package enum Capability: Sendable, CaseIterable {
    /// See projects, keys, limits, logs, analytics, usage, members and the audit log.
    case read
    /// Create, change, rotate and revoke keys, and set the limits of keys.
    case manageKeys
    /// Create, change and delete projects, and set their limits.
    case manageProjects
    /// Invite, change and remove members below the owner.
    case manageMembers
    /// Make, unmake and remove owners.
    case manageOwners

    /// The lowest role that may.
    package var roleMin: Role {
        switch self {
        case .read: .viewer
        case .manageKeys: .developer
        case .manageProjects, .manageMembers: .admin
        case .manageOwners: .owner
        }
    }
}

/// A tenant, which owns projects.
package struct Organization: Hashable, Sendable {
    package var id: OrganizationID
    package var name: String
    package var createdAt: Timestamp

    package init(id: OrganizationID, name: String, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.createdAt = createdAt
    }
}

/// An organization as one of its members sees it.
package struct OrganizationMembership: Hashable, Sendable {
    package var organization: Organization
    package var role: Role

    package init(organization: Organization, role: Role) {
        self.organization = organization
        self.role = role
    }
}

/// A user as a member of an organization.
package struct Member: Hashable, Sendable {
    package var organizationID: OrganizationID
    package var userID: UserID
    package var email: EmailAddress
    package var name: String?
    package var role: Role
    package var joinedAt: Timestamp
    /// Counts the changes of the membership, from 1.
    package var version: Int64

    package init(
        organizationID: OrganizationID,
        userID: UserID,
        email: EmailAddress,
        name: String? = nil,
        role: Role,
        joinedAt: Timestamp,
        version: Int64 = 1
    ) {
        self.organizationID = organizationID
        self.userID = userID
        self.email = email
        self.name = name
        self.role = role
        self.joinedAt = joinedAt
        self.version = version
    }
}

/// An offer of membership to whoever signs up or in with an address.
///
/// Its token is not here: it is known only while it is made, and to whom it is handed.
package struct Invitation: Hashable, Sendable {
    package var id: InvitationID
    package var organizationID: OrganizationID
    package var email: EmailAddress
    package var role: Role
    package var invitedBy: UserID
    package var createdAt: Timestamp
    package var expiresAt: Timestamp

    package init(
        id: InvitationID,
        organizationID: OrganizationID,
        email: EmailAddress,
        role: Role,
        invitedBy: UserID,
        createdAt: Timestamp,
        expiresAt: Timestamp
    ) {
        self.id = id
        self.organizationID = organizationID
        self.email = email
        self.role = role
        self.invitedBy = invitedBy
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}
