package import WonkeyCore

extension SQLAccountStore {
    package func signingKeys() async throws(StoreError) -> [SigningKey] {
        try self.requireAccounts()
        return try await self.database.read { connection in
            try connection.rows(
                "SELECT id, secret, created_at, retires_at FROM signing_keys \(Self.newestFirst)"
            ) { row in
                SigningKey(
                    id: try row.text(0),
                    secret: try row.bytes(1),
                    createdAt: try row.time(2),
                    retiresAt: try row.optionalTime(3)
                )
            }
        }
    }

    /// One that signs comes before those that retire, even if it was made in the same millisecond.
    private static let newestFirst: BoundSQL = """
        ORDER BY CASE WHEN retires_at IS NULL THEN 0 ELSE 1 END, created_at DESC, id DESC
        """

    /// Retired keys stay so long: answers to repeated requests are sealed with them.
    private static let keptRetired = Duration.seconds(86_400)

    /// Adds a key.
    ///
    /// Where writers do not wait for each other, two may add one at once, each of which then verifies; the newest signs.
    package func addSigningKey(
        _ key: SigningKey,
        retiringOthersAt others: Timestamp?,
        ifNewestIs expected: String?,
        by actor: Actor
    ) async throws(StoreError) -> Bool {
        try self.requireAccounts()
        return try await self.database.write { connection in
            let newest = try connection.first(
                "SELECT id FROM signing_keys \(Self.newestFirst) LIMIT 1",
                { try $0.text(0) }
            )
            guard newest == expected else { return false }
            let forgotten = key.createdAt + (.zero - Self.keptRetired)
            try connection.execute("DELETE FROM signing_keys WHERE retires_at <= \(forgotten)")
            if let others {
                try connection.execute(
                    "UPDATE signing_keys SET retires_at = \(others) WHERE retires_at IS NULL OR retires_at > \(others)"
                )
            }
            try connection.execute(
                """
                INSERT INTO signing_keys (id, secret, created_at, retires_at)
                VALUES (\(key.id), \(key.secret), \(key.createdAt), \(key.retiresAt))
                """
            )
            let entry = AuditEntry(
                event: .signingKeyCreate,
                subject: .signingKey(key.id),
                organization: AuditEntry.noOrganization,
                after: ["others_retire_at": others?.millisecondsSinceEpoch]
            )
            try entry.append(by: actor, at: key.createdAt, on: connection)
            return true
        }
    }
}
