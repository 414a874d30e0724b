import Crypto
package import WonkeyCore

/// The keys that access tokens are signed and verified with: kept in the store, known here for a minute.
///
/// Any number of processes share a store. Each makes the next key when the newest is too old; the old ones verify for as long
/// as tokens signed with them live, the minute included in which another process may still sign with them.
package actor SigningKeyRing {
    /// How long the keys of the store are taken as read.
    static let cacheLifetime = Duration.seconds(60)
    /// How often unknown key ids may make us read them again.
    static let rereadInterval = Duration.seconds(1)

    private let store: any AccountStore
    private let settings: TokenSettings
    private let clock: any WallClock
    private let configured: SigningKey?
    private var keys: [SigningKey] = []
    private var readAt: Timestamp?

    /// Makes an empty ring; the store is read when a key is needed.
    ///
    /// - Parameters:
    ///   - store: Bound to the scope `.accounts` or `.operator`.
    ///   - settings: With the configured secret, if there is one.
    ///   - clock: Tells ages.
    package init(store: any AccountStore, settings: TokenSettings, clock: any WallClock) {
        self.store = store
        self.settings = settings
        self.clock = clock
        self.configured = settings.secret.map(Self.key)
    }

    /// Whether the configuration has the secret, so that the store's keys only verify.
    package nonisolated var isConfigured: Bool { self.configured != nil }

    /// The key that signs now; made if there is none young enough.
    func signer() async throws(StoreError) -> SigningKey {
        if let configured { return configured }
        try await self.read(ifOlderThan: Self.cacheLifetime)
        if let signer = self.youngSigner { return signer }
        try await self.rotate(by: Actor(name: "service", source: "wonkey-admin"))
        guard let signer = self.youngSigner else {
            throw StoreError(code: .unavailable, message: "another process makes signing keys; try again")
        }
        return signer
    }

    /// The key of that id, if it is good for verifying now.
    func verifier(_ id: String) async throws(StoreError) -> SigningKey? {
        if let configured, configured.id == id { return configured }
        do {
            try await self.read(ifOlderThan: Self.cacheLifetime)
            if !self.keys.contains(where: { $0.id == id }) { try await self.read(ifOlderThan: Self.rereadInterval) }
        } catch {
            // What is known already is as good as before; what is not may be there, and nobody can tell.
            guard self.keys.contains(where: { $0.id == id }) else { throw error }
        }
        let now = self.clock.now
        return self.keys.first { $0.id == id && ($0.retiresAt.map { now < $0 } ?? true) }
    }

    /// Makes the next key and lets the others retire when the last token signed with them has expired.
    func rotate(by actor: Actor) async throws(StoreError) {
        try await self.read(ifOlderThan: .zero)
        var generator = SystemRandomNumberGenerator()
        let now = self.clock.now
        let key = SigningKey(
            id: Identifier<SigningKey>.random(prefix: "sig", using: &generator).rawValue,
            secret: (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) },
            createdAt: now
        )
        _ = try await self.store.addSigningKey(
            key,
            retiringOthersAt: now + self.settings.accessLifetime + Self.cacheLifetime,
            ifNewestIs: self.keys.first?.id,
            by: actor
        )
        try await self.read(ifOlderThan: .zero)
    }

    /// The key of that id, retired or not, as long as it is kept.
    fileprivate func keptKey(_ id: String) async throws(StoreError) -> SigningKey? {
        if let configured, configured.id == id { return configured }
        try await self.read(ifOlderThan: Self.cacheLifetime)
        if let key = self.keys.first(where: { $0.id == id }) { return key }
        try await self.read(ifOlderThan: Self.rereadInterval)
        return self.keys.first { $0.id == id }
    }

    private var youngSigner: SigningKey? {
        guard let newest = self.keys.first, newest.retiresAt == nil,
            self.clock.now - newest.createdAt < self.settings.rotationAge
        else { return nil }
        return newest
    }

    private func read(ifOlderThan age: Duration) async throws(StoreError) {
        let now = self.clock.now
        if let readAt = self.readAt, now - readAt < age { return }
        self.keys = try await self.store.signingKeys()
        self.readAt = now
    }

    /// The configured secret as a key; its id tells secrets apart and gives none away.
    private static func key(of secret: Secret) -> SigningKey {
        let bytes = Array(secret.revealed.utf8)
        let digest = SHA256.hash(data: Array("wonkey signing key ".utf8) + bytes)
        let id = digest.prefix(8).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        return SigningKey(id: "cfg_" + id, secret: bytes, createdAt: Timestamp(millisecondsSinceEpoch: 0))
    }
}

/// Answers are sealed with the keys that sign tokens: secret, there in every installation, and kept a day beyond their time.
extension SigningKeyRing: SealingKeys {
    package func sealingKey() async throws(StoreError) -> SigningKey { try await self.signer() }

    package func sealingKey(id: String) async throws(StoreError) -> SigningKey? { try await self.keptKey(id) }
}
