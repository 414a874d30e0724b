extension Migration {
    /// None of these refers to a key or a project: a record is kept, and a replayed batch goes in, when they are gone.
    static let logs = Self(
        number: 5,
        name: "logs",
        template: """
            CREATE TABLE request_logs (
                id TEXT PRIMARY KEY,
                request_id TEXT NOT NULL,
                time {int} NOT NULL,
                project_id TEXT,
                key_id TEXT,
                method TEXT NOT NULL,
                path TEXT NOT NULL,
                route TEXT,
                status {int} NOT NULL,
                latency_us {int} NOT NULL,
                bytes_received {int} NOT NULL,
                bytes_sent {int} NOT NULL,
                client_address TEXT NOT NULL,
                user_agent TEXT,
                limit_verdict TEXT NOT NULL,
                fault TEXT NOT NULL,
                images {int} NOT NULL
            ) {table};
            CREATE INDEX request_logs_time ON request_logs (project_id, time, id);
            CREATE INDEX request_logs_class ON request_logs (project_id, (status / 100), time, id);
            CREATE INDEX request_logs_path ON request_logs (project_id, path, time, id);
            CREATE INDEX request_logs_key ON request_logs (key_id, time, id) WHERE key_id IS NOT NULL;

            CREATE TABLE log_batches (
                id TEXT PRIMARY KEY,
                applied_at {int} NOT NULL
            ) {clustered};
            CREATE INDEX log_batches_applied ON log_batches (applied_at);

            CREATE TABLE usage_daily (
                project_id TEXT NOT NULL,
                day {int} NOT NULL,
                key_id TEXT NOT NULL,
                requests {int} NOT NULL,
                images {int} NOT NULL,
                PRIMARY KEY (project_id, day, key_id)
            ) {clustered};

            CREATE TABLE usage_rollups_hourly (
                project_id TEXT NOT NULL,
                hour {int} NOT NULL,
                dimension TEXT NOT NULL CHECK (dimension IN ('project', 'key', 'path')),
                value TEXT NOT NULL,
                requests {int} NOT NULL,
                errors {int} NOT NULL,
                bytes_received {int} NOT NULL,
                bytes_sent {int} NOT NULL,
                images {int} NOT NULL,
                latency_histogram {bytes} NOT NULL,
                PRIMARY KEY (project_id, hour, dimension, value)
            ) {clustered};
            """
    )
}
