extension Migration {
    static let history = Self(
        number: 6,
        name: "history",
        template: """
            CREATE TABLE changes (
                sequence {sequence},
                kind TEXT NOT NULL CHECK (kind IN ('key', 'project')),
                project_id TEXT NOT NULL,
                key_hash {bytes},
                created_at {int} NOT NULL
            ) {table};
            CREATE INDEX changes_created ON changes (created_at);

            CREATE TABLE audit_log (
                id TEXT PRIMARY KEY,
                time {int} NOT NULL,
                org_id TEXT NOT NULL,
                project_id TEXT,
                actor TEXT NOT NULL,
                source TEXT NOT NULL,
                event TEXT NOT NULL,
                subject_kind TEXT NOT NULL,
                subject_id TEXT NOT NULL,
                before_json TEXT,
                after_json TEXT
            ) {table};
            CREATE INDEX audit_log_org ON audit_log (org_id, time, id);
            CREATE INDEX audit_log_subject ON audit_log (subject_kind, subject_id, time);
            """
    )
}
