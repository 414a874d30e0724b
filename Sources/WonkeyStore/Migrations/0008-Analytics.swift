extension Migration {
    /// Rollups by minute and by day beside those by hour, and what bounds how many keys and paths have sums of their own.
    static let analytics = Self(
        number: 8,
        name: "analytics",
        template: """
            ALTER TABLE usage_rollups_hourly ADD COLUMN server_errors {int} NOT NULL DEFAULT 0;
            ALTER TABLE usage_rollups_hourly ADD COLUMN distinct_keys {int} NOT NULL DEFAULT 0;
            ALTER TABLE usage_rollups_hourly ADD COLUMN distinct_paths {int} NOT NULL DEFAULT 0;
            CREATE INDEX usage_rollups_hourly_project ON usage_rollups_hourly (project_id, hour)
                WHERE dimension = 'project';

            CREATE TABLE usage_rollups_daily (
                project_id TEXT NOT NULL,
                day {int} NOT NULL,
                dimension TEXT NOT NULL CHECK (dimension IN ('project', 'key', 'path')),
                value TEXT NOT NULL,
                requests {int} NOT NULL,
                errors {int} NOT NULL,
                server_errors {int} NOT NULL,
                bytes_received {int} NOT NULL,
                bytes_sent {int} NOT NULL,
                images {int} NOT NULL,
                latency_histogram {bytes} NOT NULL,
                distinct_keys {int} NOT NULL DEFAULT 0,
                distinct_paths {int} NOT NULL DEFAULT 0,
                PRIMARY KEY (project_id, day, dimension, value)
            ) {clustered};
            CREATE INDEX usage_rollups_daily_project ON usage_rollups_daily (project_id, day)
                WHERE dimension = 'project';

            CREATE TABLE usage_rollups_minutely (
                project_id TEXT NOT NULL,
                minute {int} NOT NULL,
                requests {int} NOT NULL,
                errors {int} NOT NULL,
                server_errors {int} NOT NULL,
                bytes_received {int} NOT NULL,
                bytes_sent {int} NOT NULL,
                images {int} NOT NULL,
                latency_histogram {bytes} NOT NULL,
                PRIMARY KEY (project_id, minute)
            ) {clustered};
            """
    )
}
