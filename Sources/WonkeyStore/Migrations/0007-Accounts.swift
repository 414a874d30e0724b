extension Migration {
    /// Sessions and refresh tokens go when they end; a used refresh token stays with its session, to be known again.
    static let accounts = Self(
        number: 7,
        name: "accounts",
        template: """
            ALTER TABLE memberships ADD COLUMN version {int} NOT NULL DEFAULT 1;

            CREATE TABLE sessions (
                id TEXT PRIMARY KEY,
                user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                created_at {int} NOT NULL,
                expires_at {int} NOT NULL
            ) {table};
            CREATE INDEX sessions_user ON sessions (user_id, created_at, id);

            CREATE TABLE refresh_tokens (
                hash {bytes} PRIMARY KEY,
                session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
                created_at {int} NOT NULL,
                used_at {int}
            ) {clustered};
            CREATE INDEX refresh_tokens_session ON refresh_tokens (session_id, used_at);

            CREATE TABLE signing_keys (
                id TEXT PRIMARY KEY,
                secret {bytes} NOT NULL,
                created_at {int} NOT NULL,
                retires_at {int}
            ) {table};

            CREATE TABLE invitations (
                id TEXT PRIMARY KEY,
                org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
                email TEXT NOT NULL,
                email_folded TEXT NOT NULL,
                role TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
                token_hash {bytes} NOT NULL UNIQUE,
                invited_by TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
                created_at {int} NOT NULL,
                expires_at {int} NOT NULL,
                UNIQUE (org_id, email_folded)
            ) {table};
            CREATE INDEX invitations_inviter ON invitations (invited_by);
            """
    )
}
