extension Migration {
    /// Answers are encrypted with a key that only the client's Idempotency-Key opens, of which only a hash is here.
    static let idempotency = Self(
        number: 11,
        name: "idempotency",
        template: """
            CREATE TABLE idempotency_keys (
                key_hash {bytes} PRIMARY KEY,
                user_id TEXT,
                request_hash {bytes} NOT NULL,
                answer {bytes},
                claimed_at {int} NOT NULL,
                expires_at {int} NOT NULL
            ) {table};
            CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
            """
    )
}
