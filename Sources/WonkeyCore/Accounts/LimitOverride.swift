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
