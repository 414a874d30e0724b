internal import Logging
internal import NIOCore
internal import Synchronization

/// What all loops of a server share.
final class ServerShared: Sendable {
    let limits: ServerLimits
    let logger: Logger
    let onMalformedRequest: @Sendable (MalformedRequest) -> Void
    let onHandshake: @Sendable (HandshakeOutcome) -> Void
    let onRefusedConnection: @Sendable (ConnectionRefusal) -> Void
    let clients = ClientConnections()
    let connectionCount = Atomic<Int>(0)
    let inFlightCount = Atomic<Int>(0)
    let isDraining = Atomic<Bool>(false)
    /// Whether the deadline of a drain found requests in flight.
    let hasCutRequests = Atomic<Bool>(false)
    private let emptied = Mutex<[CheckedContinuation<Void, Never>]>([])

    init(
        limits: ServerLimits,
        logger: Logger,
        onMalformedRequest: @escaping @Sendable (MalformedRequest) -> Void,
        onHandshake: @escaping @Sendable (HandshakeOutcome) -> Void,
        onRefusedConnection: @escaping @Sendable (ConnectionRefusal) -> Void
    ) {
        self.limits = limits
        self.logger = logger
        self.onMalformedRequest = onMalformedRequest
        self.onHandshake = onHandshake
        self.onRefusedConnection = onRefusedConnection
    }

    func connectionClosed() {
        let left = self.connectionCount.subtract(1, ordering: .sequentiallyConsistent).newValue
        guard left == 0 else { return }
        self.emptied.withLock { waiting in
            for continuation in waiting { continuation.resume() }
            waiting = []
        }
    }

    /// Returns when no connection is open.
    func waitUntilEmpty() async {
        await withCheckedContinuation { continuation in
            self.emptied.withLock { waiting in
                if self.connectionCount.load(ordering: .sequentiallyConsistent) == 0 {
                    continuation.resume()
                } else {
                    waiting.append(continuation)
                }
            }
        }
    }
}

/// What an event loop watches over, from the moment a connection is accepted.
protocol LoopConnection: AnyObject {
    func checkDeadline(_ now: NIODeadline)

    /// Answers are the last of their connections from now on; idle connections stay for the time being.
    func announceDrain()

    /// Answers are the last of their connections from now on; idle connections are closed.
    func beginDraining()

    /// Closes at once.
    func shutDown()
}

extension LoopConnection {
    /// What has nothing to say yet says it at the end.
    func announceDrain() {}
}

/// The connections of one event loop, with the one timer they share.
///
/// Deadlines are checked by a coarse tick: a timer per request would cost more than parsing it.
final class ServerLoop {
    let shared: ServerShared
    let eventLoop: any EventLoop
    let factory: any RequestHandlerFactory
    let flushTurn: FlushTurn
    /// What clients of this loop may do from now on; a head under way is read under those it began with.
    var limits: ServerLimits
    /// The time at the last tick; at most one tick old.
    private(set) var now: NIODeadline
    /// The `Date` line, at most one tick old.
    private(set) var dateLine = ByteBuffer()
    /// The value in it.
    private(set) var date = ""
    let tick: TimeAmount
    private var dateSeconds: Int64 = -1
    private var connections: [ObjectIdentifier: any LoopConnection] = [:]
    private var isTicking = false
    /// Clients that balancers have named, by the channel of the connection.
    private var announced: [ObjectIdentifier: PeerAddress] = [:]

    init(shared: ServerShared, eventLoop: any EventLoop, factory: any RequestHandlerFactory) {
        self.shared = shared
        self.limits = shared.limits
        self.eventLoop = eventLoop
        self.factory = factory
        self.flushTurn = FlushTurn(eventLoop: eventLoop)
        self.now = .now()
        let limits = shared.limits
        let shortest = min(
            limits.handshakeTimeout,
            limits.headTimeout,
            limits.bodyIdleTimeout,
            limits.keepAliveTimeout,
            limits.writeIdleTimeout,
            limits.lingerTimeout
        )
        self.tick = .milliseconds(min(250, max(10, shortest.inMilliseconds / 4)))
    }

    /// When something that may take `timeout` from now on is late; never early.
    func deadline(after timeout: Duration) -> NIODeadline {
        self.now + .milliseconds(timeout.inMilliseconds) + self.tick
    }

    func opened(_ connection: any LoopConnection) {
        self.connections[ObjectIdentifier(connection)] = connection
        guard !self.isTicking else { return }
        self.isTicking = true
        self.refreshTime()
        self.scheduleTick()
    }

    /// Something else stands for the same connection from now on.
    func handedOver(_ connection: any LoopConnection) {
        self.connections[ObjectIdentifier(connection)] = nil
    }

    /// The last call about a connection, also of one that was never opened.
    func closed(_ connection: any LoopConnection) {
        self.connections[ObjectIdentifier(connection)] = nil
        self.shared.connectionClosed()
    }

    /// A balancer has said who is at the other end of a connection.
    func announce(_ client: PeerAddress, for channel: any Channel) {
        self.announced[ObjectIdentifier(channel)] = client
    }

    /// The last call about a channel that may have been announced.
    func forget(_ channel: any Channel) {
        self.announced[ObjectIdentifier(channel)] = nil
    }

    /// Who is at the other end of a connection, as its balancer says, or else its socket.
    func clientAddress(of channel: any Channel) -> PeerAddress {
        if !self.announced.isEmpty, let client = self.announced[ObjectIdentifier(channel)] { return client }
        return PeerAddress(channel.remoteAddress)
    }

    func announceDrain() {
        for connection in self.connections.values { connection.announceDrain() }
    }

    func beginDraining() {
        for connection in self.connections.values { connection.beginDraining() }
    }

    func closeAll() {
        for connection in self.connections.values { connection.shutDown() }
    }

    private func scheduleTick() {
        self.eventLoop.assumeIsolated().scheduleTask(in: self.tick) { self.tickFired() }
    }

    private func tickFired() {
        self.refreshTime()
        for connection in self.connections.values { connection.checkDeadline(self.now) }
        self.isTicking = !self.connections.isEmpty
        if self.isTicking { self.scheduleTick() }
    }

    private func refreshTime() {
        self.now = .now()
        let seconds = HTTPDate.nowSeconds
        guard seconds != self.dateSeconds else { return }
        self.dateSeconds = seconds
        self.date = HTTPDate.text(seconds: seconds)
        self.dateLine = ByteBuffer(string: "Date: \(self.date)\r\n")
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero.
    var inMilliseconds: Int64 {
        let (seconds, attoseconds) = self.components
        return seconds * 1_000 + attoseconds / 1_000_000_000_000_000
    }
}
