package import WonkeyCore

/// How the management service listens and what it bears.
package struct ServingSettings: Sendable {
    package enum Address: Sendable, Equatable {
        case tcp(host: String, port: Int)
        case unix(path: String)
    }

    package var address: Address
    /// Bytes of a request's body, at most.
    package var bodyMax = 64 << 10
    /// For a request's body to arrive whole.
    package var bodyTimeout: Duration = .seconds(10)
    /// For a request that has arrived to be carried out; then it is broken off and answered 503.
    package var requestTimeout: Duration = .seconds(30)
    /// Without a byte on a connection; then it is closed.
    package var idleTimeout: Duration = .seconds(60)
    /// Connections at a time; more wait to be accepted.
    package var connectionsMax = 512
    package var crossOrigin = CrossOriginPolicy(allowedOrigins: [])
    /// Whose `Forwarded` and `X-Forwarded-*` are believed.
    package var trustedProxies: [AddressRange] = []

    package init(address: Address) {
        self.address = address
    }
}
