package import WonkeyCore

extension Configuration {
    /// A server requests are forwarded to (`upstreams`).
    package struct Upstream: Hashable, Sendable {
        package struct Timeouts: Hashable, Sendable {
            /// Until the connection stands, TLS handshake included.
            package var connect: Duration = .seconds(2)
            /// From the last byte of the request to the head of the response.
            package var response: Duration = .seconds(30)
            /// Without a byte while a response streams, and unused in the pool.
            package var idle: Duration = .seconds(60)

            package init() {}
        }

        /// What a server is spoken to with.
        package enum Version: String, Hashable, Sendable, CaseIterable {
            /// HTTP/2 if TLS is spoken and the server chooses it, otherwise HTTP/1.1.
            case auto
            case http1
            /// HTTP/2 over TLS.
            case h2
            /// HTTP/2 without TLS, by prior knowledge.
            case h2c
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
        /// At least one; no two in one place.
        package var targets: [Target]
        /// Whether the targets are watched and requests spread over them; otherwise there is one target.
        package var isBalanced = false
        package var balancing = BalancingSettings()
        package var resolve: Resolve = .connect
        /// How often names are resolved again, at least.
        package var resolveEvery: Duration = .seconds(30)
        /// Absent: plain HTTP.
        package var tls: TLS?
        /// `h2` only with TLS, `h2c` only without.
        package var version = Version.auto
        package var timeouts: Timeouts = .init()
        /// Connections to a target per event loop, at most.
        package var connections = 64
        /// Requests that wait for a connection to a target per event loop, at most; more are answered 503.
        package var pending = 256
        /// Sends the client's `Host` on; otherwise the upstream's own address, or `host`.
        package var preservesHost = true
        /// Sent as `Host` instead of either; absent: none.
        package var host: String?
        /// In the order of the file; names differ, compared without case.
        package var headers: [Header] = []

        package init(name: String, endpoint: Endpoint) {
            self.name = name
            self.targets = [Target(endpoint: endpoint)]
        }

        /// A target's own `Host` value: `host` or `host:port`, `localhost` for a Unix socket.
        package func authority(of target: Target) -> String {
            switch target.endpoint {
            case .tcp(let host, self.tls == nil ? 80 : 443): host.contains(":") ? "[\(host)]" : host
            case .tcp: target.endpoint.description
            case .unix: "localhost"
            }
        }
    }
}

extension Configuration.Upstream {
    static func read(_ name: String, _ section: inout Section) -> Self {
        let (targets, usesTLS) = Self.readTargets(&section)
        var upstream = Self(name: name, targets: targets)
        upstream.tls = section.optional("tls", .section(TLS.read), "How an https:// server is spoken to.")
        if usesTLS {
            upstream.tls = upstream.tls ?? TLS()
        } else if section.has("tls") {
            section.fault("is for servers with https:// in their 'url'", at: "tls")
        }
        section.read(
            "protocol",
            into: &upstream.version,
            .choice(.auto),
            "auto: HTTP/2 over TLS if the server chooses it, otherwise HTTP/1.1; http1; h2: over TLS; h2c: without."
        )
        switch upstream.version {
        case .auto, .http1: break
        case .h2 where !usesTLS:
            section.fault("h2 is for servers with https:// in their 'url'; write h2c for http://", at: "protocol")
        case .h2c where usesTLS:
            section.fault("h2c is for servers with http:// in their 'url'; write h2 for https://", at: "protocol")
        case .h2, .h2c: break
        }
        Self.readBalancing(&section, into: &upstream)
        section.read("timeouts", into: &upstream.timeouts, .section(Timeouts.read), "How long the server may take.")
        section.read(
            "connections",
            into: &upstream.connections,
            .integer(1...100_000),
            "Connections to a target per event loop, at most."
        )
        section.read(
            "pending",
            into: &upstream.pending,
            .integer(0...1_000_000),
            "Requests that wait for a connection to a target per event loop, at most; more are answered 503."
        )
        section.read(
            "preserve_host",
            into: &upstream.preservesHost,
            .boolean,
            "Sends the client's Host on, instead of the server's own name."
        )
        upstream.host = section.optional(
            "host",
            .hostField,
            "Sent as Host, instead of the client's or the server's own."
        )
        if upstream.host != nil {
            if section.has("preserve_host"), upstream.preservesHost {
                section.fault("takes only one of 'host' and 'preserve_host: true'", at: "host")
            }
            upstream.preservesHost = false
        }
        section.read(
            "headers",
            into: &upstream.headers,
            .headers,
            "Fields set on every request, such as the server's own credentials; they replace the client's."
        )
        return upstream
    }
}

extension Configuration.Upstream.Timeouts {
    static func read(_ section: inout Section) -> Self {
        var timeouts = Self()
        let range = Duration.milliseconds(1)...(.seconds(86_400))
        section.read("connect", into: &timeouts.connect, .duration(range), "Until the connection stands, TLS included.")
        section.read(
            "response",
            into: &timeouts.response,
            .duration(range),
            "From the end of the request to the head of the response."
        )
        section.read(
            "idle",
            into: &timeouts.idle,
            .duration(range),
            "Without a byte while a response streams, and unused in the pool."
        )
        return timeouts
    }
}

extension Kind where Value == [Configuration.Upstream.Header] {
    private static let name = Pattern("^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$", "a field name, as X-Api-Key")
    /// Fields the proxy makes itself, because messages would fall apart otherwise.
    private static let reserved: Set<String> = [
        "connection", "content-length", "expect", "host", "keep-alive", "proxy-connection", "te", "trailer",
        "transfer-encoding", "upgrade",
    ]

    /// A mapping of field names to secret values.
    static var headers: Kind {
        let value = Kind<Secret>.secret { (text) throws(Invalid) in
            let isClean = text.utf8.allSatisfy { ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 }
            guard isClean, text.first != " ", text.last != " ", text.first != "\t", text.last != "\t" else {
                throw Invalid(hidden: "must hold no line breaks or control characters, and no space at its ends")
            }
        }
        return .pairs(names: .object([("pattern", .string(Self.name.source))]), of: value) { name, reading in
            if !Self.name.matches(name, in: reading) { return "\(quotedKey(name)) must be \(Self.name.meaning)" }
            return Self.reserved.contains(name.lowercased()) ? "the field \(quotedKey(name)) cannot be set" : nil
        } _: {
            .init(name: $0, value: $1)
        }
    }
}
