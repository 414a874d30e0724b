/// What a client would rather speak than HTTP (RFC 9110 §7.8).
package enum UpgradeOffer {
    /// The first protocol of `Upgrade` that is allowed, as the client wrote it.
    ///
    /// Only a request without a body on an HTTP/1.1 connection that names the field in `Connection` offers anything (F20).
    ///
    /// - Parameters:
    ///   - head: The client's.
    ///   - allowed: Names of protocols in lower case, without versions.
    /// - Returns: `nil` if the request is to be an ordinary one.
    package static func chosen(from head: RequestHead, allowed: [String]) -> String? {
        guard head.version == .http11, head.framing == .none, head.fields.contains(.upgrade) else { return nil }
        guard self.isNominated(head.fields) else { return nil }
        var chosen: String?
        for entry in head.fields.entries where entry.known == KnownField.upgrade.rawValue {
            head.fields.withBytes(of: entry) { value in
                value.forEachListElement { element in
                    if chosen == nil, allowed.contains(Self.name(element.lowercasedText)) { chosen = element.text }
                }
            }
        }
        return chosen
    }

    /// Whether an upstream agreed to what it was asked for.
    ///
    /// - Parameters:
    ///   - head: A 101.
    ///   - offer: What was asked for.
    /// - Returns: Whether its `Upgrade` names the same protocol.
    static func isAccepted(by head: ResponseHead, _ offer: String) -> Bool {
        guard let answer = head.fields.first(.upgrade) else { return false }
        return Self.name(answer.lowercased()) == Self.name(offer.lowercased())
    }

    private static func name(_ text: String) -> String { String(text.prefix { $0 != "/" }) }

    private static func isNominated(_ fields: FieldSection) -> Bool {
        HopByHop.nominated(by: fields).known & KnownField.upgrade.bit != 0
    }
}
