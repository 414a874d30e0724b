extension Migration {
    /// Answers are encrypted under the client's Idempotency-Key, of which only a hash is here, and a signing key; a zero byte
    /// in its place says that something was changed and nothing answered yet.
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
