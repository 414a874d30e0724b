-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

ALTER TABLE projects ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE projects ADD COLUMN default_of TEXT COLLATE "C" REFERENCES users (id) ON DELETE SET NULL;
CREATE UNIQUE INDEX projects_default ON projects (org_id, default_of);
ALTER TABLE keys ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
CREATE INDEX audit_log_project ON audit_log (project_id, time, id);

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    9, 'resources', '\x45c17d069e3bd3782036b05714cab4139551c8c75818f75211ad730e0d396539', (extract(epoch FROM now()) * 1000)::bigint
);
