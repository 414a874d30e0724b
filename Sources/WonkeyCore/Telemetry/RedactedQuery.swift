/// The query of a URL as it may be logged: the values of credentials replaced, the names kept.
package enum RedactedQuery {
    package static let bytesMax = 2_048

    /// Names, in lower case and without `-` and `_`, whose values are credentials wherever they appear.
    private static let secrets: Set<String> = [
        "key", "apikey", "xapikey", "accesskey", "secretkey", "authorization", "auth", "accesstoken", "token",
        "idtoken",
        "refreshtoken", "code", "secret", "clientsecret", "password", "passwd", "pwd", "pass", "sig", "signature",
        "xamzsignature", "xamzsecuritytoken", "xamzcredential", "xgoogsignature", "xgoogcredential", "awsaccesskeyid",
        "session", "sessionid", "sid", "jwt", "assertion", "credential", "credentials", "otp", "privatekey",
    ]

    /// Replaces values.
    ///
    /// - Parameters:
    ///   - query: What follows `?`, as sent.
    ///   - keys: What keys look like here; one is replaced whatever its name.
    /// - Returns: At most ``bytesMax`` bytes.
    package static func text(_ query: String, keys: KeyFormat) -> String {
        var parts: [String] = []
        var count = 0
        for part in query.split(separator: "&", omittingEmptySubsequences: false) {
            let shown = Self.shown(part, keys)
            count += shown.utf8.count + 1
            guard count <= Self.bytesMax else {
                parts.append("…")
                break
            }
            parts.append(shown)
        }
        return parts.joined(separator: "&")
    }

    private static func shown(_ part: Substring, _ keys: KeyFormat) -> String {
        guard let equals = part.firstIndex(of: "=") else {
            return Self.holdsKey(part, keys) ? "REDACTED" : String(part)
        }
        let (name, value) = (part[..<equals], part[part.index(after: equals)...])
        guard !Self.holdsKey(name, keys) else { return "REDACTED=REDACTED" }
        guard !value.isEmpty, Self.isSecret(name) || Self.holdsKey(value, keys) else { return String(part) }
        return "\(name)=REDACTED"
    }

    /// An encoded name is read as what it stands for.
    private static func isSecret(_ name: Substring) -> Bool {
        let plain = Self.decoded(name).lowercased().filter { $0 != "-" && $0 != "_" && $0 != "." }
        // Such as `filter[token]`.
        return Self.secrets.contains(plain)
            || plain.split(whereSeparator: { "[]".contains($0) }).contains { Self.secrets.contains(String($0)) }
    }

    private static func holdsKey(_ text: Substring, _ keys: KeyFormat) -> Bool {
        KeyEnvironment.allCases.contains { Self.decoded(text).contains("\(keys.prefix)_\($0.rawValue)_") }
    }

    private static func decoded(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let decoded = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(decoded)
                rest.removeFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// A URL of a `Referer` as it may be logged: without user and password, its query redacted.
package enum RedactedURL {
    /// Replaces what may be secret.
    ///
    /// - Parameters:
    ///   - url: As sent; need not be one.
    ///   - keys: See ``RedactedQuery/text(_:keys:)``.
    /// - Returns: At most 2 kB and a little.
    package static func text(_ url: String, keys: KeyFormat) -> String {
        let withoutFragment = url.prefix { $0 != "#" }
        let parts = withoutFragment.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        var place = String(parts.first ?? "")
        if let colon = place.firstIndex(of: ":"), place[colon...].hasPrefix("://") {
            let rest = place[colon...].dropFirst(3)
            if let at = rest.prefix(while: { $0 != "/" }).lastIndex(of: "@") {
                place = place[..<colon] + "://REDACTED" + rest[at...]
            }
        }
        place = String(place.prefix(1_024))
        guard parts.count == 2 else { return place }
        return place + "?" + RedactedQuery.text(String(parts[1]), keys: keys)
    }
}
