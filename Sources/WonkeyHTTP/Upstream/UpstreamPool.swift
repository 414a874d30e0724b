package import Logging
package import NIOCore
internal import NIOPosix
package import WonkeyCore

/// Connections of one event loop to one upstream; used on that loop only.
///
/// The connection used last is used first, so that the others may age and be closed.
package final class UpstreamPool {
    package let settings: UpstreamSettings
    package let eventLoop: any EventLoop
    let flushTurn: FlushTurn
    private let logger: Logger
    private var connections: [ObjectIdentifier: UpstreamConnection] = [:]
    private var idle: [UpstreamConnection] = []
    /// Connections that carry many exchanges each; they are used in turn of their age, so that the last may fall idle.
    private var multiplexed: [HTTP2UpstreamConnection] = []
    /// What the connection made last speaks; tells how many are worth making.
    private var speaksHTTP2: Bool
    /// In the order of their deadlines.
    private var pending = CircularBuffer<UpstreamExchange>() {
        didSet { self.reportPending() }
    }
    private let pendingGauge: Gauge?
    private var pendingReported = 0
    private var connectingCount = 0
    private var isShutDown = false
    private(set) var isRetired = false
    private var isTicking = false
    /// How the last attempt to connect failed; `nil` after one that did not.
    private var connectFault: UpstreamFault?
    private let tick: TimeAmount
    let timeouts: (response: TimeAmount, idle: TimeAmount, reuse: TimeAmount, pending: TimeAmount)
    private var now = NIODeadline.now()

    /// Makes the pool of one loop.
    ///
    /// - Parameters:
    ///   - eventLoop: Runs everything here.
    ///   - settings: Where the upstream is, and what is expected of it.
    ///   - logger: Gets failed connections.
    ///   - pending: Shows how many requests wait, in this pool and others.
    package init(eventLoop: any EventLoop, settings: UpstreamSettings, logger: Logger, pending: Gauge? = nil) {
        self.pendingGauge = pending
        self.eventLoop = eventLoop
        self.flushTurn = FlushTurn(eventLoop: eventLoop)
        self.settings = settings
        self.logger = logger
        self.speaksHTTP2 = settings.speaks == .http2
        let shortest = min(settings.responseTimeout, settings.idleTimeout, settings.keepAliveIdleMax)
        self.tick = .milliseconds(min(250, max(10, shortest.milliseconds / 4)))
        self.timeouts = (
            response: TimeAmount(settings.responseTimeout),
            idle: TimeAmount(settings.idleTimeout),
            reuse: TimeAmount(settings.keepAliveIdleMax),
            pending: TimeAmount(settings.connectTimeout * 2)
        )
    }

    /// Connections, idle ones and ones being made included.
    package var connectionCount: Int { self.openCount + self.connectingCount }

    private var openCount: Int { self.connections.count + self.multiplexed.count }

    package var idleCount: Int { self.idle.count }

    /// Requests waiting for a connection.
    package var pendingCount: Int { self.pending.count }

    private func reportPending() {
        let change = self.pending.count - self.pendingReported
        guard change != 0 else { return }
        self.pendingReported += change
        self.pendingGauge?.add(change)
    }

    /// Whether a request that comes now would be refused as ``UpstreamFault/overloaded``.
    var isFull: Bool {
        self.idle.isEmpty && !self.multiplexed.contains(where: \.hasRoom)
            && self.pending.count >= self.settings.pendingMax + self.connectionsLeft
    }

    /// Bytes its connections hold: received and not delivered, written and not taken by their sockets.
    package var bufferedBytes: Int {
        self.connections.values.reduce(self.multiplexed.reduce(0) { $0 + $1.bufferedBytes }) { $0 + $1.bufferedBytes }
    }

    /// Sends a request on an idle connection, a new one, or as soon as there is one.
    ///
    /// A request without body is complete with this call; ``UpstreamExchange/end()`` is then not needed.
    ///
    /// - Parameters:
    ///   - head: The head as ``ForwardedRequest`` made it, framing included.
    ///   - receiver: Takes the answer; held until the exchange is over, and not called before this returns.
    /// - Returns: The exchange.
    package func send(_ head: OutgoingHead, receiver: any UpstreamReceiver) -> UpstreamExchange {
        let exchange = UpstreamExchange(head: head, receiver: receiver, pool: self)
        self.startTicking()
        if self.isShutDown {
            self.failLater(exchange, .shutDown)
        } else if let connection = self.checkOut() {
            connection.start(exchange)
        } else if let connection = self.multiplexed.first(where: \.hasRoom) {
            connection.start(exchange)
        } else if self.pending.count >= self.settings.pendingMax + self.connectionsLeft {
            self.failLater(exchange, .overloaded)
        } else {
            exchange.pendingDeadline = self.deadline(after: self.timeouts.pending)
            self.pending.append(exchange)
            // In a turn of its own: a connection may be refused before the call that makes it returns.
            self.eventLoop.assumeIsolated().execute { self.connectIfNeeded() }
        }
        return exchange
    }

    /// The idle connection used last, of those the upstream has left open.
    ///
    /// A request that fits on none has sent no byte and goes on a new connection, whatever its method (F12).
    private func checkOut() -> UpstreamConnection? {
        while let connection = self.idle.popLast() {
            if connection.isQuiet { return connection }
            connection.close()
        }
        return nil
    }

    /// Closes idle connections, lets running exchanges end, and refuses new ones.
    package func shutdown() {
        self.isShutDown = true
        for connection in self.idle { connection.close() }
        self.idle = []
        for connection in self.multiplexed { connection.retire() }
        while let exchange = self.pending.popFirst() { exchange.finish(.failure(.shutDown)) }
    }

    /// Closes connections as they become idle, while requests are still served.
    package func retire() {
        self.isRetired = true
        for connection in self.idle { connection.close() }
        self.idle = []
        for connection in self.multiplexed { connection.closeIfIdle() }
    }

    private func failLater(_ exchange: UpstreamExchange, _ fault: UpstreamFault) {
        self.eventLoop.assumeIsolated().execute { exchange.finish(.failure(fault)) }
    }
}

