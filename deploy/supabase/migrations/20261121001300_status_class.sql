-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

ALTER TABLE request_logs ADD COLUMN status_class BIGINT GENERATED ALWAYS AS (status / 100) STORED;
DROP INDEX request_logs_class;
CREATE INDEX request_logs_class ON request_logs (project_id, status_class, time, id);

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    13, 'status class', '\x3de7ed0db5769103774a3193afc1c0d75c14f1416508885bd1a6a05e86666132', (extract(epoch FROM now()) * 1000)::bigint
);
