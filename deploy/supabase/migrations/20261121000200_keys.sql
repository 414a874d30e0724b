-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

CREATE TABLE identities (
    id TEXT COLLATE "C" PRIMARY KEY,
    org_id TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    external_id TEXT COLLATE "C" NOT NULL,
    meta TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
) ;
CREATE UNIQUE INDEX identities_external ON identities (org_id, external_id) WHERE deleted_at IS NULL;

CREATE TABLE keys (
    id TEXT COLLATE "C" PRIMARY KEY,
    project_id TEXT COLLATE "C" NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
    identity_id TEXT COLLATE "C" REFERENCES identities (id),
    predecessor_id TEXT COLLATE "C" REFERENCES keys (id) ON DELETE SET NULL,
    hash BYTEA NOT NULL UNIQUE,
    start TEXT COLLATE "C" NOT NULL,
    ending TEXT COLLATE "C",
    name TEXT COLLATE "C" NOT NULL,
    meta TEXT COLLATE "C",
    environment TEXT COLLATE "C" NOT NULL CHECK (environment IN ('live', 'test')),
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('active', 'disabled', 'revoked')),
    credits_remaining BIGINT CHECK (credits_remaining >= 0),
    refill_interval TEXT COLLATE "C" CHECK (refill_interval IN ('daily', 'monthly')),
    refill_amount BIGINT CHECK (refill_amount >= 1),
    refill_day BIGINT CHECK (refill_day BETWEEN 1 AND 31),
    refilled_at BIGINT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT,
    deleted_at BIGINT,
    CHECK (refill_interval IS NULL OR (credits_remaining IS NOT NULL AND refill_amount IS NOT NULL))
) ;
CREATE INDEX keys_project ON keys (project_id, created_at, id);
CREATE INDEX keys_identity ON keys (identity_id);
CREATE INDEX keys_predecessor ON keys (predecessor_id);
CREATE INDEX keys_refill ON keys (refill_interval) WHERE refill_interval IS NOT NULL;

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    2, 'keys', '\x40959a0784cfdc506987016d9c7032a789e38428ede0277c99d21f127417337d', (extract(epoch FROM now()) * 1000)::bigint
);
