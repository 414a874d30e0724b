-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

CREATE TABLE limit_overrides (
    id TEXT COLLATE "C" PRIMARY KEY,
    key_id TEXT COLLATE "C" REFERENCES keys (id) ON DELETE CASCADE,
    identity_id TEXT COLLATE "C" REFERENCES identities (id) ON DELETE CASCADE,
    project_id TEXT COLLATE "C" REFERENCES projects (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    quota BIGINT NOT NULL CHECK (quota >= 0),
    window_ms BIGINT NOT NULL CHECK (window_ms >= 1),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (key_id, name),
    UNIQUE (identity_id, name),
    UNIQUE (project_id, name),
    CHECK (
        CASE WHEN key_id IS NULL THEN 0 ELSE 1 END
        + CASE WHEN identity_id IS NULL THEN 0 ELSE 1 END
        + CASE WHEN project_id IS NULL THEN 0 ELSE 1 END = 1
    )
) ;

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    4, 'limits', '\x718b01c80cbaeaa1694b045ad004c2e7d548e222f4d46395e28aaf98a8dc0fbc', (extract(epoch FROM now()) * 1000)::bigint
);
