package import WonkeyCore

extension SQLAdministrationStore {
    package func createKey(_ key: Key, hash: KeyHash, by actor: Actor) async throws(StoreError) {
        try await self.database.write { connection in
            let project = try Self.existing(
                try self.project(key.projectID, on: connection),
                "project \(key.projectID)"
            )
            try self.require(.manageKeys, in: project.organizationID, on: connection)
            try Self.insert(key, hash: hash, predecessor: nil, on: connection)
            try Self.tell(.keyCreate, from: nil, to: key, hash: hash, by: actor, at: key.createdAt, on: connection)
        }
    }

    package func keys(of project: ProjectID) async throws(StoreError) -> [Key] {
        try await self.database.read { try self.keyRows($0).keys(.project(project)) }
    }

    package func keys(
        of project: ProjectID,
        after start: ListPlace?,
        limit: Int
    ) async throws(StoreError) -> [Key] {
        try await self.database.read { try self.keyRows($0).keys(.project(project), after: start, limit: limit) }
    }

    package func keyCount(of project: ProjectID) async throws(StoreError) -> Int {
        try await self.database.read { try self.keyRows($0).count(of: project) }
    }

    /// The key of that id.
    ///
    /// Its `permissions` are those it holds itself; what roles add, only ``SQLKeyDirectory`` tells.
    package func key(id: KeyID) async throws(StoreError) -> Key? {
        try await self.database.read { try self.keyRows($0).key(.id(id)) }
    }

    package func key(hash: KeyHash) async throws(StoreError) -> Key? {
        try await self.database.read { try self.keyRows($0).key(.hash(hash)) }
    }

    package func updateKey(
        _ id: KeyID,
        _ change: KeyChange,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) -> Key {
        try await self.database.write { connection in
            let locked = try self.lockKey(id, ifVersion: version, on: connection)
            let old = locked.thing
            var new = old.applying(change)
            guard new != old else { return old }
            guard old.state != .revoked || new.state == .revoked else {
                throw StoreError(code: .conflict, message: "\(id) is revoked, which is final")
            }
            new.version += 1
            try connection.execute(
                """
                UPDATE keys SET name = \(new.name), state = \(new.state.rawValue), expires_at = \(new.expiresAt),
                    version = \(new.version), updated_at = \(now)
                WHERE id = \(id) AND \(self.livingKeys)
                """
            )
            if new.externalID != old.externalID {
                let identity = try Self.identity(of: new, at: now, on: connection)
                try connection.execute("UPDATE keys SET identity_id = \(identity) WHERE id = \(id)")
            }
            if new.permissions != old.permissions {
                try connection.execute("DELETE FROM key_permissions WHERE key_id = \(id)")
                try Self.grant(new.permissions, to: new, at: now, on: connection)
            }
            try Self.tell(.keyUpdate, from: old, to: new, hash: locked.hash, by: actor, at: now, on: connection)
            return new
        }
    }

    /// Deletes a key, whose row stays behind unseen.
    package func deleteKey(
        _ id: KeyID,
        ifVersion version: Int64?,
        at now: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        try await self.database.write { connection in
            let locked = try self.lockKey(id, ifVersion: version, on: connection)
            try connection.execute(
                """
                UPDATE keys SET deleted_at = \(now), version = version + 1, updated_at = \(now)
                WHERE id = \(id) AND \(self.livingKeys)
                """
            )
            try Self.tell(
                .keyDelete,
                from: locked.thing,
                to: nil,
                hash: locked.hash,
                by: actor,
                at: now,
                on: connection
            )
        }
    }

    /// Stores `successor` and lets the old key expire at `oldExpiresAt`, or when it does anyway if that is sooner.
    ///
    /// What the caller cannot know goes over too: the old key's identity, metadata, roles and credits.
    package func rotateKey(
        _ key: KeyID,
        to successor: Key,
        hash: KeyHash,
        oldExpiresAt: Timestamp,
        by actor: Actor
    ) async throws(StoreError) {
        let now = successor.createdAt
        try await self.database.write { connection in
            let locked = try self.lockKey(key, ifVersion: nil, on: connection)
            let old = locked.thing
            guard old.state == .active, successor.projectID == old.projectID else {
                throw StoreError(code: .conflict, message: "\(key) is not active, or not of the successor's project")
            }
            var expiring = old
            expiring.expiresAt = min(old.expiresAt ?? oldExpiresAt, oldExpiresAt)
            expiring.version += 1
            try connection.execute(
                """
                UPDATE keys SET expires_at = \(expiring.expiresAt), version = \(expiring.version), updated_at = \(now)
                WHERE id = \(key) AND \(self.livingKeys)
                """
            )
            try Self.insert(successor, hash: hash, predecessor: key, on: connection)
            try Self.copyBelongings(of: key, to: successor.id, on: connection)
            try Self.tell(.keyRotate, from: old, to: expiring, hash: locked.hash, by: actor, at: now, on: connection)
            try Self.tell(.keyCreate, from: nil, to: successor, hash: hash, by: actor, at: now, on: connection)
        }
    }

    /// Tells the outbox and the audit log of a change to a key.
    private static func tell(
        _ event: AuditEntry.Event,
        from old: Key?,
        to new: Key?,
        hash: KeyHash?,
        by actor: Actor,
        at now: Timestamp,
        on connection: any SQLConnection
    ) throws {
        guard let subject = new ?? old else { return }
        try Outbox.append(.key, project: subject.projectID, keyHash: hash, at: now, on: connection)
        let entry = AuditEntry(
            event: event,
            subject: .key(subject.id),
            organization: subject.organizationID,
            project: subject.projectID,
            before: old.map(AuditedKey.init),
            after: new.map(AuditedKey.init)
        )
        try entry.append(by: actor, at: now, on: connection)
    }
}

extension Key {
    fileprivate func applying(_ change: KeyChange) -> Self {
        var key = self
        key.name = change.name ?? key.name
        key.state = change.state ?? key.state
        if let expiry = change.expiry { key.expiresAt = expiry.time }
        if let owner = change.owner { key.externalID = owner.externalID }
        if let permissions = change.permissions { key.permissions = Set(permissions).sorted() }
        return key
    }
}
