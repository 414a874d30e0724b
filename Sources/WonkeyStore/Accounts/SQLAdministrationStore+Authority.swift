import WonkeyCore

/// A thing that a transaction may change: the acting user's role reaches, and no other writer touches it meanwhile.
struct Locked<Thing> {
    var thing: Thing
    /// A key's; what proxies know it by.
    var hash: KeyHash?
}

extension SQLAdministrationStore {
    /// Checks that the acting user may do something in an organization.
    ///
    /// - Throws: ``WonkeyCore/StoreError``; `.notFound` if they are no member, `.forbidden` if their role does not reach.
    func require(
        _ capability: Capability,
        in organization: OrganizationID,
        on connection: any SQLConnection
    ) throws {
        switch self.scope {
        case .operator: return
        case .accounts, .proxy:
            throw StoreError(code: .forbidden, message: "this scope changes no projects and keys")
        case .member(let user):
            let query: BoundSQL = "SELECT role FROM memberships WHERE org_id = \(organization) AND user_id = \(user)"
            guard let role: Role = try connection.first(query, { try $0.named(0) }) else {
                throw StoreError(code: .notFound, message: "\(user) is no member of \(organization)")
            }
            guard role.allows(capability) else {
                throw StoreError(code: .forbidden, message: "\(role.rawValue)s of \(organization) may not do this")
            }
        }
    }

    /// The project, kept from other writers until the transaction ends.
    ///
    /// - Parameters:
    ///   - id: Which.
    ///   - version: What it must be at; `nil` for whatever it is.
    ///   - connection: The transaction's.
    /// - Returns: The project as it is, and stays for others.
    /// - Throws: ``WonkeyCore/StoreError``; `.notFound`, `.forbidden`, `.outdated`.
    func lockProject(
        _ id: ProjectID,
        ifVersion version: Int64?,
        on connection: any SQLConnection
    ) throws -> Locked<Project> {
        let found = try Self.existing(try self.project(id, on: connection), "project \(id)")
        try self.require(.manageProjects, in: found.organizationID, on: connection)
        // Changes nothing; makes other writers of the row wait, so that what is read from here on stays.
        try connection.execute("UPDATE projects SET version = version WHERE id = \(id) AND \(self.livingProjects)")
        let project = try Self.existing(try self.project(id, on: connection), "project \(id)")
        try Self.check(project.version, is: version)
        return Locked(thing: project)
    }

    /// The key, kept from other writers until the transaction ends.
    ///
    /// - Parameters:
    ///   - id: Which.
    ///   - version: What it must be at; `nil` for whatever it is.
    ///   - connection: The transaction's.
    /// - Returns: The key as it is, and stays for others.
    /// - Throws: ``WonkeyCore/StoreError``; `.notFound`, `.forbidden`, `.outdated`.
    func lockKey(
        _ id: KeyID,
        ifVersion version: Int64?,
        on connection: any SQLConnection
    ) throws -> Locked<Key> {
        let found = try Self.existing(try self.keyRows(connection).key(.id(id)), "key \(id)")
        try self.require(.manageKeys, in: found.organizationID, on: connection)
        try connection.execute("UPDATE keys SET version = version WHERE id = \(id) AND \(self.livingKeys)")
        let key = try Self.existing(try self.keyRows(connection).key(.id(id)), "key \(id)")
        try Self.check(key.version, is: version)
        let hash = try connection.first("SELECT hash FROM keys WHERE id = \(id)") { try $0.hash(0) }
        return Locked(thing: key, hash: hash)
    }

    /// The condition that a row of `keys` is not deleted, nor its project, and within the scope.
    ///
    /// For statements that name no other table; ``KeyRows`` joins instead.
    var livingKeys: BoundSQL {
        """
        keys.deleted_at IS NULL
            AND EXISTS (SELECT 1 FROM projects WHERE projects.id = keys.project_id AND \(self.livingProjects))
        """
    }

    func keyRows(_ connection: any SQLConnection) -> KeyRows {
        KeyRows(connection: connection, scope: self.scope)
    }

    static func existing<Thing>(_ thing: Thing?, _ name: String) throws(StoreError) -> Thing {
        guard let thing else { throw StoreError(code: .notFound, message: "there is no \(name)") }
        return thing
    }

    private static func check(_ current: Int64, is version: Int64?) throws(StoreError) {
        guard version == nil || version == current else {
            throw StoreError(code: .outdated, message: "it is at version \(current)")
        }
    }
}
