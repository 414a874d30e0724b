package import WonkeyCore

/// Claims on Idempotency-Keys in the database.
///
/// A claim has no answer at first; a zero byte in its place as soon as something was changed under it, which
/// ``ClaimedDatabase`` notes in the change's own transaction; and then the real one.
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
                "SELECT request_hash, answer, claimed_at FROM idempotency_keys WHERE key_hash = \(claim.keyHash)"
            ) { row -> IdempotencyOutcome in
                guard try row.bytes(0) == claim.requestHash else { return .otherRequest }
                let answer = row.isNull(1) ? IdempotencyClaim.changed : try row.bytes(1)
                if answer != IdempotencyClaim.changed { return .answered(answer) }
                return try row.time(2) < claim.abandonedBefore ? .answerLost : .inFlight
            }
            // It was there a moment ago: whoever held it has just given it back.
            return outcome ?? .inFlight
        }
    }

    package func complete(_ claim: IdempotencyClaim, answer: [UInt8]) async throws(StoreError) {
        _ = try await self.database.write { connection in
            try connection.execute("UPDATE idempotency_keys SET answer = \(answer) WHERE \(claim.isHeld)")
        }
    }

    package func release(
        _ claim: IdempotencyClaim,
        _ condition: IdempotencyRelease
    ) async throws(StoreError) {
        let row: BoundSQL =
            switch condition {
            case .refused: claim.isHeld
            case .failed: "\(claim.isHeld) AND answer IS NULL"
            }
        _ = try await self.database.write { try $0.execute("DELETE FROM idempotency_keys WHERE \(row)") }
    }
}

extension IdempotencyClaim {
    /// Stands in the place of the answer when something was changed.
    fileprivate static let changed: [UInt8] = [0]

    /// The condition that a row is this claim's and not answered yet.
    fileprivate var isHeld: BoundSQL {
        """
        key_hash = \(self.keyHash) AND request_hash = \(self.requestHash) AND claimed_at = \(self.now)
            AND (answer IS NULL OR answer = \(Self.changed))
        """
    }
}

/// A database in which whatever is changed is changed under a claim, and noted there in the same transaction.
///
/// So a request that changed something is never carried out twice, wherever the process that did so came to its end.
struct ClaimedDatabase: SQLDatabase {
    let base: any SQLDatabase
    let claim: IdempotencyClaim

    var dialect: SQLDialect { self.base.dialect }
    var connections: StoreConnections? { self.base.connections }

    func scoped(to scope: StoreScope) -> any SQLDatabase {
        Self(base: self.base.scoped(to: scope), claim: self.claim)
    }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        try await self.base.read(body)
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        try await self.base.write { [claim] connection in
            let value = try body(connection)
            let held = try connection.execute(
                "UPDATE idempotency_keys SET answer = \(IdempotencyClaim.changed) WHERE \(claim.isHeld)"
            )
            guard held == 1 else {
                throw StoreError(code: .unavailable, message: "the claim was given up, and another request may hold it")
            }
            return value
        }
    }

    func exists() async throws(StoreError) -> Bool { try await self.base.exists() }
    func create() async throws(StoreError) { try await self.base.create() }
    func commitVersion() async throws(StoreError) -> CommitVersion { try await self.base.commitVersion() }

    func awaitCommit(since version: CommitVersion, patience: Duration) async throws(StoreError) -> Bool {
        try await self.base.awaitCommit(since: version, patience: patience)
    }

    func close() async { await self.base.close() }
}

extension Store {
    /// The answers to repeated requests that a scope sees.
    package func idempotency(for scope: StoreScope) -> SQLIdempotencyStore {
        SQLIdempotencyStore(self.database.scoped(to: scope))
    }
}
