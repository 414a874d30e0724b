-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

ALTER TABLE request_logs ADD COLUMN status_class BIGINT GENERATED ALWAYS AS (status / 100) STORED;
DROP INDEX request_logs_class;
CREATE INDEX request_logs_class ON request_logs (project_id, status_class, time, id, status);

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    13, 'status class', '\x8061e459c899f16901f1a81dbeac96d6aa16503ae64b009cf8a6737a1cc93d44', (extract(epoch FROM now()) * 1000)::bigint
);
