extension Migration {
    static let keys = Self(
        number: 2,
        name: "keys",
        template: """
            CREATE TABLE identities (
                id TEXT PRIMARY KEY,
                org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
                external_id TEXT NOT NULL,
                meta TEXT,
                created_at {int} NOT NULL,
                updated_at {int} NOT NULL,
                deleted_at {int}
            ) {table};
            CREATE UNIQUE INDEX identities_external ON identities (org_id, external_id) WHERE deleted_at IS NULL;

            CREATE TABLE keys (
                id TEXT PRIMARY KEY,
                project_id TEXT NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
                identity_id TEXT REFERENCES identities (id),
                predecessor_id TEXT REFERENCES keys (id) ON DELETE SET NULL,
                hash {bytes} NOT NULL UNIQUE,
                start TEXT NOT NULL,
                ending TEXT,
                name TEXT NOT NULL,
                meta TEXT,
                environment TEXT NOT NULL CHECK (environment IN ('live', 'test')),
                state TEXT NOT NULL CHECK (state IN ('active', 'disabled', 'revoked')),
                credits_remaining {int} CHECK (credits_remaining >= 0),
                refill_interval TEXT CHECK (refill_interval IN ('daily', 'monthly')),
                refill_amount {int} CHECK (refill_amount >= 1),
                refill_day {int} CHECK (refill_day BETWEEN 1 AND 31),
                refilled_at {int},
                created_at {int} NOT NULL,
                updated_at {int} NOT NULL,
                expires_at {int},
                last_used_at {int},
                deleted_at {int},
                CHECK (refill_interval IS NULL OR (credits_remaining IS NOT NULL AND refill_amount IS NOT NULL))
            ) {table};
            CREATE INDEX keys_project ON keys (project_id, created_at, id);
            CREATE INDEX keys_identity ON keys (identity_id);
            CREATE INDEX keys_predecessor ON keys (predecessor_id);
            CREATE INDEX keys_refill ON keys (refill_interval) WHERE refill_interval IS NOT NULL;
            """
    )
}
