import WonkeyCore

/// How much of a PostgreSQL we take and how long we wait for it.
package struct PostgresLimits: Sendable {
    /// Connections open at most, at least 1, not counting the one that listens for changes.
    package var connectionsMax: Int
    /// How long a transaction waits for a free connection.
    package var poolTimeout: Duration
    package var connectTimeout: Duration
    /// How long one statement may run, waiting for locks included.
    package var statementTimeout: Duration

    package init(
        connectionsMax: Int = 8,
        poolTimeout: Duration = .seconds(2),
        connectTimeout: Duration = .seconds(5),
        statementTimeout: Duration = .seconds(10)
    ) {
        self.connectionsMax = connectionsMax
        self.poolTimeout = poolTimeout
        self.connectTimeout = connectTimeout
        self.statementTimeout = statementTimeout
    }
}
