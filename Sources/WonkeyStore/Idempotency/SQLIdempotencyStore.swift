package import WonkeyCore

/// Claims on Idempotency-Keys in the database.
package struct SQLIdempotencyStore: IdempotencyStore {
    private let database: any SQLDatabase

    init(_ database: any SQLDatabase) {
        self.database = database
    }

    package func claim(_ claim: IdempotencyClaim) async throws(StoreError) -> IdempotencyOutcome {
        try await self.database.write { connection in
            try connection.execute(
                """
                DELETE FROM idempotency_keys WHERE expires_at <= \(claim.now)
                    OR (key_hash = \(claim.keyHash) AND answer IS NULL AND claimed_at < \(claim.abandonedBefore))
                """
            )
            let made = try connection.execute(
                """
                INSERT INTO idempotency_keys (key_hash, user_id, request_hash, claimed_at, expires_at) VALUES (
                    \(claim.keyHash), \(claim.userID), \(claim.requestHash), \(claim.now), \(claim.expiresAt)
                ) ON CONFLICT (key_hash) DO NOTHING
                """
            )
            if made == 1 { return .claimed }
            let outcome = try connection.first(
                "SELECT request_hash, answer FROM idempotency_keys WHERE key_hash = \(claim.keyHash)"
            ) { row -> IdempotencyOutcome in
                guard try row.bytes(0) == claim.requestHash else { return .otherRequest }
                return row.isNull(1) ? .inFlight : .answered(try row.bytes(1))
            }
            // It was there a moment ago: whoever held it has just given it back.
            return outcome ?? .inFlight
        }
    }

    package func complete(_ claim: IdempotencyClaim, answer: [UInt8]) async throws(StoreError) {
        _ = try await self.database.write { connection in
            try connection.execute(
                "UPDATE idempotency_keys SET answer = \(answer) WHERE answer IS NULL AND \(Self.isHeld(claim))"
            )
        }
    }

    package func release(_ claim: IdempotencyClaim) async throws(StoreError) {
        _ = try await self.database.write { connection in
            try connection.execute(
                "DELETE FROM idempotency_keys WHERE answer IS NULL AND \(Self.isHeld(claim))"
            )
        }
    }

    private static func isHeld(_ claim: IdempotencyClaim) -> BoundSQL {
        "key_hash = \(claim.keyHash) AND request_hash = \(claim.requestHash) AND claimed_at = \(claim.now)"
    }
}

extension Store {
    /// The answers to repeated requests that a scope sees.
    package func idempotency(for scope: StoreScope) -> SQLIdempotencyStore {
        SQLIdempotencyStore(self.database.scoped(to: scope))
    }
}
