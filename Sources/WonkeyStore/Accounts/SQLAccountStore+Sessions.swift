package import WonkeyCore

extension SQLAccountStore {
    /// How many sessions a user has at most; the oldest end for new ones.
    static let sessionsMax = 100

    package func startSession(_ session: Session, token: TokenHash, by actor: Actor) async throws(StoreError) {
        try self.requireAccounts()
        try await self.database.write { connection in
            try connection.execute(
                "DELETE FROM sessions WHERE user_id = \(session.userID) AND expires_at <= \(session.createdAt)"
            )
            try connection.execute(
                """
                DELETE FROM sessions WHERE user_id = \(session.userID) AND id NOT IN (
                    SELECT id FROM sessions WHERE user_id = \(session.userID)
                    ORDER BY created_at DESC, id DESC LIMIT \(Self.sessionsMax - 1)
                )
                """
            )
            try connection.execute(
                """
                INSERT INTO sessions (id, user_id, created_at, expires_at)
                VALUES (\(session.id), \(session.userID), \(session.createdAt), \(session.expiresAt))
                """
            )
            try Self.insert(token, of: session.id, at: session.createdAt, on: connection)
        }
    }

    package func renewSession(
        _ renewal: SessionRenewal,
        by actor: Actor
    ) async throws(StoreError) -> SessionRenewal.Outcome {
        try self.requireAccounts()
        return try await self.database.write { connection in
            guard let found = try Self.presented(renewal.presented, on: connection) else { return .refused }
            var session = found.session
            guard session.expiresAt > renewal.now, found.user.disabledAt == nil else {
                try Self.delete(session.id, on: connection)
                return .refused
            }
            // The condition decides between two that come at once: one renews, the other has used a used token.
            let used = try connection.execute(
                """
                UPDATE refresh_tokens SET used_at = \(renewal.now)
                WHERE hash = \(renewal.presented) AND used_at IS NULL
                """
            )
            guard used == 1 else {
                try Self.delete(session.id, on: connection)
                try Self.audit(.sessionReuse, of: found.user, at: renewal.now, by: actor, on: connection)
                return .reused(session.id)
            }
            session.expiresAt = renewal.expiresAt
            try Self.renew(session, by: renewal, on: connection)
            return .renewed(session, found.user)
        }
    }

    package func user(ofSession session: SessionID, at now: Timestamp) async throws(StoreError) -> User? {
        try self.requireAccounts()
        return try await self.database.read { connection in
            try connection.first(
                """
                SELECT \(Self.userColumns) FROM sessions JOIN users ON users.id = sessions.user_id
                WHERE sessions.id = \(session) AND sessions.expires_at > \(now) AND users.disabled_at IS NULL
                """
            ) { try Self.user($0) }
        }
    }

    package func endSession(_ session: SessionID, at now: Timestamp, by actor: Actor) async throws(StoreError) {
        try self.requireAccounts()
        try await self.database.write { try Self.delete(session, on: $0) }
    }

    /// The session and user of a refresh token, used or not.
    private static func presented(
        _ token: TokenHash,
        on connection: any SQLConnection
    ) throws -> (session: Session, user: User)? {
        try connection.first(
            """
            SELECT sessions.id, sessions.created_at, sessions.expires_at, \(Self.userColumns)
            FROM refresh_tokens
                JOIN sessions ON sessions.id = refresh_tokens.session_id
                JOIN users ON users.id = sessions.user_id
            WHERE refresh_tokens.hash = \(token)
            """
        ) { row in
            let user = try Self.user(row, from: 3)
            let session = Session(
                id: try row.id(0),
                userID: user.id,
                createdAt: try row.time(1),
                expiresAt: try row.time(2)
            )
            return (session, user)
        }
    }

    /// Stores the successor and forgets tokens used so long ago that they had ended anyway.
    private static func renew(
        _ session: Session,
        by renewal: SessionRenewal,
        on connection: any SQLConnection
    ) throws {
        try Self.insert(renewal.successor, of: session.id, at: renewal.now, on: connection)
        try connection.execute(
            "UPDATE sessions SET expires_at = \(session.expiresAt) WHERE id = \(session.id)"
        )
        let lifetime = renewal.expiresAt - renewal.now
        let horizon = renewal.now + (.zero - lifetime)
        try connection.execute(
            "DELETE FROM refresh_tokens WHERE session_id = \(session.id) AND used_at < \(horizon)"
        )
    }

    private static func insert(
        _ token: TokenHash,
        of session: SessionID,
        at now: Timestamp,
        on connection: any SQLConnection
    ) throws {
        try connection.execute(
            "INSERT INTO refresh_tokens (hash, session_id, created_at) VALUES (\(token), \(session), \(now))"
        )
    }

    /// Ends a session; its refresh tokens go with it.
    private static func delete(_ session: SessionID, on connection: any SQLConnection) throws {
        try connection.execute("DELETE FROM sessions WHERE id = \(session)")
    }
}
