package import WonkeyCore

extension Configuration {
    /// A server requests are forwarded to (`upstreams`), over HTTP/1.1.
    package struct Upstream: Hashable, Sendable {
        package struct Timeouts: Hashable, Sendable {
            /// Until the connection stands.
            package var connect: Duration = .seconds(2)
            /// From the last byte of the request to the head of the response.
            package var response: Duration = .seconds(30)
            /// Without a byte while a response streams, and unused in the pool.
            package var idle: Duration = .seconds(60)

            package init() {}
        }

        /// A field set on every request, in place of what the client sent under that name.
        package struct Header: Hashable, Sendable {
            /// As written in the file; a valid token.
            package var name: String
            /// A valid field value; often a credential.
            package var value: Secret

            package init(name: String, value: Secret) {
                self.name = name
                self.value = value
            }
        }

        package var name: String
        package var endpoint: Endpoint
        package var timeouts: Timeouts = .init()
        /// Connections per event loop, at most.
        package var connections = 64
        /// Requests that wait for a connection per event loop, at most; more are answered 503.
        package var pending = 256
        /// Sends the client's `Host` on; otherwise the upstream's own address.
        package var preservesHost = true
        /// In the order of the file; names differ, compared without case.
        package var headers: [Header] = []

        package init(name: String, endpoint: Endpoint) {
            self.name = name
            self.endpoint = endpoint
        }

        /// The upstream's own `Host` value: `host` or `host:port`, `localhost` for a Unix socket.
        package var authority: String {
            switch self.endpoint {
            case .tcp(let host, 80): host.contains(":") ? "[\(host)]" : host
            case .tcp: self.endpoint.description
            case .unix: "localhost"
            }
        }
    }
}
