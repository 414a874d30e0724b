package import WonkeyCore

/// Who the client is, behind the hops that are trusted (X3, X4).
package struct ClientAddress: Hashable, Sendable {
    /// The first address from the right that is not trusted: for logs and limits.
    package var ip: String
    /// What trusted hops said before this one, oldest first, beginning with the client; empty without a trusted peer.
    package var chain: [String]
    /// The scheme the client used, if a trusted hop said so.
    package var scheme: String?
    /// The host the client asked for, if a trusted hop said so.
    package var host: String?

    package init(ip: String, chain: [String] = [], scheme: String? = nil, host: String? = nil) {
        self.ip = ip
        self.chain = chain
        self.scheme = scheme
        self.host = host
    }

    /// Reads `Forwarded`, or else `X-Forwarded-*`, as far as the peer is trusted.
    ///
    /// - Parameters:
    ///   - peer: The other end of the connection.
    ///   - fields: The request's fields.
    ///   - trusted: Blocks whose word is believed; empty believes nobody.
    /// - Returns: The client.
    package static func resolve(peer: PeerAddress, fields: FieldSection, trusted: [AddressRange]) -> Self {
        guard ClientAddress.isTrusted(peer.ip, trusted) else { return Self(ip: peer.ip) }
        let elements = ClientAddress.elements(fields)
        var chain: [String] = []
        var client = Self(ip: peer.ip)
        for element in elements.reversed() {
            let node = ClientAddress.address(element.node) ?? "unknown"
            chain.insert(node, at: 0)
            client.scheme = element.scheme ?? client.scheme
            client.host = element.host ?? client.host
            // An unknown node cannot be trusted, and is no address either: the last known hop stands for the client.
            if node == "unknown" { break }
            client.ip = node
            if !ClientAddress.isTrusted(node, trusted) { break }
        }
        client.chain = chain
        return client
    }

    private static func isTrusted(_ text: String, _ trusted: [AddressRange]) -> Bool {
        guard !trusted.isEmpty, let address = IPAddress(text) else { return false }
        return trusted.contains { $0.contains(address) }
    }

    private struct Element {
        var node = ""
        var scheme: String?
        var host: String?
    }

    private static func elements(_ fields: FieldSection) -> [Element] {
        if fields.contains(.forwarded) {
            return fields.values(.forwarded).flatMap { ClientAddress.list($0, separator: ",") }.map {
                ClientAddress.forwarded($0)
            }
        }
        let scheme = fields.values(.xForwardedProto).last.flatMap { ClientAddress.scheme($0) }
        let host = fields.values(.xForwardedHost).last.flatMap { ClientAddress.host($0) }
        let nodes = fields.values(.xForwardedFor).flatMap { ClientAddress.list($0, separator: ",") }
        return nodes.map { Element(node: $0, scheme: scheme, host: host) }
    }

    /// Reads `for=…;proto=…;host=…` (RFC 7239 §4).
    private static func forwarded(_ text: String) -> Element {
        var element = Element()
        for pair in ClientAddress.list(text, separator: ";") {
            let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
            guard parts.count == 2 else { continue }
            let value = ClientAddress.unquoted(parts[1])
            switch parts[0].lowercased() {
            case "for": element.node = value
            case "proto": element.scheme = ClientAddress.scheme(value)
            case "host": element.host = ClientAddress.host(value)
            default: break
            }
        }
        return element
    }

    private static func scheme(_ text: String) -> String? {
        let lower = text.lowercased()
        return lower == "http" || lower == "https" ? lower : nil
    }

    private static func host(_ text: String) -> String? {
        Authority.parse(text.utf8Span.span)
    }

    /// The address of `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]` or `[2001:db8::1]:80`.
    private static func address(_ node: String) -> String? {
        var text = Substring(node)
        if text.hasPrefix("[") {
            guard let end = text.firstIndex(of: "]") else { return nil }
            text = text[text.index(after: text.startIndex)..<end]
        } else if text.utf8.count(where: { $0 == .colon }) == 1, let colon = text.firstIndex(of: ":") {
            text = text[..<colon]
        }
        return IPAddress(text) == nil ? nil : String(text)
    }

    private static func unquoted(_ text: String) -> String {
        guard text.count >= 2, text.hasPrefix("\""), text.hasSuffix("\"") else { return text }
        return String(text.dropFirst().dropLast().filter { $0 != "\\" })
    }

    /// Splits outside quoted strings, without white space around the parts and without empty parts.
    private static func list(_ text: String, separator: Character) -> [String] {
        var parts: [String] = []
        var part = ""
        var isQuoted = false
        for character in text {
            if character == "\"" { isQuoted.toggle() }
            if character == separator, !isQuoted {
                parts.append(part)
                part = ""
            } else {
                part.append(character)
            }
        }
        parts.append(part)
        return parts.map { ClientAddress.trimmed($0) }.filter { !$0.isEmpty }
    }

    private static func trimmed(_ text: String) -> String {
        let start = text.drop { $0 == " " || $0 == "\t" }
        return String(start.reversed().drop { $0 == " " || $0 == "\t" }.reversed())
    }
}
