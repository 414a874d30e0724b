import NIOCore
import WonkeyConfig
import WonkeyCore
import WonkeyGateway
import WonkeyHTTP

/// From the configuration to what the gateway takes.
extension Configuration {
    /// What is served.
    ///
    /// - Parameters:
    ///   - generation: Its number.
    ///   - services: Calls image providers and object stores.
    ///   - upstreams: Of this configuration.
    /// - Returns: The snapshot.
    func snapshot(generation: Int, services: any ServiceClient, upstreams: UpstreamSet) -> GatewaySnapshot {
        guard let keyFormat = KeyFormat(prefix: self.keys.prefix, randomDigits: self.keys.length) else {
            preconditionFailure("the configuration was validated")
        }
        return GatewaySnapshot(
            generation: generation,
            routes: self.routes.map { self.route($0) },
            upstreams: upstreams.definitions,
            endpoints: self.imageEndpoints(services: services),
            keyFormat: keyFormat,
            trustedProxies: self.server.trustedProxies,
            takesRequestID: self.server.requestID == .accept,
            certificateField: self.server.clientCertificateField.map { FieldName($0) },
            requestsPerLoopMax: max(1, self.server.requests / self.server.loopCount)
        )
    }

    /// Bodies of requests answered here are held in memory: they have a limit of their own.
    private static let localBodyBytesMax: Int64 = 1 << 20

    private func route(_ route: Configuration.Route) -> WonkeyGateway.Route {
        let bodyLimit = (route.bodyLimit ?? self.server.bodyLimit).map { Int64($0) } ?? .max
        let action: WonkeyGateway.Route.Action
        var bodyBytesMax = bodyLimit
        switch route.action {
        case .proxy(let upstream): action = .proxy(upstream: upstream)
        case .generate(let image):
            action = .generate(endpoint: image)
            bodyBytesMax = min(bodyLimit, Self.localBodyBytesMax)
        case .respond(let response):
            action = .respond(
                FixedResponse(
                    status: response.status,
                    contentType: response.contentType,
                    body: response.body,
                    fields: response.fields.map(\.rule)
                )
            )
        case .redirect(let redirect): action = .redirect(status: redirect.status, to: redirect.target)
        }
        return WonkeyGateway.Route(
            name: route.name,
            match: RouteMatch(
                host: route.match.host,
                path: route.match.path.gatewayPath,
                methods: route.match.methods.isEmpty ? nil : Set(route.match.methods)
            ),
            action: action,
            limits: route.limits,
            permissions: route.permissions,
            authentication: route.authentication == .required ? .required : .none,
            bodyBytesMax: bodyBytesMax,
            rateLimitFields: route.rateLimitHeaders.style,
            upstreamRateLimitFields: route.upstreamRateLimit == .strip ? .strip : .pass,
            rewrite: route.rewrite?.gatewayRewrite,
            crossOrigin: route.crossOrigin?.rules,
            idempotency: route.idempotency?.rules,
            upgrade: route.upgrade.map { UpgradeRules(protocols: $0.protocols, idle: $0.idle) }
        )
    }
}

extension Configuration.Route.Match.Path {
    fileprivate var gatewayPath: RouteMatch.Path {
        switch self {
        case .exact(let path): .exact(path)
        case .prefix(let path): .prefix(path)
        }
    }
}

extension Configuration.Route.RateLimitHeaders {
    fileprivate var style: WonkeyGateway.Route.RateLimitFieldStyle {
        switch self {
        case .standard: .standard
        case .compatible: .compatible
        case .both: .both
        case .none: .none
        }
    }
}

extension Configuration.Upstream {
    /// How its target is reached; the first one's place stands for all.
    func settings(tls: ClientTLS?) -> UpstreamSettings {
        var settings = UpstreamSettings(target: self.targets[0].endpoint.upstreamTarget)
        settings.tls = tls
        settings.connectTimeout = self.timeouts.connect
        settings.responseTimeout = self.timeouts.response
        settings.idleTimeout = self.timeouts.idle
        settings.connectionsMax = self.connections
        settings.pendingMax = self.pending
        settings.speaks = self.version.upstreamProtocol
        return settings
    }

    /// How requests are rewritten for it.
    var rules: ForwardingRules {
        var rules = ForwardingRules(
            hostPolicy: self.preservesHost ? .preserve : .upstream(self.host ?? self.authority(of: self.targets[0]))
        )
        rules.injected = self.headers.map { (name: FieldName($0.name), value: $0.value.revealed) }
        rules.identityNames = IdentityFields.all
        return rules
    }
}

extension Configuration.Upstream.Version {
    var upstreamProtocol: UpstreamProtocol {
        switch self {
        case .auto: .negotiated
        case .http1: .http1
        case .h2, .h2c: .http2
        }
    }
}

extension Endpoint {
    var upstreamTarget: UpstreamTarget {
        switch self {
        case .tcp(let host, let port): .tcp(host: host, port: port)
        case .unix(let path): .unix(path: path)
        }
    }
}

extension Configuration.Server {
    /// How many event loops there are.
    var loopCount: Int { self.loops ?? System.coreCount }

    /// What the server takes from clients.
    var limits: ServerLimits {
        var limits = ServerLimits()
        limits.fieldSectionBytesMax = self.headerSize
        limits.fieldCountMax = self.headerCount
        limits.bodyBytesMax = self.bodyLimit.map { Int64($0) }
        limits.handshakeTimeout = self.timeouts.handshake
        limits.headTimeout = self.timeouts.head
        limits.bodyIdleTimeout = self.timeouts.body
        limits.keepAliveTimeout = self.timeouts.keepAlive
        limits.connectionsMax = self.connections
        limits.connectionsPerAddressMax = self.connectionsPerAddress
        limits.uncountedAddresses = self.trustedProxies
        limits.writeIdleTimeout = self.timeouts.write
        limits.lingerTimeout = self.timeouts.linger
        limits.deadPeerTimeout = self.timeouts.deadPeer
        limits.bodyRateMin = self.rates.body ?? 0
        limits.answerRateMin = self.rates.answer ?? 0
        limits.chunkExtensionBytesMax = self.chunkExtensions
        limits.http2.streamsMax = self.http2.streams
        limits.http2.windowBytes = self.http2.window
        limits.http2.resetsMax = self.http2.resets
        limits.http2.controlFramesMax = self.http2.controlFrames
        limits.http2.errorsMax = self.http2.errors
        limits.http2.continuationsMax = self.http2.continuations
        limits.halfClose = self.halfClose == .answer ? .answer : .cancel
        limits.suspiciousPaths = self.pathPolicy == .reject ? .reject : .pass
        return limits
    }
}
