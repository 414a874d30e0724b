import WonkeyCore

/// Writes the outbox that ``SQLChangeFeed`` reads.
enum Outbox {
    /// How long a change is kept: far longer than any proxy keeps what it cached.
    static let lifetime = Duration.seconds(86_400)

    /// Records a change in the transaction that makes it, and forgets old ones; the newest always stays.
    static func append(
        _ kind: Change.Kind,
        project: ProjectID,
        keyHash: KeyHash? = nil,
        at now: Timestamp,
        on connection: any SQLConnection
    ) throws {
        let horizon = Timestamp(millisecondsSinceEpoch: now.millisecondsSinceEpoch - self.lifetime.milliseconds)
        switch connection.engine {
        case .sqlite: try connection.execute("DELETE FROM changes WHERE created_at < \(horizon)")
        // A trigger does it (step 12): who appends for one organization sees nothing of the others.
        case .postgreSQL: break
        }
        try connection.execute(
            """
            INSERT INTO changes (kind, project_id, key_hash, created_at)
            VALUES (\(kind.rawValue), \(project), \(keyHash), \(now))
            """
        )
        try connection.announceCommit()
    }
}
