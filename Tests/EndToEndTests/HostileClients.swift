import NIOCore
import NIOPosix
import Synchronization

/// What a hostile client does with a connection.
struct Attack: Sendable {
    var name: String
    /// At a time; one that is thrown out comes again.
    var connections: Int
    var opening: ByteBuffer
    /// What is said again and again, by how often something was said.
    var next: (@Sendable (Int) -> ByteBuffer)?
    var every: TimeAmount
    var reads: Bool

    init(
        name: String,
        connections: Int,
        opening: String,
        then: String = "",
        every: TimeAmount = .milliseconds(100),
        reads: Bool = true
    ) {
        let again = ByteBuffer(string: then)
        (self.name, self.connections, self.opening) = (name, connections, ByteBuffer(string: opening))
        (self.every, self.reads) = (every, reads)
        if !then.isEmpty { self.next = { _ in again } }
    }

    init(
        name: String,
        connections: Int,
        opening: [UInt8],
        every: TimeAmount = .milliseconds(100),
        reads: Bool = true,
        next: (@Sendable (Int) -> [UInt8])? = nil
    ) {
        (self.name, self.connections, self.opening) = (name, connections, ByteBuffer(bytes: opening))
        (self.every, self.reads) = (every, reads)
        if let next { self.next = { ByteBuffer(bytes: next($0)) } }
    }
}

/// Attacks a port from an address of their own until they are stopped.
final class HostileClients: Sendable {
    private struct State {
        var isOver = false
        var channels: [ObjectIdentifier: any Channel] = [:]
        var connections: [String: Int] = [:]
    }

    private let port: Int
    private let address: String
    private let state = Mutex(State())

    /// Makes one that has not begun.
    ///
    /// - Parameters:
    ///   - port: On 127.0.0.1.
    ///   - address: Of the clients; loopback is a network of many, and honest clients come from another one.
    init(port: Int, from address: String) {
        (self.port, self.address) = (port, address)
    }

    /// Connections made so far, by attack.
    var connections: [String: Int] { self.state.withLock(\.connections) }

    func begin(_ attack: Attack) {
        for _ in 0..<attack.connections { self.connect(attack) }
    }

    private func connect(_ attack: Attack) {
        guard !self.state.withLock(\.isOver), let own = try? SocketAddress(ipAddress: self.address, port: 0) else {
            return
        }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        ClientBootstrap(group: loop)
            .channelOption(.autoRead, value: attack.reads)
            .channelOption(.socketOption(.so_rcvbuf), value: attack.reads ? 65_536 : 4_096)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(HostileHandler(attack))
                }
            }
            .bind(to: own)
            .connect(host: "127.0.0.1", port: self.port)
            .whenComplete { result in
                switch result {
                case .success(let channel): self.connected(channel, attack)
                case .failure: self.comeAgain(attack, on: loop)
                }
            }
    }

    private func connected(_ channel: any Channel, _ attack: Attack) {
        let isOver = self.state.withLock { state in
            state.channels[ObjectIdentifier(channel)] = channel
            state.connections[attack.name, default: 0] += 1
            return state.isOver
        }
        if isOver { return channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in
            self.state.withLock { $0.channels[ObjectIdentifier(channel)] = nil }
            self.comeAgain(attack, on: channel.eventLoop)
        }
    }

    private func comeAgain(_ attack: Attack, on loop: any EventLoop) {
        guard !self.state.withLock(\.isOver) else { return }
        loop.scheduleTask(in: .milliseconds(50)) { self.connect(attack) }
    }

    func stop() async {
        let channels = self.state.withLock { state in
            state.isOver = true
            return Array(state.channels.values)
        }
        for channel in channels { try? await channel.close() }
    }
}

private final class HostileHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let attack: Attack
    private var task: RepeatedTask?

    init(_ attack: Attack) {
        self.attack = attack
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(NIOAny(self.attack.opening), promise: nil)
        guard let next = self.attack.next else { return }
        let count = NIOLoopBoundBox(0, eventLoop: context.eventLoop)
        let channel = context.channel
        self.task = context.eventLoop.scheduleRepeatedTask(initialDelay: self.attack.every, delay: self.attack.every) {
            _ in
            // What nobody takes is not piled up here.
            guard channel.isWritable else { return }
            channel.writeAndFlush(next(count.value), promise: nil)
            count.value += 1
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.task?.cancel()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
