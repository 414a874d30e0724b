-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

ALTER TABLE usage_rollups_hourly ADD COLUMN server_errors BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_rollups_hourly ADD COLUMN distinct_keys BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_rollups_hourly ADD COLUMN distinct_paths BIGINT NOT NULL DEFAULT 0;
CREATE INDEX usage_rollups_hourly_project ON usage_rollups_hourly (project_id, hour)
    WHERE dimension = 'project';

CREATE TABLE usage_rollups_daily (
    project_id TEXT COLLATE "C" NOT NULL,
    day BIGINT NOT NULL,
    dimension TEXT COLLATE "C" NOT NULL CHECK (dimension IN ('project', 'key', 'path')),
    value TEXT COLLATE "C" NOT NULL,
    requests BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    server_errors BIGINT NOT NULL,
    bytes_received BIGINT NOT NULL,
    bytes_sent BIGINT NOT NULL,
    images BIGINT NOT NULL,
    latency_histogram BYTEA NOT NULL,
    distinct_keys BIGINT NOT NULL DEFAULT 0,
    distinct_paths BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (project_id, day, dimension, value)
) ;
CREATE INDEX usage_rollups_daily_project ON usage_rollups_daily (project_id, day)
    WHERE dimension = 'project';

CREATE TABLE usage_rollups_minutely (
    project_id TEXT COLLATE "C" NOT NULL,
    minute BIGINT NOT NULL,
    requests BIGINT NOT NULL,
    errors BIGINT NOT NULL,
    server_errors BIGINT NOT NULL,
    bytes_received BIGINT NOT NULL,
    bytes_sent BIGINT NOT NULL,
    images BIGINT NOT NULL,
    latency_histogram BYTEA NOT NULL,
    PRIMARY KEY (project_id, minute)
) ;

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    8, 'analytics', '\x264e0fa66ce1e26ecfe53bef5425872e4f69a768fac2d5c7f6aca8440455a3cb', (extract(epoch FROM now()) * 1000)::bigint
);
