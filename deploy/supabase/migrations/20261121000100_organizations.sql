-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

CREATE TABLE IF NOT EXISTS schema_migrations (
    number BIGINT PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    checksum BYTEA NOT NULL,
    applied_at BIGINT NOT NULL
) ;

CREATE TABLE orgs (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT COLLATE "C" NOT NULL,
    enabled BIGINT NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
    requests_per_minute BIGINT CHECK (requests_per_minute >= 0),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
) ;

CREATE TABLE users (
    id TEXT COLLATE "C" PRIMARY KEY,
    email TEXT COLLATE "C" NOT NULL,
    email_folded TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C",
    password_hash TEXT COLLATE "C",
    external_subject TEXT COLLATE "C" UNIQUE,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    disabled_at BIGINT
) ;

CREATE TABLE memberships (
    org_id TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    user_id TEXT COLLATE "C" NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT COLLATE "C" NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (org_id, user_id)
) ;
CREATE INDEX memberships_user ON memberships (user_id);

CREATE TABLE projects (
    id TEXT COLLATE "C" PRIMARY KEY,
    org_id TEXT COLLATE "C" NOT NULL REFERENCES orgs (id),
    name TEXT COLLATE "C" NOT NULL,
    key_prefix TEXT COLLATE "C",
    key_bytes BIGINT CHECK (key_bytes BETWEEN 16 AND 255),
    allowed_addresses TEXT COLLATE "C",
    delete_protection BIGINT NOT NULL DEFAULT 0 CHECK (delete_protection IN (0, 1)),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    deleted_at BIGINT
) ;
CREATE UNIQUE INDEX projects_name ON projects (org_id, name) WHERE deleted_at IS NULL;

CREATE TABLE root_keys (
    id TEXT COLLATE "C" PRIMARY KEY,
    org_id TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    hash BYTEA NOT NULL UNIQUE,
    start TEXT COLLATE "C" NOT NULL,
    ending TEXT COLLATE "C",
    name TEXT COLLATE "C",
    state TEXT COLLATE "C" NOT NULL CHECK (state IN ('active', 'disabled', 'revoked')),
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    expires_at BIGINT,
    last_used_at BIGINT
) ;
CREATE INDEX root_keys_org ON root_keys (org_id, created_at, id);

CREATE TABLE root_key_permissions (
    root_key_id TEXT COLLATE "C" NOT NULL REFERENCES root_keys (id) ON DELETE CASCADE,
    permission TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (root_key_id, permission)
) ;

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    1, 'organizations', '\x3cf6c59a0d8742a8d18364c68ac1bd1be6baf8814bbd7ca374c1c4724c747464', (extract(epoch FROM now()) * 1000)::bigint
);
