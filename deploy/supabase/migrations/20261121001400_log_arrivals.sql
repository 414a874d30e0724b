-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

ALTER TABLE request_logs ADD COLUMN arrival BIGINT;
CREATE INDEX request_logs_arrival ON request_logs (arrival) WHERE arrival IS NOT NULL;

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    14, 'log arrivals', '\xcbc83b401464d1b39e4d0530d85861141c3922ccb23bb563201e2fee1ff037bf', (extract(epoch FROM now()) * 1000)::bigint
);
