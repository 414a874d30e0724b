package import WonkeyCore

/// A key that was just made, with its text: the only time that anybody sees it.
package struct IssuedKey: Sendable {
    package var key: Key
    package var text: KeyText
}

/// Makes a key of a project.
package struct CreateKey: Sendable {
    package var project: String
    package var name: String
    package var environment: KeyEnvironment
    package var expires: Moment?
    /// As given; checked by ``run(in:using:)``.
    package var permissions: [String]
    /// Whose it is, by the name the customer has in the operator's own records.
    package var externalID: String?
    package var limits: [LimitArgument]

    package init(
        project: String,
        name: String,
        environment: KeyEnvironment = .live,
        expires: Moment? = nil,
        permissions: [String] = [],
        externalID: String? = nil,
        limits: [LimitArgument] = []
    ) {
        self.project = project
        self.name = name
        self.environment = environment
        self.expires = expires
        self.permissions = permissions
        self.externalID = externalID
        self.limits = limits
    }

    /// Makes it.
    ///
    /// - Parameters:
    ///   - context: Where.
    ///   - generator: Makes the id and the key: the system's CSPRNG in production.
    /// - Returns: The key and its text.
    /// - Throws: ``OperationError``; nothing was made.
    package func run(
        in context: AdministrationContext,
        using generator: inout some RandomNumberGenerator
    ) async throws(OperationError) -> IssuedKey {
        let now = context.clock.now
        let name = try checkedName(self.name, of: "key")
        var expiresAt: Timestamp?
        if let expires { expiresAt = try KeyInput.expiry(expires, now: now) }
        let permissions = try KeyInput.permissions(self.permissions)
        if let externalID { try KeyInput.check(externalID: externalID) }
        let overrides = try KeyInput.overrides(self.limits, in: context)
        let project = try await context.project(self.project)
        let text = context.keyFormat.generate(environment: self.environment, using: &generator)
        let key = Key(
            id: .random(prefix: "key", using: &generator),
            projectID: project.id,
            organizationID: project.organizationID,
            name: name,
            start: text.start,
            environment: self.environment,
            createdAt: now,
            expiresAt: expiresAt,
            permissions: permissions,
            overrides: overrides,
            externalID: self.externalID
        )
        try await asking { () async throws(StoreError) in
            try await context.store.createKey(key, hash: text.hash, by: context.actor)
        }
        return IssuedKey(key: key, text: text)
    }
}
