-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

CREATE TABLE changes (
    sequence BIGINT PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    kind TEXT COLLATE "C" NOT NULL CHECK (kind IN ('key', 'project')),
    project_id TEXT COLLATE "C" NOT NULL,
    key_hash BYTEA,
    created_at BIGINT NOT NULL
) ;
CREATE INDEX changes_created ON changes (created_at);

CREATE TABLE audit_log (
    id TEXT COLLATE "C" PRIMARY KEY,
    time BIGINT NOT NULL,
    org_id TEXT COLLATE "C" NOT NULL,
    project_id TEXT COLLATE "C",
    actor TEXT COLLATE "C" NOT NULL,
    source TEXT COLLATE "C" NOT NULL,
    event TEXT COLLATE "C" NOT NULL,
    subject_kind TEXT COLLATE "C" NOT NULL,
    subject_id TEXT COLLATE "C" NOT NULL,
    before_json TEXT COLLATE "C",
    after_json TEXT COLLATE "C"
) ;
CREATE INDEX audit_log_org ON audit_log (org_id, time, id);
CREATE INDEX audit_log_subject ON audit_log (subject_kind, subject_id, time);

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    6, 'history', '\x1ccb2c064ab8d09badf12a807f7e927a93809a9b49d4061f781de1db3153763e', (extract(epoch FROM now()) * 1000)::bigint
);
