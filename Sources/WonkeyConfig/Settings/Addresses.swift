package import WonkeyCore

/// Where a stream socket listens or connects to.
package enum Endpoint: Hashable, Sendable {
    /// A host name or an IP address (IPv6 without brackets) and a port, 1–65535; a listener's port may be 0.
    case tcp(host: String, port: Int)
    /// A Unix socket's path.
    case unix(path: String)
}

extension Endpoint: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): "unix:\(path)"
        }
    }
}

extension Endpoint {
    /// Reads a place to listen at, as a file has it; `nil` if it is none.
    package init?(listenAddress text: String) {
        let node = YAMLNode(content: .scalar(text: text, isPlain: true), position: .init(line: 1, column: 1))
        guard let endpoint = Kind<Endpoint>.listenAddress.read(node, "", .describing()) else { return nil }
        self = endpoint
    }
}

extension Configuration {
    /// A socket that accepts clients (`listeners[]`).
    package struct Listener: Hashable, Sendable {
        /// An IP address with its port (`0.0.0.0:8080`, `[::1]:8080`), or `unix:/path`.
        package var address: Endpoint
        /// Absent: clients speak plain HTTP.
        package var tls: TLS?
        /// Balancers whose word on the client comes first on each connection (PROXY protocol); absent: clients
        /// connect themselves.
        ///
        /// Empty only on a Unix socket.
        package var proxyProtocolSources: [AddressRange]?
        /// The name of a socket that whoever starts the process passes (`FileDescriptorName=` of systemd).
        ///
        /// Absent: one that is passed with this address, if there is one.
        package var socketName: String?
        /// Whether clients may speak HTTP/2: chosen by ALPN under TLS, by prior knowledge without.
        package var http2 = true

        package init(address: Endpoint) {
            self.address = address
        }
    }

    /// The private listener (`operations`).
    package struct Operations: Hashable, Sendable {
        package var address: Endpoint

        package init(address: Endpoint) {
            self.address = address
        }
    }

    /// Where keys, usage and logs are kept (`store.url`).
    package enum StoreLocation: Hashable, Sendable {
        /// The database file's path (`sqlite:data/wonkey.db`).
        case sqlite(path: String)
        case postgres(Postgres)
    }

    /// A PostgreSQL database, and how much of it we take.
    package struct Postgres: Hashable, Sendable {
        /// `postgres://user:password@host:port/database?sslmode=verify-full`, as libpq takes it.
        package var url: Secret
        /// Connections open at most, per process; 1 to 200.
        package var connections = 8
        /// 100 ms to 1 min.
        package var connectTimeout: Duration = .seconds(5)
        /// For one statement, waiting for locks included; 100 ms to 10 min.
        package var statementTimeout: Duration = .seconds(10)

        package init(url: Secret) {
            self.url = url
        }
    }
}

extension Configuration.Listener {
    static func read(_ section: inout Section) -> Self {
        var listener = Self(
            address: section.required("address", .listenAddress, "IP address and port, or unix:/path, to listen on.")
        )
        listener.tls = section.optional(
            "tls",
            .section(TLS.read),
            "Certificates, where clients speak HTTPS; by default plain HTTP."
        )
        listener.readProxyProtocol(&section)
        listener.socketName = section.optional(
            "socket",
            .text(Pattern("^[ -9;-~]{1,255}$", "the FileDescriptorName of a socket unit")),
            "The name of the socket that systemd passes for this listener; by default the one with its address."
        )
        section.read(
            "http2",
            into: &listener.http2,
            .boolean,
            "Whether clients may speak HTTP/2: by ALPN under TLS, by prior knowledge (h2c) without."
        )
        return listener
    }
}

extension Configuration.Listener {
    private enum ProxyProtocol: String, CaseIterable {
        case off, required
    }

    private mutating func readProxyProtocol(_ section: inout Section) {
        var mode = ProxyProtocol.off
        section.read(
            "proxy_protocol",
            into: &mode,
            .choice(.off),
            "Whether balancers say whose connection it is, before TLS (PROXY protocol 1 or 2): required, or off."
        )
        let sources = section.optional(
            "proxy_protocol_from",
            .values(of: .addressRange, count: 1...1_000),
            "Address ranges of these balancers; connections from elsewhere are closed."
        )
        switch mode {
        case .off:
            if section.has("proxy_protocol_from") {
                section.fault("needs proxy_protocol: required", at: "proxy_protocol_from")
            }
        case .required:
            if case .tcp = self.address, sources == nil, !section.has("proxy_protocol_from") {
                section.fault("needs 'proxy_protocol_from', or anybody could claim any address", at: "proxy_protocol")
            }
            self.proxyProtocolSources = sources ?? []
        }
    }
}

extension Configuration.Operations {
    static func read(_ section: inout Section) -> Self {
        Self(
            address: section.required(
                "address",
                .listenAddress,
                "IP address and port, or unix:/path, for health, readiness and metrics; never public."
            )
        )
    }
}

extension Configuration.StoreLocation {
    static func read(_ section: inout Section) -> Self {
        let location = section.required(
            "url",
            .storeURL,
            "Where keys, usage and logs are kept: sqlite: and a file, or postgres://user:password@host/database."
        )
        var postgres = Configuration.Postgres(url: Secret(""))
        section.read(
            "connections",
            into: &postgres.connections,
            .integer(1...200),
            "PostgreSQL: connections open at most, per process."
        )
        section.read(
            "connect_timeout",
            into: &postgres.connectTimeout,
            .duration(.milliseconds(100)...(.seconds(60))),
            "PostgreSQL: longest wait for a connection; 100ms to 1m."
        )
        section.read(
            "statement_timeout",
            into: &postgres.statementTimeout,
            .duration(.milliseconds(100)...(.seconds(600))),
            "PostgreSQL: longest run of one statement, waiting for locks included; 100ms to 10m."
        )
        guard case .postgres(let place) = location else { return location }
        postgres.url = place.url
        return .postgres(postgres)
    }
}
