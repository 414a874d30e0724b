package import WonkeyCore

/// How requests are rewritten for one upstream; made once per configuration.
package struct ForwardingRules: Sendable {
    /// Whose name the upstream sees in `Host`.
    package enum HostPolicy: Hashable, Sendable {
        /// The upstream's own, with its port unless it is the scheme's.
        case upstream(String)
        /// The client's.
        case preserve
        /// This one, whichever target the request goes to.
        case fixed(String)
    }

    /// Which fields tell the upstream about the client.
    package enum ForwardedStyle: Hashable, Sendable {
        case xForwarded
        case forwarded
        case both
        case none
    }

    package var hostPolicy: HostPolicy
    /// How the proxy names itself in `Via` (F5); also what loops are recognised by (F6).
    package var pseudonym: String
    package var forwardedStyle: ForwardedStyle = .both
    /// Put before the client's path; the upstream URL's own path, without trailing slash.
    package var pathPrefix = ""
    /// Set on each request, after the client's own of these names were removed (upstream credentials).
    package var injected: [(name: FieldName, value: String)] = []
    /// Names only the proxy may set; the client's are removed (X5).
    package var identityNames: [FieldName] = []
    /// What becomes of the path; absent: nothing.
    package var path: PathRewrite?
    /// The known ones among ``identityNames``.
    private(set) var removedKnown: UInt64 = 0

    package init(hostPolicy: HostPolicy, pseudonym: String = "wonkey") {
        self.hostPolicy = hostPolicy
        self.pseudonym = pseudonym
    }

    /// Lets only the proxy set these fields, of which the client's lines are removed.
    package mutating func reserve(_ names: [FieldName]) {
        for name in names where !self.identityNames.contains(name) {
            self.identityNames.append(name)
            if name.known != 0 { self.removedKnown |= 1 << UInt64(name.known) }
        }
    }
}

/// What is forwarded besides the client's own head.
package struct ForwardingContext: Sendable {
    package var client: ClientAddress
    package var peer: PeerAddress
    /// `http` or `https`, of the connection to this proxy.
    package var scheme: String
    package var requestID: String
    /// Identity of the verified key, such as `X-WonKey-Key-Id`, and what the route's rules set.
    ///
    /// Each name that tells who the client is should be in ``ForwardingRules/identityNames``.
    package var identity: [(name: FieldName, value: String)]
    package var trace: ForwardedTrace
    /// Whether the client's `Authorization` is meant for this proxy or for the upstream.
    package var authorization = Authorization.ours
    /// Tells of the client's certificate; the client's own is removed, whether it has one or not.
    package var certificateField: FieldName?
    package var certificate: ClientCertificate?
    /// What the client would rather speak, where that is allowed (F20).
    package var upgrade: String?

    package enum Authorization: Sendable {
        /// Consumed here, and seen by no upstream.
        case ours
        /// Forwarded as it is (RFC 9110 §11.6.2).
        case upstreams
    }

    package init(
        client: ClientAddress,
        peer: PeerAddress,
        scheme: String = "http",
        requestID: String,
        identity: [(name: FieldName, value: String)] = [],
        trace: ForwardedTrace = .asReceived
    ) {
        self.client = client
        self.peer = peer
        self.scheme = scheme
        self.requestID = requestID
        self.identity = identity
        self.trace = trace
    }
}
