/// The bounds of a ``CurlServiceClient``.
package struct CurlServiceClientSettings: Sendable {
    /// Transfers that run at once; more wait their turn, with their deadlines running.
    package var transfersMax: Int = 64
    /// Calls that may wait for a transfer slot; one more is refused at once as `.unreachable`.
    package var waitingMax: Int = 1024
    /// Covers name lookup, TCP and TLS; never longer than the call's own deadline.
    package var connectTimeout: Duration = .seconds(10)
    /// A pooled connection idle for longer is not used again.
    ///
    /// Kept below the keep-alive time of the services called (Cloudflare and Google: minutes, a local server: often 60 s).
    package var idleMax: Duration = .seconds(50)
    /// A connection older than this is not used again.
    package var connectionAgeMax: Duration = .seconds(600)
    /// PEM file of the certificate authorities to trust instead of the system's.
    package var certificateAuthorities: String?

    package init() {}
}
