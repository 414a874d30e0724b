import WonkeyCore

extension Registration {
    /// A new user with an organization of their own and its first project.
    ///
    /// - Parameters:
    ///   - email: Checked.
    ///   - name: Checked; also names the organization, else the address does.
    ///   - passwordHash: `nil` for those who sign in elsewhere.
    ///   - externalSubject: Who they are elsewhere.
    ///   - now: When.
    ///   - generator: Makes the ids.
    /// - Returns: What is to be stored.
    static func new(
        email: EmailAddress,
        name: String?,
        passwordHash: String?,
        externalSubject: String? = nil,
        at now: Timestamp,
        using generator: inout some RandomNumberGenerator
    ) -> Self {
        let organization = Organization(
            id: .random(prefix: "org", using: &generator),
            name: name ?? String(email.text.prefix { $0 != "@" }),
            createdAt: now
        )
        return Self(
            user: User(
                id: .random(prefix: "usr", using: &generator),
                email: email,
                name: name,
                externalSubject: externalSubject,
                createdAt: now
            ),
            passwordHash: passwordHash,
            organization: organization,
            project: Project(
                id: .random(prefix: "proj", using: &generator),
                organizationID: organization.id,
                name: "default",
                createdAt: now
            )
        )
    }
}
