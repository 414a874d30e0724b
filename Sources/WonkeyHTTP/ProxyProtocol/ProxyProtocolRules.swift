package import WonkeyCore

/// Who may connect to a listener behind balancers that speak the PROXY protocol: they alone, and not without it.
package struct ProxyProtocolRules: Hashable, Sendable {
    /// Balancers whose word is believed; a connection from elsewhere is closed.
    package var sources: [AddressRange]

    package init(sources: [AddressRange]) {
        self.sources = sources
    }

    /// On a Unix socket everybody may connect that the file system lets.
    func admits(_ peer: PeerAddress) -> Bool {
        guard let address = IPAddress(peer.ip) else { return peer.ip == "unix" }
        return self.sources.contains { $0.contains(address) }
    }
}