// MARK: - Connecting

extension UpstreamPool {
    /// Connections that are not made yet: whoever waits for one of them does not wait for others to finish.
    private var connectionsLeft: Int { max(0, self.settings.connectionsMax - self.openCount) }

    /// How many of those who wait a new connection will serve, as far as that is known.
    private var exchangesPerConnection: Int { self.speaksHTTP2 ? self.settings.streamsPerConnectionMax : 1 }

    private func connectIfNeeded() {
        guard self.pending.count > self.connectingCount * self.exchangesPerConnection,
            self.connectionCount < self.settings.connectionsMax
        else { return }
        self.connect(for: nil)
    }

    /// Makes a connection, for one exchange or for whoever waits longest.
    private func connect(for exchange: UpstreamExchange?) {
        self.connectingCount += 1
        let deadline = NIODeadline.now() + TimeAmount(self.settings.connectTimeout)
        let bootstrap = ClientBootstrap(group: self.eventLoop)
            .connectTimeout(TimeAmount(self.settings.connectTimeout))
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.writeBufferWaterMark, value: .init(low: 64 * 1024, high: 128 * 1024))
            .channelOption(
                .recvAllocator,
                value: AdaptiveRecvByteBufferAllocator(minimum: 2048, initial: 8192, maximum: 64 * 1024)
            )
        var established: Established?
        self.connect(bootstrap).assumeIsolated().flatMap { channel in
            self.prepare(channel, until: deadline) { established = $0 }
        }.whenComplete { result in
            self.connectingCount -= 1
            switch result {
            case .success: self.connected(established, exchange)
            case .failure(let error): self.connectFailed(error, exchange)
            }
            self.connectIfNeeded()
        }
    }

    /// A connection that was made.
    private enum Established {
        case single(UpstreamConnection)
        case multiplexed(HTTP2UpstreamConnection)
    }

    /// Puts a connection on the channel that was connected; done when requests can be sent, so after the TLS handshake.
    ///
    /// Not earlier: a name with several addresses may have several channels on the way.
    private func prepare(
        _ channel: any Channel,
        until deadline: NIODeadline,
        _ done: @escaping (Established) -> Void
    ) -> EventLoopFuture<Void> {
        do {
            guard let tls = self.settings.tls else {
                done(try self.establish(on: channel, nil, speaking: nil))
                return self.eventLoop.makeSucceededVoidFuture()
            }
            let handshake = self.eventLoop.makePromise(of: TLSProtocol?.self)
            let transport = try ClientHandshake.begin(on: channel, tls, until: deadline, handshake)
            return handshake.futureResult.assumeIsolated().flatMapThrowing { agreed in
                done(try self.establish(on: channel, transport, speaking: agreed))
            }.nonisolated()
        } catch {
            channel.close(promise: nil)
            return self.eventLoop.makeFailedFuture(error)
        }
    }

    /// Puts what will be spoken on a channel.
    private func establish(
        on channel: any Channel,
        _ transport: TLSTransport?,
        speaking agreed: TLSProtocol?
    ) throws -> Established {
        let isHTTP2 =
            switch self.settings.speaks {
            case .http1: false
            // Without an answer to the offer it is prior knowledge.
            case .http2: agreed != .http1
            case .negotiated: agreed == .http2
            }
        if isHTTP2 { return .multiplexed(try HTTP2UpstreamConnection.begin(on: channel, pool: self)) }
        let connection = UpstreamConnection(pool: self)
        connection.transport = transport
        try channel.pipeline.syncOperations.addHandler(connection)
        return .single(connection)
    }

    private func connect(_ bootstrap: ClientBootstrap) -> EventLoopFuture<any Channel> {
        switch self.settings.target {
        case .unix(let path): return bootstrap.connect(unixDomainSocketPath: path)
        case .tcp(let host, let port):
            if let address = try? SocketAddress(ipAddress: host, port: port) { return bootstrap.connect(to: address) }
            return bootstrap.connect(host: host, port: port)
        }
    }

    private func connected(_ established: Established?, _ exchange: UpstreamExchange?) {
        switch established {
        case .single(let connection): self.connected(connection, exchange)
        case .multiplexed(let connection): self.connected(connection, exchange)
        case nil: self.connectFailed(UpstreamFault.closedEarly, exchange)
        }
    }

    private func connected(_ connection: UpstreamConnection, _ exchange: UpstreamExchange?) {
        self.speaksHTTP2 = false
        self.connections[ObjectIdentifier(connection)] = connection
        self.connectFault = nil
        self.startTicking()
        if let exchange {
            if exchange.receiver == nil { self.released(connection) } else { connection.start(exchange) }
        } else {
            self.released(connection)
        }
    }

    private func connected(_ connection: HTTP2UpstreamConnection, _ exchange: UpstreamExchange?) {
        self.speaksHTTP2 = true
        self.connectFault = nil
        self.startTicking()
        guard !connection.isClosed else { return self.connectFailed(UpstreamFault.closedEarly, exchange) }
        self.multiplexed.append(connection)
        if let exchange, exchange.receiver != nil { connection.start(exchange) }
        self.roomFreed(on: connection)
        if self.isShutDown { connection.retire() }
    }

    private func connectFailed(_ error: any Error, _ exchange: UpstreamExchange?) {
        let fault = UpstreamFault(connecting: error)
        let isNews = fault == .certificateRefused && self.connectFault != fault
        self.logger.log(
            level: isNews ? .warning : .debug,
            isNews ? "the certificate of an upstream is refused" : "upstream connection failed",
            metadata: ["upstream": "\(self.settings.target)", "error": "\(error)"]
        )
        self.connectFault = fault
        (exchange ?? self.pending.popFirst())?.finish(.failure(fault))
    }
}

