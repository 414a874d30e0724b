-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

ALTER TABLE memberships ADD COLUMN version BIGINT NOT NULL DEFAULT 1;

CREATE TABLE sessions (
    id TEXT COLLATE "C" PRIMARY KEY,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) ;
CREATE INDEX sessions_user ON sessions (user_id, created_at, id);

CREATE TABLE refresh_tokens (
    hash BYTEA PRIMARY KEY,
    session_id TEXT COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    used_at BIGINT
) ;
CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id, used_at);

CREATE TABLE signing_keys (
    id TEXT COLLATE "C" PRIMARY KEY,
    secret BYTEA NOT NULL,
    created_at BIGINT NOT NULL,
    retires_at BIGINT
) ;

CREATE TABLE invitations (
    id TEXT COLLATE "C" PRIMARY KEY,
    org_id TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    email TEXT COLLATE "C" NOT NULL,
    email_folded TEXT COLLATE "C" NOT NULL,
    role TEXT COLLATE "C" NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
    token_hash BYTEA NOT NULL UNIQUE,
    invited_by TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    UNIQUE (org_id, email_folded)
) ;
CREATE INDEX invitations_inviter ON invitations (invited_by);

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    7, 'accounts', '\x3c65ca2c37737bb9fa5390eda2d352161be26f53357cd104ea88ac2bca0c2c65', (extract(epoch FROM now()) * 1000)::bigint
);
