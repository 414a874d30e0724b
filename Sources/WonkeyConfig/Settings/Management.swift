package import WonkeyCore

extension Configuration {
    /// The management service, `wonkey-admin serve` (`management`).
    package struct Management: Hashable, Sendable {
        package struct Timeouts: Hashable, Sendable {
            /// For a request's body to arrive whole.
            package var body: Duration = .seconds(10)
            /// Without a byte, between requests or within one; then the connection is closed.
            package var idle: Duration = .seconds(60)
            /// For a request that has arrived to be carried out; then it is broken off and answered 503.
            package var request: Duration = .seconds(30)

            package init() {}
        }

        /// Which pages of other origins may use the service from a browser (`cors`).
        package struct CrossOrigin: Hashable, Sendable {
            /// Origins such as `https://app.example.com`, or `*` alone for all; empty: none.
            package var allowedOrigins: [String] = []

            package init() {}
        }

        /// An IP address with its port, or `unix:/path`.
        package var address: Endpoint = .tcp(host: "127.0.0.1", port: 8081)
        /// The service's private listener for health, readiness and metrics; absent: none.
        package var operations: Operations?
        /// Signs access tokens: at least 32 bytes, or empty for a secret that is made once and kept in the store.
        package var tokenSecret = Secret("")
        /// How often one may sign up and in.
        package var signIn: SignIn = .init()
        /// The Supabase project whose tokens are accepted, too; absent: none.
        package var supabase: Supabase?
        package var crossOrigin: CrossOrigin = .init()
        /// Proxies in front, whose `Forwarded` and `X-Forwarded-*` are believed; empty: none.
        package var trustedProxies: [AddressRange] = []
        /// Bytes of a request's body, at most; more is answered 413.
        package var bodyLimit = 64 << 10
        package var timeouts: Timeouts = .init()
        /// Client connections at a time, at most; more wait.
        package var connections = 512
        /// For running requests to end after SIGTERM; then connections are closed.
        package var drain: Duration = .seconds(20)

        package init() {}
    }
}

extension Configuration.Management {
    /// Reads the section, and says where the service is to listen.
    static func read(_ section: inout Section, listeningAt addresses: inout [Located<Endpoint>]) -> Self {
        var management = Self()
        defer {
            addresses = [Located(value: management.address, position: section.position(of: "address"))]
            if let operations = management.operations {
                addresses.append(Located(value: operations.address, position: section.position(of: "operations")))
            }
        }
        section.read(
            "address",
            into: &management.address,
            .listenAddress,
            "IP address and port, or unix:/path, to listen on; never public without TLS in front."
        )
        management.operations = section.optional(
            "operations",
            .section(Configuration.Operations.read),
            "The service's private listener for health, readiness and metrics; by default none."
        )
        section.read(
            "token_secret",
            into: &management.tokenSecret,
            .secret(mayBeEmpty: true, check: Self.checkSecret),
            "Signs access tokens: at least 32 bytes. Empty: WONKEY_JWT_SECRET, or else one made once and kept in the store."
        )
        section.read("sign_in", into: &management.signIn, .section(SignIn.read), "How often one may sign up and in.")
        management.supabase = section.optional(
            "supabase",
            .section(Supabase.read),
            "A Supabase project whose access tokens are accepted, too; by default none."
        )
        section.read("cors", into: &management.crossOrigin, .section(CrossOrigin.read), "Use from browsers.")
        section.read(
            "trusted_proxies",
            into: &management.trustedProxies,
            .values(of: .addressRange),
            "Address ranges of proxies in front, whose Forwarded and X-Forwarded-* are believed."
        )
        section.read(
            "body_limit",
            into: &management.bodyLimit,
            .size((1 << 10)...(16 << 20)),
            "A request's body, at most; 1KiB to 16MiB. More is answered 413."
        )
        section.read(
            "timeouts",
            into: &management.timeouts,
            .section(Timeouts.read),
            "How long clients, and their requests, may take."
        )
        section.read(
            "connections",
            into: &management.connections,
            .integer(1...1_000_000),
            "Client connections at a time, at most; more wait."
        )
        section.read(
            "drain",
            into: &management.drain,
            .duration(.zero...(.seconds(3_600))),
            "For running requests to end after SIGTERM."
        )
        return management
    }

    static func checkSecret(_ text: String) throws(Invalid) {
        guard text.isEmpty || text.utf8.count >= 32 else {
            throw Invalid(hidden: "must have at least 32 bytes; `openssl rand -base64 48` makes one")
        }
    }
}

extension Configuration.Management.Timeouts {
    static func read(_ section: inout Section) -> Self {
        var timeouts = Self()
        let range = Duration.milliseconds(10)...(.seconds(3_600))
        section.read("body", into: &timeouts.body, .duration(range), "For a request's body to arrive whole.")
        section.read("idle", into: &timeouts.idle, .duration(range), "Without a byte on a connection.")
        section.read(
            "request",
            into: &timeouts.request,
            .duration(range),
            "For a request that has arrived to be carried out; then it is broken off and answered 503."
        )
        return timeouts
    }
}

extension Configuration.Management.CrossOrigin {
    static func read(_ section: inout Section) -> Self {
        var crossOrigin = Self()
        let origin = Pattern(
            "^([*]|https?://([A-Za-z0-9.-]+|\\[[0-9A-Fa-f:.]+\\])(:[0-9]{1,5})?)$",
            "an origin such as https://app.example.com, without a path, or \"*\" for all"
        )
        section.read(
            "allowed_origins",
            into: &crossOrigin.allowedOrigins,
            .values(of: .text(origin)),
            "Origins whose pages may use the service; \"*\": all. By default none."
        )
        return crossOrigin
    }
}
