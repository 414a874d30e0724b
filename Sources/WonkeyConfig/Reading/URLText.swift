internal import WonkeyCore

/// The parts of a URL (RFC 3986), for the kinds of URL a configuration holds.
///
/// Faults never quote the URL or a part of it: there may be a password in it.
struct URLText: Equatable {
    /// In lower case.
    var scheme: String
    /// Percent-decoded.
    var user: String?
    /// Percent-decoded.
    var password: String?
    /// In lower case; an IPv6 address without its brackets; empty where the URL has none.
    var host: String
    var port: Int?
    /// As written: empty, or beginning with a slash.
    var path: String
    var query: String?

    /// Reads `scheme://[user[:password]@]host[:port][/path][?query]`.
    ///
    /// - Parameter text: The whole text.
    /// - Throws: ``Invalid``, whose message holds no part of the text.
    init(_ text: String) throws(Invalid) {
        guard text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
            throw Invalid(hidden: "a URL holds neither spaces nor characters outside ASCII; percent-encode them")
        }
        guard let separator = text.firstRange(of: "://") else {
            throw Invalid(hidden: "must be a URL with a scheme, such as http://127.0.0.1:3000")
        }
        self.scheme = text[..<separator.lowerBound].lowercased()
        guard !text.contains("#") else { throw Invalid(hidden: "must not have a fragment ('#'); percent-encode it") }
        let rest = text[separator.upperBound...]
        let authority = rest.prefix { $0 != "/" && $0 != "?" }
        let target = rest[authority.endIndex...]
        let path = target.prefix { $0 != "?" }
        self.path = String(path)
        self.query = path.endIndex == target.endIndex ? nil : String(target[path.endIndex...].dropFirst())
        let at = authority.lastIndex(of: "@")
        if let at {
            let parts = authority[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            self.user = parts[0].isEmpty ? nil : try Self.decoded(parts[0])
            self.password = parts.count == 2 ? try Self.decoded(parts[1]) : nil
        }
        let place = try HostPort(authority[(at.map(authority.index(after:)) ?? authority.startIndex)...])
        self.host = place.host
        self.port = place.port
    }

    private static func decoded(_ text: Substring) throws(Invalid) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = String(decoding: rest.prefix(2), as: UTF8.self)
            guard digits.utf8.count == 2, digits.allSatisfy(\.isHexDigit), let value = UInt8(digits, radix: 16) else {
                throw Invalid(hidden: "'%' in the user or password must begin a percent-encoded byte, such as %40")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw Invalid(hidden: "the user or password is not UTF-8 once decoded")
        }
        return decoded
    }
}

/// `host`, `host:port` or `[IPv6]:port`.
struct HostPort: Equatable {
    /// In lower case; an IPv6 address without its brackets, in canonical form; empty where there is none.
    var host: String
    var port: Int?

    /// Reads host and port; the host may be empty.
    ///
    /// - Parameter text: Without user and password.
    /// - Throws: ``Invalid``, whose message holds no part of the text.
    init(_ text: some StringProtocol) throws(Invalid) {
        let text = String(text)
        let rest: Substring
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]"),
                let address = IPAddress(text[text.index(after: text.startIndex)..<end])
            else { throw Invalid(hidden: "between '[' and ']' there must be an IPv6 address") }
            self.host = address.description
            rest = text[text.index(after: end)...]
        } else {
            let host = text.prefix { $0 != ":" }
            rest = text[host.endIndex...]
            guard rest.count(where: { $0 == ":" }) < 2 else {
                throw Invalid(hidden: "an IPv6 address must stand in brackets, as in [::1]:8080")
            }
            self.host = host.lowercased()
            guard self.host.isEmpty || Self.isHost(self.host) else {
                throw Invalid(hidden: "the host must be a name or an IP address in its usual form")
            }
        }
        guard !rest.isEmpty else { return }
        let digits = rest.dropFirst()
        guard rest.hasPrefix(":"), (1...5).contains(digits.utf8.count),
            digits.allSatisfy({ $0.isASCII && $0.isNumber }),
            let port = Int(digits), port <= 65_535
        else { throw Invalid(hidden: "the port must be a number up to 65535") }
        self.port = port
    }

    /// A DNS name or an IPv4 address; what merely looks like an address (`0x7f.1`, `127.1`) is neither.
    static func isHost(_ text: String) -> Bool {
        let labels = text.split(separator: ".", omittingEmptySubsequences: false)
        guard let last = labels.last, text.utf8.count <= 253 else { return false }
        if last.utf8.first.map({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) == true,
            last.allSatisfy({ $0.isNumber }) || last.hasPrefix("0x")
        {
            return IPAddress(text) != nil
        }
        return labels.allSatisfy { label in
            (1...63).contains(label.utf8.count) && label.first != "-" && label.last != "-"
                && label.utf8.allSatisfy { byte in
                    switch byte {
                    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                        UInt8(ascii: "-"), UInt8(ascii: "_"):
                        true
                    default: false
                    }
                }
        }
    }
}