// MARK: - What connections and exchanges report

extension UpstreamPool {
    /// The connection is free: it serves who waits longest, or waits itself.
    func released(_ connection: UpstreamConnection) {
        guard connection.isUsable else { return self.dropped(connection) }
        if let exchange = self.pending.popFirst() {
            connection.start(exchange)
        } else if self.isShutDown || self.isRetired || !self.settings.keepsIdleConnections {
            connection.close()
        } else {
            self.idle.append(connection)
            connection.becameIdle()
        }
    }

    /// An idle connection is not to be used again.
    func dropped(_ connection: UpstreamConnection) {
        self.idle.removeAll { $0 === connection }
        connection.close()
    }

    func closed(_ connection: UpstreamConnection) {
        self.idle.removeAll { $0 === connection }
        self.connections[ObjectIdentifier(connection)] = nil
        self.connectIfNeeded()
    }

    /// Sends a request again whose connection had gone stale, on a connection of its own.
    func retry(_ exchange: UpstreamExchange) {
        exchange.wasRetried = true
        exchange.carrier = nil
        if let connection = self.multiplexed.first(where: \.hasRoom) {
            connection.start(exchange)
        } else {
            self.connect(for: exchange)
        }
    }

    /// A connection may carry another exchange: those who wait go on it.
    func roomFreed(on connection: HTTP2UpstreamConnection) {
        while connection.hasRoom, let exchange = self.pending.popFirst() { connection.start(exchange) }
    }

    func closed(_ connection: HTTP2UpstreamConnection) {
        self.multiplexed.removeAll { $0 === connection }
        self.connectIfNeeded()
    }

    func cancelled(_ exchange: UpstreamExchange) {
        self.pending.removeAll { $0 === exchange }
    }
}

// MARK: - Deadlines

extension UpstreamPool {
    /// When something that may take `timeout` from now on is late; never early.
    func deadline(after timeout: TimeAmount) -> NIODeadline { self.now + timeout + self.tick }

    private func startTicking() {
        guard !self.isTicking else { return }
        self.isTicking = true
        self.now = .now()
        self.scheduleTick()
    }

    private func scheduleTick() {
        self.eventLoop.assumeIsolated().scheduleTask(in: self.tick) { self.tickFired() }
    }

    private func tickFired() {
        self.now = .now()
        for connection in Array(self.connections.values) { connection.checkDeadline(self.now) }
        for connection in self.multiplexed { connection.checkDeadline(self.now) }
        self.failLatePending()
        self.isTicking = self.connectionCount > 0 || !self.pending.isEmpty
        if self.isTicking { self.scheduleTick() }
    }
    private func failLatePending() {
        while let exchange = self.pending.first, self.now >= exchange.pendingDeadline {
            self.pending.removeFirst()
            exchange.finish(.failure(self.pendingFault))
        }
    }

    /// Why requests wait too long: the connections are all in use, or there are none to be had.
    private var pendingFault: UpstreamFault {
        self.openCount >= self.settings.connectionsMax ? .overloaded : self.connectFault ?? .connectTimedOut
    }
}
