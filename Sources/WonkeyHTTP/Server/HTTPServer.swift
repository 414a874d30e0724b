internal import Glibc
package import Logging
package import NIOCore
internal import NIOPosix
internal import Synchronization

/// How clients of a listener speak.
private struct ListenerRules {
    var tls: ServerTLS?
    var proxyProtocol: ProxyProtocolRules?
    var takesHTTP2: Bool
}

/// An HTTP server on one or more addresses.
package final class HTTPServer: Sendable {
    /// Makes the per-loop factory; called once per event loop, on it.
    package typealias MakeFactory = @Sendable (any EventLoop) -> any RequestHandlerFactory

    private struct State {
        var listeners: [Listener] = []
        var loops: [ObjectIdentifier: NIOLoopBound<ServerLoop>] = [:]
        /// Other limits than the server was made with.
        var limits: ServerLimits?
    }

    private let group: any EventLoopGroup
    private let shared: ServerShared
    private let makeFactory: MakeFactory
    private let state = Mutex(State())

    /// Makes a server that is not bound yet.
    ///
    /// - Parameters:
    ///   - group: Runs the connections.
    ///   - limits: What clients may do.
    ///   - logger: For what happens outside exchanges.
    ///   - onMalformedRequest: Told of each request the server answered itself; called on event loops.
    ///   - onHandshake: Told how each TLS handshake went; called on event loops.
    ///   - onRefusedConnection: Told of each connection there is no room for; called on event loops.
    ///   - makeFactory: Called once per event loop.
    package init(
        group: any EventLoopGroup,
        limits: ServerLimits = ServerLimits(),
        logger: Logger,
        onMalformedRequest: @escaping @Sendable (MalformedRequest) -> Void = { _ in },
        onHandshake: @escaping @Sendable (HandshakeOutcome) -> Void = { _ in },
        onRefusedConnection: @escaping @Sendable (ConnectionRefusal) -> Void = { _ in },
        makeFactory: @escaping MakeFactory
    ) {
        self.group = group
        self.shared = ServerShared(
            limits: limits,
            logger: logger,
            onMalformedRequest: onMalformedRequest,
            onHandshake: onHandshake,
            onRefusedConnection: onRefusedConnection
        )
        self.makeFactory = makeFactory
    }

    /// Listens on a TCP address.
    ///
    /// - Parameters:
    ///   - host: An IP address or a name.
    ///   - port: 0 lets the system choose.
    ///   - tls: What clients must speak; `nil` for plain HTTP.
    ///   - proxyProtocol: Whose word on the client comes first on each connection; `nil` if nobody's.
    ///   - takesHTTP2: Whether clients without TLS may speak HTTP/2; under TLS, ``ServerTLSSettings/protocols`` says so.
    ///   - sharing: Whether other processes may listen on the same address.
    /// - Returns: The bound address.
    /// - Throws: The system's error.
    @discardableResult
    package func bind(
        host: String,
        port: Int,
        tls: ServerTLS? = nil,
        proxyProtocol: ProxyProtocolRules? = nil,
        takesHTTP2: Bool = false,
        sharing: PortSharing = .exclusive
    ) async throws -> PeerAddress {
        let rules = ListenerRules(tls: tls, proxyProtocol: proxyProtocol, takesHTTP2: takesHTTP2)
        var bootstrap = self.noticingDeadPeers(self.bootstrap(rules))
        if sharing == .shared {
            bootstrap = bootstrap.serverChannelOption(.socketOption(Listener.reusePort), value: 1)
        }
        let channel = try await bootstrap.bind(host: host, port: port).get()
        self.state.withLock { $0.listeners.append(Listener(channel: channel, sharing: sharing)) }
        return PeerAddress(channel.localAddress)
    }

    /// Listens on a socket that somebody else made and keeps: closing it here refuses nobody.
    ///
    /// - Parameters:
    ///   - descriptor: A listening stream socket; owned by the server from now on.
    ///   - tls: What clients must speak; `nil` for plain HTTP.
    ///   - proxyProtocol: Whose word on the client comes first on each connection; `nil` if nobody's.
    ///   - takesHTTP2: Whether clients without TLS may speak HTTP/2.
    /// - Throws: The system's error.
    package func bind(
        descriptor: CInt,
        tls: ServerTLS? = nil,
        proxyProtocol: ProxyProtocolRules? = nil,
        takesHTTP2: Bool = false
    ) async throws {
        let rules = ListenerRules(tls: tls, proxyProtocol: proxyProtocol, takesHTTP2: takesHTTP2)
        let channel = try await self.bootstrap(rules).withBoundSocket(descriptor).get()
        self.state.withLock { $0.listeners.append(Listener(channel: channel, sharing: .exclusive)) }
    }

    /// Listens on a Unix socket; a stale socket file is replaced.
    package func bind(
        unixSocketPath: String,
        tls: ServerTLS? = nil,
        proxyProtocol: ProxyProtocolRules? = nil,
        takesHTTP2: Bool = false
    ) async throws {
        let rules = ListenerRules(tls: tls, proxyProtocol: proxyProtocol, takesHTTP2: takesHTTP2)
        let bound = self.bootstrap(rules).bind(
            unixDomainSocketPath: unixSocketPath,
            cleanupExistingSocketFile: true
        )
        let channel = try await bound.get()
        self.state.withLock { $0.listeners.append(Listener(channel: channel, sharing: .exclusive)) }
    }

    private func bootstrap(_ rules: ListenerRules) -> ServerBootstrap {
        let limits = self.shared.limits
        let mark = ChannelOptions.Types.WriteBufferWaterMark(
            low: limits.writeBufferBytesMax / 2,
            high: limits.writeBufferBytesMax
        )
        return ServerBootstrap(group: self.group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            // A second read after a short one would only learn that there is nothing.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.writeBufferWaterMark, value: mark)
            .childChannelOption(.allowRemoteHalfClosure, value: limits.halfClose == .answer)
            .childChannelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 4096, maximum: 64 * 1024)
            )
            .childChannelInitializer { self.accept($0, rules) }
    }

    private func accept(_ channel: any Channel, _ rules: ListenerRules) -> EventLoopFuture<Void> {
        let count = self.shared.connectionCount.add(1, ordering: .sequentiallyConsistent).newValue
        let loop = self.loop(of: channel)
        guard count <= loop.limits.connectionsMax else { return self.refuse(channel, .total) }
        // Whom a balancer names is counted when it has.
        guard rules.proxyProtocol != nil || self.countByAddress(channel, of: channel.remoteAddress, loop.limits) else {
            return self.refuse(channel, .address)
        }
        do {
            if let proxyProtocol = rules.proxyProtocol {
                let header = ProxyHeaderHandler(loop: loop, rules: proxyProtocol, isSecure: rules.tls != nil) {
                    try self.begin(on: $0, announced: loop.clientAddress(of: $0), rules, loop)
                }
                try channel.pipeline.syncOperations.addHandler(header)
            } else {
                try Self.begin(on: channel, rules, loop)
            }
            return channel.eventLoop.makeSucceededVoidFuture()
        } catch {
            self.shared.connectionClosed()
            return channel.eventLoop.makeFailedFuture(error)
        }
    }

    /// Sockets inherit this from the one that listens.
    private func noticingDeadPeers(_ bootstrap: ServerBootstrap) -> ServerBootstrap {
        guard let timeout = self.shared.limits.deadPeerTimeout else { return bootstrap }
        let seconds = max(8, Int32(clamping: timeout.inMilliseconds / 1_000))
        return
            bootstrap
            .serverChannelOption(.socketOption(.so_keepalive), value: 1)
            .serverChannelOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: .init(seconds / 2))
            .serverChannelOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: .init(seconds / 8))
            .serverChannelOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: 4)
    }

    private func refuse(_ channel: any Channel, _ reason: ConnectionRefusal) -> EventLoopFuture<Void> {
        self.shared.connectionClosed()
        self.shared.onRefusedConnection(reason)
        return channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
    }

    /// Counts a connection until it is closed, unless its client has too many.
    private func countByAddress(
        _ channel: any Channel,
        of address: SocketAddress?,
        _ limits: ServerLimits
    ) -> Bool {
        guard let max = limits.connectionsPerAddressMax, let client = limits.counted(address) else { return true }
        let clients = self.shared.clients
        guard clients.add(client, max: max) else { return false }
        channel.closeFuture.whenComplete { _ in clients.remove(client) }
        return true
    }

    /// Adds what speaks with a client whom a balancer has named.
    private func begin(
        on channel: any Channel,
        announced client: PeerAddress,
        _ rules: ListenerRules,
        _ loop: ServerLoop
    ) throws {
        let address = try? SocketAddress(ipAddress: client.ip, port: client.port)
        guard self.countByAddress(channel, of: address, loop.limits) else {
            self.shared.onRefusedConnection(.address)
            throw ChannelError.operationUnsupported
        }
        try Self.begin(on: channel, rules, loop)
    }

    /// Adds what speaks with the client.
    private static func begin(on channel: any Channel, _ rules: ListenerRules, _ loop: ServerLoop) throws {
        if let tls = rules.tls {
            try ServerHandshake.begin(on: channel, tls, loop)
        } else {
            let connection = ServerConnection(
                loop: loop,
                allocator: channel.allocator,
                takesHTTP2: rules.takesHTTP2
            )
            try channel.pipeline.syncOperations.addHandler(connection)
        }
    }

    private func loop(of channel: any Channel) -> ServerLoop {
        let eventLoop = channel.eventLoop
        let key = ObjectIdentifier(eventLoop)
        if let bound = self.state.withLock({ $0.loops[key] }) { return bound.value }
        let loop = ServerLoop(shared: self.shared, eventLoop: eventLoop, factory: self.makeFactory(eventLoop))
        let bound = NIOLoopBound(loop, eventLoop: eventLoop)
        let limits = self.state.withLock { state in
            state.loops[key] = bound
            return state.limits
        }
        if let limits { loop.limits = limits }
        return loop
    }

    /// Takes other limits from the next head, body or wait on.
    package func update(_ limits: ServerLimits) {
        self.state.withLock { $0.limits = limits }
        self.onEachLoop { $0.limits = limits }
    }

    /// Open connections.
    package var connectionCount: Int { self.shared.connectionCount.load(ordering: .relaxed) }

    /// Requests whose answer is not complete.
    package var inFlightCount: Int { self.shared.inFlightCount.load(ordering: .relaxed) }
}

