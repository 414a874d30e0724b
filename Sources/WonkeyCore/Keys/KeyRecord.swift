/// Where a key may be used; visible in its text (`nb_live_…`, `nb_test_…`).
package enum KeyEnvironment: String, Sendable, CaseIterable {
    case live, test
}

/// What an operator last said of a key.
///
/// Expiry is not a state: it follows from the time.
package enum KeyState: String, Sendable, CaseIterable {
    case active, disabled, revoked
}

/// A permission (OAuth scope) a key may hold and a route may require.
///
/// 1–128 characters of `[A-Za-z0-9._:*/-]`, which is a subset of RFC 6750 §3's scope token.
package struct Permission: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: String

    package init?(rawValue: String) {
        let isAllowed = rawValue.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: ".:_*/-".utf8.contains(byte)
            }
        }
        guard isAllowed, (1...128).contains(rawValue.utf8.count) else { return nil }
        self.rawValue = rawValue
    }

    package static func < (lhs: Self, rhs: Self) -> Bool { lhs.rawValue < rhs.rawValue }
}

/// Everything the data plane knows of a key: what the store answers to a look-up by hash.
package struct KeyRecord: Equatable, Sendable {
    package var id: KeyID
    package var projectID: ProjectID
    package var organizationID: OrganizationID
    package var name: String
    /// The public beginning, such as `nb_live_1a2b3c4d`; safe to show and to log.
    package var start: String
    package var environment: KeyEnvironment
    package var state: KeyState
    /// From this moment on the key is refused; `nil` never expires.
    package var expiresAt: Timestamp?
    package var permissions: Set<Permission>
    /// Exceptions to configured limits, by limit name.
    ///
    /// A key's own have already replaced its project's.
    package var overrides: [String: Quota]
    /// The customer the key belongs to, if to one.
    package var identityID: IdentityID?
    /// What its owner calls that customer.
    package var externalID: String?

    package init(
        id: KeyID,
        projectID: ProjectID,
        organizationID: OrganizationID,
        name: String,
        start: String,
        environment: KeyEnvironment = .live,
        state: KeyState = .active,
        expiresAt: Timestamp? = nil,
        permissions: Set<Permission> = [],
        overrides: [String: Quota] = [:],
        identityID: IdentityID? = nil,
        externalID: String? = nil
    ) {
        self.id = id
        self.projectID = projectID
        self.organizationID = organizationID
        self.name = name
        self.start = start
        self.environment = environment
        self.state = state
        self.expiresAt = expiresAt
        self.permissions = permissions
        self.overrides = overrides
        self.identityID = identityID
        self.externalID = externalID
    }
}
