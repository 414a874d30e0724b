extension Migration {
    static let organizations = Self(
        number: 1,
        name: "organizations",
        template: """
            CREATE TABLE orgs (
                id TEXT PRIMARY KEY,
                name TEXT NOT NULL,
                enabled {int} NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
                requests_per_minute {int} CHECK (requests_per_minute >= 0),
                created_at {int} NOT NULL,
                updated_at {int} NOT NULL,
                deleted_at {int}
            ) {table};

            CREATE TABLE users (
                id TEXT PRIMARY KEY,
                email TEXT NOT NULL,
                email_folded TEXT NOT NULL UNIQUE,
                name TEXT,
                password_hash TEXT,
                external_subject TEXT UNIQUE,
                created_at {int} NOT NULL,
                updated_at {int} NOT NULL,
                disabled_at {int}
            ) {table};

            CREATE TABLE memberships (
                org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
                user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
                created_at {int} NOT NULL,
                PRIMARY KEY (org_id, user_id)
            ) {table};
            CREATE INDEX memberships_user ON memberships (user_id);

            CREATE TABLE projects (
                id TEXT PRIMARY KEY,
                org_id TEXT NOT NULL REFERENCES orgs (id),
                name TEXT NOT NULL,
                key_prefix TEXT,
                key_bytes {int} CHECK (key_bytes BETWEEN 16 AND 255),
                allowed_addresses TEXT,
                delete_protection {int} NOT NULL DEFAULT 0 CHECK (delete_protection IN (0, 1)),
                created_at {int} NOT NULL,
                updated_at {int} NOT NULL,
                deleted_at {int}
            ) {table};
            CREATE UNIQUE INDEX projects_name ON projects (org_id, name) WHERE deleted_at IS NULL;

            CREATE TABLE root_keys (
                id TEXT PRIMARY KEY,
                org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
                hash {bytes} NOT NULL UNIQUE,
                start TEXT NOT NULL,
                ending TEXT,
                name TEXT,
                state TEXT NOT NULL CHECK (state IN ('active', 'disabled', 'revoked')),
                created_at {int} NOT NULL,
                updated_at {int} NOT NULL,
                expires_at {int},
                last_used_at {int}
            ) {table};
            CREATE INDEX root_keys_org ON root_keys (org_id, created_at, id);

            CREATE TABLE root_key_permissions (
                root_key_id TEXT NOT NULL REFERENCES root_keys (id) ON DELETE CASCADE,
                permission TEXT NOT NULL,
                PRIMARY KEY (root_key_id, permission)
            ) {table};
            """
    )
}
