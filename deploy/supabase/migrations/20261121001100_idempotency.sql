-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

CREATE TABLE idempotency_keys (
    key_hash BYTEA PRIMARY KEY,
    user_id TEXT COLLATE "C",
    request_hash BYTEA NOT NULL,
    answer BYTEA,
    claimed_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) ;
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    11, 'idempotency', '\xd7ae7292f1336b951762412af742112ce9dd86cc117d0838b3cf49a01f9ba750', (extract(epoch FROM now()) * 1000)::bigint
);
