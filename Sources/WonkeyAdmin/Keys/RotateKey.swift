package import WonkeyCore

/// Replaces a key by a new one with the same name, permissions, limits and expiry.
///
/// The old one works for a while longer, so that its holder can change over.
package struct RotateKey: Sendable {
    /// The new key, and how long the old one lives.
    package struct Outcome: Sendable {
        package var issued: IssuedKey
        package var oldID: KeyID
        package var oldExpiresAt: Timestamp
    }

    /// How long the old key may live on at most.
    package static let overlapMax = Duration.seconds(90 * 86_400)

    package var id: String
    /// 0 ends the old key at once.
    package var overlap: Duration

    package init(id: String, overlap: Duration) {
        self.id = id
        self.overlap = overlap
    }

    /// Rotates it.
    ///
    /// - Parameters:
    ///   - context: Where.
    ///   - generator: Makes the id and the key: the system's CSPRNG in production.
    /// - Returns: The new key and its text.
    /// - Throws: ``OperationError``; `.conflict` if the key is not in use. Nothing was changed.
    package func run(
        in context: AdministrationContext,
        using generator: inout some RandomNumberGenerator
    ) async throws(OperationError) -> Outcome {
        guard self.overlap >= .zero, self.overlap <= Self.overlapMax else {
            throw .invalid("an overlap is from 0s to \(Self.overlapMax.text)", field: "overlap")
        }
        let now = context.clock.now
        let old = try await context.key(self.id)
        try Self.check(old, at: now)
        let text = context.keyFormat.generate(environment: old.environment, using: &generator)
        var successor = old
        successor.id = .random(prefix: "key", using: &generator)
        successor.start = text.start
        successor.createdAt = now
        successor.lastUsedAt = nil
        successor.version = 1
        let ends = min(old.expiresAt ?? now + self.overlap, now + self.overlap)
        do {
            try await context.store.rotateKey(
                old.id,
                to: successor,
                hash: text.hash,
                oldExpiresAt: ends,
                by: context.actor
            )
        } catch {
            throw OperationError(error)
        }
        return Outcome(issued: IssuedKey(key: successor, text: text), oldID: old.id, oldExpiresAt: ends)
    }

    private static func check(_ key: Key, at now: Timestamp) throws(OperationError) {
        if key.state != .active {
            let message =
                "the key \(key.id) is \(key.state.rawValue); only a key in use can be rotated, create a new one"
            throw OperationError(code: .conflict, message: message)
        }
        if let expiresAt = key.expiresAt, expiresAt <= now {
            let message = "the key \(key.id) expired at \(expiresAt.rfc3339); create a new one"
            throw OperationError(code: .conflict, message: message)
        }
    }
}
