-- Written by `wonkey-admin migrate --print-supabase`; do not edit.

CREATE TABLE permissions (
    id TEXT COLLATE "C" PRIMARY KEY,
    org_id TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    slug TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (org_id, slug)
) ;

CREATE TABLE roles (
    id TEXT COLLATE "C" PRIMARY KEY,
    org_id TEXT COLLATE "C" NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
    name TEXT COLLATE "C" NOT NULL,
    description TEXT COLLATE "C",
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (org_id, name)
) ;

CREATE TABLE role_permissions (
    role_id TEXT COLLATE "C" NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    permission_id TEXT COLLATE "C" NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
    PRIMARY KEY (role_id, permission_id)
) ;
CREATE INDEX role_permissions_permission ON role_permissions (permission_id);

CREATE TABLE key_permissions (
    key_id TEXT COLLATE "C" NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    permission_id TEXT COLLATE "C" NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
    PRIMARY KEY (key_id, permission_id)
) ;
CREATE INDEX key_permissions_permission ON key_permissions (permission_id);

CREATE TABLE key_roles (
    key_id TEXT COLLATE "C" NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
    role_id TEXT COLLATE "C" NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
    PRIMARY KEY (key_id, role_id)
) ;
CREATE INDEX key_roles_role ON key_roles (role_id);

INSERT INTO schema_migrations (number, name, checksum, applied_at) VALUES (
    3, 'permissions', '\x013e8ba6611f80fc4c8b4aeb8979325727817ed1e34d6b0729e7737f04f7047e', (extract(epoch FROM now()) * 1000)::bigint
);
