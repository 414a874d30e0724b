extension Migration {
    static let permissions = Self(
        number: 3,
        name: "permissions",
        template: """
            CREATE TABLE permissions (
                id TEXT PRIMARY KEY,
                org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
                slug TEXT NOT NULL,
                name TEXT NOT NULL,
                description TEXT,
                created_at {int} NOT NULL,
                updated_at {int} NOT NULL,
                UNIQUE (org_id, slug)
            ) {table};

            CREATE TABLE roles (
                id TEXT PRIMARY KEY,
                org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
                name TEXT NOT NULL,
                description TEXT,
                created_at {int} NOT NULL,
                updated_at {int} NOT NULL,
                UNIQUE (org_id, name)
            ) {table};

            CREATE TABLE role_permissions (
                role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
                permission_id TEXT NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
                PRIMARY KEY (role_id, permission_id)
            ) {clustered};
            CREATE INDEX role_permissions_permission ON role_permissions (permission_id);

            CREATE TABLE key_permissions (
                key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
                permission_id TEXT NOT NULL REFERENCES permissions (id) ON DELETE CASCADE,
                PRIMARY KEY (key_id, permission_id)
            ) {clustered};
            CREATE INDEX key_permissions_permission ON key_permissions (permission_id);

            CREATE TABLE key_roles (
                key_id TEXT NOT NULL REFERENCES keys (id) ON DELETE CASCADE,
                role_id TEXT NOT NULL REFERENCES roles (id) ON DELETE CASCADE,
                PRIMARY KEY (key_id, role_id)
            ) {clustered};
            CREATE INDEX key_roles_role ON key_roles (role_id);
            """
    )
}