// MARK: - Stopping

extension HTTPServer {
    /// From now on answers say `Connection: close`, and idle connections are closed.
    ///
    /// New connections are still accepted.
    package func beginDraining() {
        self.shared.isDraining.store(true, ordering: .relaxed)
        self.onEachLoop { $0.beginDraining() }
    }

    /// Stops listening, drains, and closes what is left at the deadline.
    ///
    /// - Parameter deadline: How long requests in flight may still take.
    package func shutdown(deadline: Duration) async {
        _ = await self.drain(deadline: deadline, idle: .zero)
    }

    /// Stops listening, drains, and closes what is left at the deadline.
    ///
    /// - Parameters:
    ///   - deadline: How long requests in flight may still take.
    ///   - idle: How long idle connections may bring a last request before they are closed, within the deadline.
    /// - Returns: Whether all requests were finished.
    package func drain(deadline: Duration, idle: Duration) async -> DrainOutcome {
        let listeners = self.state.withLock { state in
            defer { state.listeners = [] }
            return state.listeners
        }
        await Listener.close(listeners, loops: Array(self.group.makeIterator()), logger: self.shared.logger)
        let timer = self.group.next()
        self.shared.isDraining.store(true, ordering: .relaxed)
        // Who is about to send a request on an idle connection would find it closed: it may, for a last time.
        self.onEachLoop { $0.announceDrain() }
        let patience = timer.scheduleTask(in: .milliseconds(min(idle, deadline).inMilliseconds)) {
            self.beginDraining()
        }
        let last = timer.scheduleTask(in: .milliseconds(deadline.inMilliseconds)) {
            if self.inFlightCount > 0 { self.shared.hasCutRequests.store(true, ordering: .relaxed) }
            self.onEachLoop { $0.closeAll() }
        }
        await self.shared.waitUntilEmpty()
        patience.cancel()
        last.cancel()
        return self.shared.hasCutRequests.load(ordering: .relaxed) ? .requestsCut : .finished
    }

    private func onEachLoop(_ body: @escaping @Sendable (ServerLoop) -> Void) {
        for loop in self.state.withLock({ Array($0.loops.values) }) {
            loop.eventLoop.execute { body(loop.value) }
        }
    }
}
