-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

CREATE TABLE request_logs (
    id TEXT COLLATE "C" PRIMARY KEY,
    request_id TEXT COLLATE "C" NOT NULL,
    time BIGINT NOT NULL,
    project_id TEXT COLLATE "C",
    key_id TEXT COLLATE "C",
    method TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    route TEXT COLLATE "C",
    status BIGINT NOT NULL,
    latency_us BIGINT NOT NULL,
    bytes_received BIGINT NOT NULL,
    bytes_sent BIGINT NOT NULL,
    client_address TEXT COLLATE "C" NOT NULL,
    user_agent TEXT COLLATE "C",
    limit_verdict TEXT COLLATE "C" NOT NULL,
    fault TEXT COLLATE "C" NOT NULL,
    images BIGINT NOT NULL
) ;
CREATE INDEX request_logs_time ON request_logs (project_id, time, id);
CREATE INDEX request_logs_class ON request_logs (project_id, (status / 100), time, id);
CREATE INDEX request_logs_path ON request_logs (project_id, path, time, id);
CREATE INDEX request_logs_key ON request_logs (key_id, time, id) WHERE key_id IS NOT NULL;

CREATE TABLE log_batches (
    id TEXT COLLATE "C" PRIMARY KEY,
    applied_at BIGINT NOT NULL
) ;
CREATE INDEX log_batches_applied ON log_batches (applied_at);

CREATE TABLE usage_daily (
    project_id TEXT COLLATE "C" NOT NULL,
    day BIGINT NOT NULL,
    key_id TEXT COLLATE "C" NOT NULL,
    requests BIGINT NOT NULL,
    images BIGINT NOT NULL,
    PRIMARY KEY (project_id, day, key_id)
) ;

CREATE TABLE usage_rollups_hourly (
    project_id TEXT COLLATE "C" NOT NULL,
    hour BIGINT NOT NULL,
    dimension TEXT COLLATE "C" NOT NULL CHECK (dimension IN ('project', 'key', 'path')),
    value TEXT COLLATE "C" NOT NULL,
    requests BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    bytes_received BIGINT NOT NULL,
    bytes_sent BIGINT NOT NULL,
    images BIGINT NOT NULL,
    latency_histogram BYTEA NOT NULL,
    PRIMARY KEY (project_id, hour, dimension, value)
) ;

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    5, 'logs', '\xeb8b9f054290c3fce08153128a202a10c79157970769df2ffdd11007ffc498d5', (extract(epoch FROM now()) * 1000)::bigint
);
