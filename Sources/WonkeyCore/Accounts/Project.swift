/// A protected API and its keys.
package struct Project: Equatable, Sendable {
    package var id: ProjectID
    package var organizationID: OrganizationID
    /// Unique within the organization; 1–64 characters.
    package var name: String
    package var createdAt: Timestamp
    /// Grows with every change of the project or its overrides, from 1.
    package var version: Int64

    package init(
        id: ProjectID,
        organizationID: OrganizationID,
        name: String,
        createdAt: Timestamp,
        version: Int64 = 1
    ) {
        self.id = id
        self.organizationID = organizationID
        self.name = name
        self.createdAt = createdAt
        self.version = version
    }
}

/// What to change of a project; what is `nil` stays.
package struct ProjectChange: Equatable, Sendable {
    package var name: String?

    package init(name: String? = nil) {
        self.name = name
    }
}
