import Logging
import NIOCore
import WonkeyConfig
import WonkeyCore
import WonkeyDNS
import WonkeyGateway
import WonkeyHTTP

/// The upstreams of one generation, with what outlives it where they stay as they are.
struct UpstreamSet: Sendable {
    private struct Member: Sendable {
        var configuration: Configuration.Upstream
        var tls: ClientTLS?
        var monitor: UpstreamMonitor?
        /// See ``UpstreamDefinition/since``.
        var since: Int
    }

    private let members: [String: Member]

    /// Takes over what is unchanged of the previous generation, and makes the rest; blocks to read certificates.
    ///
    /// - Parameters:
    ///   - upstreams: Of the configuration.
    ///   - previous: The generation before.
    ///   - generation: The number of this one.
    ///   - group: Its loops carry the health checks.
    ///   - logger: Is warned of upstreams that could be anybody.
    /// - Throws: The first certificate that is not usable.
    init(
        _ upstreams: [String: Configuration.Upstream],
        replacing previous: UpstreamSet?,
        generation: Int,
        on group: any EventLoopGroup,
        logger: Logger
    ) throws(TLSFileFault) {
        var members: [String: Member] = [:]
        for (name, upstream) in upstreams.sorted(by: { $0.key < $1.key }) {
            if var known = previous?.members[name], known.configuration.transport == upstream.transport {
                known.configuration = upstream
                members[name] = known
            } else {
                let tls = try upstream.makeTLS(logger: logger)
                members[name] = Member(
                    configuration: upstream,
                    tls: tls,
                    monitor: upstream.isBalanced ? upstream.makeMonitor(tls: tls, on: group) : nil,
                    since: generation
                )
            }
        }
        self.members = members
    }

    /// By name.
    var monitors: [String: UpstreamMonitor] { self.members.compactMapValues(\.monitor) }

    /// Those that speak TLS, by name.
    var tls: [(name: String, part: any TLSReloadable)] {
        self.members.sorted { $0.key < $1.key }.compactMap { name, member in member.tls.map { (name, $0) } }
    }

    /// As the gateway takes them.
    var definitions: [String: UpstreamDefinition] {
        self.members.mapValues { member in
            UpstreamDefinition(
                member.monitor.map { .balanced($0) } ?? .single(member.configuration.settings(tls: member.tls)),
                rules: member.configuration.rules,
                since: member.since
            )
        }
    }
}

extension Configuration.Upstream {
    /// What its connections, health checks and balancing depend on; the rest concerns single requests.
    fileprivate var transport: Self {
        var transport = self
        transport.headers = []
        // A balanced upstream's targets and checks are named by these.
        guard !self.isBalanced else { return transport }
        transport.host = nil
        transport.preservesHost = true
        return transport
    }

    fileprivate func makeMonitor(tls: ClientTLS?, on group: any EventLoopGroup) -> UpstreamMonitor {
        let balanced = self.balanced(tls: tls)
        let prober = self.balancing.health.active.map { check in
            HTTPProber(group: group, upstream: balanced, check: check, host: self.host)
        }
        return UpstreamMonitor(
            balanced,
            resolver: SystemNameResolver(),
            prober: prober,
            logger: Logger(label: "wonkey.upstream")
        )
    }
}
