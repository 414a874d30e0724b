/// What can be read of a JSON Web Token before anything is verified, to choose the key by.
struct TokenHead: Equatable {
    /// The signatures that are accepted at all; `none` is not among them.
    enum Algorithm: String, CaseIterable {
        case hs256 = "HS256"
        case rs256 = "RS256"
        case es256 = "ES256"
    }

    /// Longer tokens are not read.
    static let sizeMax = 8_192

    let algorithm: Algorithm
    let keyID: String?
    /// As the token claims.
    let issuer: String?

    /// Reads the head of a compact token, or gives `nil` if it is none, or wants what we do not know (`crit`).
    init?(_ token: String) {
        guard token.utf8.count <= Self.sizeMax else { return nil }
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[2].isEmpty, let header = Self.object(parts[0]),
            let payload = Self.object(parts[1]),
            header["crit"] == nil, case .string(let name) = header["alg"], let algorithm = Algorithm(rawValue: name)
        else { return nil }
        self.algorithm = algorithm
        self.keyID = header.text(ifPresent: "kid")
        self.issuer = payload.text(ifPresent: "iss")
    }

    private static func object(_ part: Substring) -> JSONObject? {
        guard let bytes = Base64URL.decode(String(part)), case .object(let members) = try? JSONValue(parsing: bytes)
        else { return nil }
        return JSONObject(members)
    }
}
