package import WonkeyCore

/// What the server takes from clients, and how long it waits for them.
package struct ServerLimits: Hashable, Sendable {
    /// Method, target and version together; at least 8000 (RFC 9112 §3), above it 414.
    package var requestLineBytesMax = 16 * 1024
    /// All field lines together; above it 431.
    package var fieldSectionBytesMax = 32 * 1024
    /// Number of field lines; above it 431.
    package var fieldCountMax = 100
    /// The largest body, 413 above it; a handler may set its own per exchange.
    ///
    /// `nil` is unlimited.
    package var bodyBytesMax: Int64?
    /// How long a TLS handshake may take, from the connection to its end; the connection is closed after it.
    package var handshakeTimeout: Duration = .seconds(10)
    /// How long a head may take to arrive whole after its first byte; 408 after it.
    package var headTimeout: Duration = .seconds(10)
    /// The longest silence within a body that is being read; 408 after it.
    package var bodyIdleTimeout: Duration = .seconds(30)
    /// How long an idle connection stays open, before its first request and between requests.
    package var keepAliveTimeout: Duration = .seconds(75)
    /// The longest time without progress while answer bytes wait for the client; the connection is closed after it.
    package var writeIdleTimeout: Duration = .seconds(60)
    /// Open connections per server; above it new ones are closed at once.
    package var connectionsMax = 16_384
    /// Open connections of one client address, or IPv6 network of 64 bits; above it new ones are closed at once.
    ///
    /// `nil` is unlimited.
    package var connectionsPerAddressMax: Int?
    /// Addresses that stand for many clients, whose connections are not counted by address.
    package var uncountedAddresses: [AddressRange] = []
    /// Bytes per second of a body, at least, on average over ``bodyIdleTimeout``; 408 below it; 0 is any.
    package var bodyRateMin = 0
    /// Bytes per second of a waiting answer, at least, on average over ``writeIdleTimeout``; 0 is any.
    package var answerRateMin = 0
    /// Bytes of chunk extensions in one body; above it 400.
    ///
    /// They are ignored, so there is no reason to read many.
    package var chunkExtensionBytesMax = 1024
    /// How long a client that vanished without a word is believed to be there (TCP keep-alive); `nil` for good.
    package var deadPeerTimeout: Duration?
    /// Requests per connection, after which the answer says `close`; `nil` is unlimited.
    package var requestsPerConnectionMax: Int?
    /// How much of an unread body is read and dropped after an early answer to keep the connection (B10).
    package var drainBytesMax = 64 * 1024
    /// How long a half-closed connection is read so that the client gets the answer (F16).
    package var lingerTimeout: Duration = .seconds(5)
    /// Answer bytes waiting for a slow client above which the exchange is not writable.
    package var writeBufferBytesMax = 128 * 1024
    package var suspiciousPaths: SuspiciousPathPolicy = .reject
    package var halfClose: HalfClosePolicy = .cancel
    /// What holds for HTTP/2 besides.
    package var http2 = HTTP2Limits()

    package init() {}
}

/// What it means when a client closes its sending side while its request is being answered.
package enum HalfClosePolicy: Hashable, Sendable {
    /// The client is gone: the request is cancelled. A closed connection looks the same until something is written.
    case cancel
    /// The client still reads: the request is answered, then the connection closed.
    case answer
}
