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

/// One change as the audit log tells of it.
package struct AuditRecord: Equatable, Sendable {
    package var id: String
    package var time: Timestamp
    package var organizationID: OrganizationID
    package var projectID: ProjectID?
    package var actor: Actor
    /// What happened, such as `key.update`.
    package var event: String
    /// The kind of thing it happened to, such as `organization`, `project` or `key`.
    package var subjectKind: String
    package var subjectID: String
    /// The state before as a JSON object, `nil` where there was none; without secrets, as ``after``.
    package var before: String?
    package var after: String?

    package init(
        id: String,
        time: Timestamp,
        organizationID: OrganizationID,
        projectID: ProjectID?,
        actor: Actor,
        event: String,
        subjectKind: String,
        subjectID: String,
        before: String?,
        after: String?
    ) {
        self.id = id
        self.time = time
        self.organizationID = organizationID
        self.projectID = projectID
        self.actor = actor
        self.event = event
        self.subjectKind = subjectKind
        self.subjectID = subjectID
        self.before = before
        self.after = after
    }
}

/// Which records of the audit log to show.
package struct AuditFilter: Equatable, Sendable {
    package enum Place: Equatable, Sendable {
        /// All that the store's scope reaches; for the operator also what belongs to no organization.
        case everywhere
        case organization(OrganizationID)
        case project(ProjectID)
    }
    package var place: Place
    /// The id of what was changed.
    package var subject: String?
    /// The actor's name, such as `user:usr_…`.
    package var actor: String?
    package var event: String?
    /// Inclusive.
    package var from: Timestamp?
    /// Exclusive.
    package var to: Timestamp?

    package init(
        place: Place,
        subject: String? = nil,
        actor: String? = nil,
        event: String? = nil,
        from: Timestamp? = nil,
        to: Timestamp? = nil
    ) {
        self.place = place
        self.subject = subject
        self.actor = actor
        self.event = event
        self.from = from
        self.to = to
    }
}
