import JWTKit
import WonkeyCore

/// The public keys of an outside issuer (JWKS, RFC 7517), fetched when needed and kept for a while.
///
/// Fetched again when they are older than ``lifetime``, and once for a key id that is not among them, but never more often
/// than every ``intervalMin``: tokens with made-up ids cause no flood. While the issuer is away the old keys stay good.
actor KeySetSource {
    static let lifetime = Duration.seconds(600)
    static let intervalMin = Duration.seconds(30)
    static let sizeMax = 256 << 10
    static let countMax = 64

    private let url: String
    private let client: any ServiceClient
    private let clock: any WallClock
    private var keys: [JWK] = []
    private var fetchedAt: Timestamp?
    private var triedAt: Timestamp?
    private var isFetching = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(url: String, client: any ServiceClient, clock: any WallClock) {
        self.url = url
        self.client = client
        self.clock = clock
    }

    /// The key of that id, or `nil` if the issuer has none.
    ///
    /// - Throws: ``AuthenticationError`` with code `.unavailable` if the keys were never there.
    func key(_ id: String) async throws(AuthenticationError) -> JWK? {
        if let key = self.known(id), !self.isOld { return key }
        await self.fetch()
        guard self.fetchedAt != nil else {
            throw AuthenticationError(code: .unavailable, message: "the issuer's keys cannot be had")
        }
        return self.known(id)
    }

    private func known(_ id: String) -> JWK? {
        self.keys.first { $0.keyIdentifier?.string == id }
    }

    private var isOld: Bool {
        guard let fetchedAt = self.fetchedAt else { return true }
        return self.clock.now - fetchedAt >= Self.lifetime
    }

    /// Fetches once, however many ask meanwhile.
    private func fetch() async {
        if self.isFetching {
            await withCheckedContinuation { self.waiting.append($0) }
            return
        }
        let now = self.clock.now
        if let triedAt = self.triedAt, now - triedAt < Self.intervalMin { return }
        self.triedAt = now
        self.isFetching = true
        if let keys = await self.download() {
            self.keys = keys
            self.fetchedAt = now
        }
        self.isFetching = false
        for continuation in self.waiting { continuation.resume() }
        self.waiting = []
    }

    private func download() async -> [JWK]? {
        let request = ServiceRequest(
            method: "GET",
            url: self.url,
            headers: [("accept", "application/json")],
            timeout: .seconds(5),
            responseSizeMax: Self.sizeMax
        )
        guard let response = try? await self.client.send(request), response.status == 200 else { return nil }
        return Self.keys(in: response.body)
    }

    /// The usable keys of a set: RSA for RS256 and P-256 for ES256, public parts only; `nil` for what is no set.
    static func keys(in body: [UInt8]) -> [JWK]? {
        guard case .object(let members) = try? JSONValue(parsing: body),
            let elements = JSONObject(members).objects(ifPresent: "keys")
        else { return nil }
        return elements.prefix(Self.countMax).compactMap(Self.key)
    }

    private static func key(_ members: JSONObject) -> JWK? {
        guard let id = members.text(ifPresent: "kid"), ["sig", nil].contains(members.text(ifPresent: "use")) else {
            return nil
        }
        let identifier = JWKIdentifier(string: id)
        switch (members.text(ifPresent: "kty"), members.text(ifPresent: "alg")) {
        case ("RSA", nil), ("RSA", "RS256"):
            guard let n = members.text(ifPresent: "n"), let e = members.text(ifPresent: "e") else { return nil }
            return .rsa(.rs256, identifier: identifier, modulus: n, exponent: e)
        case ("EC", nil), ("EC", "ES256"):
            guard members.text(ifPresent: "crv") == "P-256", let x = members.text(ifPresent: "x"),
                let y = members.text(ifPresent: "y")
            else { return nil }
            return .ecdsa(.es256, identifier: identifier, x: x, y: y, curve: .p256)
        default: return nil
        }
    }
}
