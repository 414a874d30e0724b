extension Migration {
    /// A row hangs on exactly one of a key, an identity or a project.
    static let limits = Self(
        number: 4,
        name: "limits",
        template: """
            CREATE TABLE limit_overrides (
                id TEXT PRIMARY KEY,
                key_id TEXT REFERENCES keys (id) ON DELETE CASCADE,
                identity_id TEXT REFERENCES identities (id) ON DELETE CASCADE,
                project_id TEXT REFERENCES projects (id) ON DELETE CASCADE,
                name TEXT NOT NULL,
                quota {int} NOT NULL CHECK (quota >= 0),
                window_ms {int} NOT NULL CHECK (window_ms >= 1),
                created_at {int} NOT NULL,
                updated_at {int} NOT NULL,
                UNIQUE (key_id, name),
                UNIQUE (identity_id, name),
                UNIQUE (project_id, name),
                CHECK (
                    CASE WHEN key_id IS NULL THEN 0 ELSE 1 END
                    + CASE WHEN identity_id IS NULL THEN 0 ELSE 1 END
                    + CASE WHEN project_id IS NULL THEN 0 ELSE 1 END = 1
                )
            ) {table};
            """
    )
}
