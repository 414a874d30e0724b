package import WonkeyCore

extension Configuration {
    /// How connections and messages are handled (`server`).
    package struct Server: Hashable, Sendable {
        package struct Timeouts: Hashable, Sendable {
            /// From a connection's beginning to the end of its TLS handshake.
            package var handshake: Duration = .seconds(10)
            /// From a connection's first byte, or a request's, to the end of its head.
            package var head: Duration = .seconds(10)
            /// Without a byte while a body is awaited.
            package var body: Duration = .seconds(30)
            /// Between two requests on a connection.
            package var keepAlive: Duration = .seconds(75)
            /// Without progress while answer bytes wait for the client.
            package var write: Duration = .seconds(60)
            /// From the last answer of a connection until its client has closed it, too.
            package var linger: Duration = .seconds(5)
            /// Until a client that vanished without a word is noticed.
            package var deadPeer: Duration = .seconds(120)

            package init() {}
        }

        /// Bytes per second, at least; absent: any.
        package struct Rates: Hashable, Sendable {
            /// Of a request's body, on average over ``Timeouts/body``.
            package var body: Int? = 100
            /// Of an answer that waits for its client, on average over ``Timeouts/write``.
            package var answer: Int? = 100

            package init() {}
        }

        package struct Drain: Hashable, Sendable {
            /// From readiness going off to the listeners closing; zero where nothing watches readiness.
            package var delay: Duration = .zero
            /// For running requests to end after that; then connections are closed.
            package var timeout: Duration = .seconds(20)
            /// How long an idle connection may still bring a request, which is then its last; within `timeout`.
            package var idle: Duration = .seconds(1)

            package init() {}
        }

        /// What a client may do on one HTTP/2 connection; rates are per 30 s.
        package struct HTTP2: Hashable, Sendable {
            /// Requests at the same time.
            package var streams = 100
            /// Body bytes sent ahead on one stream.
            package var window = 64 << 10
            /// Requests taken back.
            package var resets = 200
            /// SETTINGS, PING and PRIORITY frames.
            package var controlFrames = 1_000
            /// Malformed requests.
            package var errors = 100
            /// CONTINUATION frames of one header section.
            package var continuations = 8

            package init() {}
        }

        /// What becomes of a path with `.` or `..` segments, `//`, `;`, `%2f`, `%00` or the like.
        package enum PathPolicy: String, Hashable, Sendable, CaseIterable {
            /// 400.
            case reject
            /// Forwarded byte for byte; routes match a normalised copy.
            case pass
        }

        /// What it means when a client closes its sending side behind a request.
        package enum HalfClose: String, Hashable, Sendable, CaseIterable {
            /// The client is gone, and so is its request.
            case cancel
            /// The client still reads: it gets its answer.
            case answer
        }

        package enum RequestID: String, Hashable, Sendable, CaseIterable {
            /// Always a new one.
            case generate
            /// The client's `X-Request-Id` if it is well-formed, otherwise a new one.
            case accept
        }

        /// Bytes of a request's head, at most; more is answered 431.
        package var headerSize = 32 << 10
        /// Fields of a request's head, at most; more is answered 431.
        package var headerCount = 100
        /// Bytes of a request's body, at most, where a route says nothing; more is answered 413; `nil` is unlimited.
        package var bodyLimit: Int? = 64 << 20
        package var timeouts: Timeouts = .init()
        /// Client connections at a time, at most.
        package var connections = 10_000
        /// Requests under way at a time, divided among the event loops; more are answered 503.
        package var requests = 10_000
        /// Those of one client address, or IPv6 network of 64 bits; `nil`: any number.
        package var connectionsPerAddress: Int? = 1_000
        package var rates: Rates = .init()
        /// Bytes of chunk extensions in one body, at most; more is answered 400.
        package var chunkExtensions = 1 << 10
        /// The field that tells upstreams of the client's certificate; absent: none.
        package var clientCertificateField: String?
        /// Proxies in front of this one, whose `Forwarded` and `X-Forwarded-*` are believed; empty: none.
        package var trustedProxies: [AddressRange] = []
        package var pathPolicy: PathPolicy = .reject
        package var halfClose: HalfClose = .cancel
        package var drain: Drain = .init()
        package var requestID: RequestID = .generate
        /// Whether several processes may listen on the same TCP addresses.
        package var reusesPort = false
        package var http2: HTTP2 = .init()
        /// Event loops, 1 to 1024; `nil` (`auto`) is one per processor.
        package var loops: Int?

        package init() {}
    }
}
