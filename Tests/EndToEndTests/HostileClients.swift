import NIOCore
import NIOPosix
import Synchronization

/// What a hostile client does with a connection.
struct Attack: Sendable {
    var name: String
    /// At a time; one that is thrown out comes again.
    var connections: Int
    var opening: String
    /// Said again and again.
    var then: String = ""
    var every: TimeAmount = .milliseconds(100)
    var reads = true
}

/// Attacks a port from an address of their own until they are stopped.
final class HostileClients: Sendable {
    private struct State {
        var isOver = false
        var channels: [ObjectIdentifier: any Channel] = [:]
        var connections: [String: Int] = [:]
    }

    /// Loopback is a network of many addresses: honest clients come from another one.
    private static let address = "127.0.0.2"

    private let port: Int
    private let state = Mutex(State())

    init(port: Int) {
        self.port = port
    }

    /// Connections made so far, by attack.
    var connections: [String: Int] { self.state.withLock(\.connections) }

    func begin(_ attack: Attack) {
        for _ in 0..<attack.connections { self.connect(attack) }
    }

    private func connect(_ attack: Attack) {
        guard !self.state.withLock(\.isOver), let own = try? SocketAddress(ipAddress: Self.address, port: 0) else {
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
        context.writeAndFlush(NIOAny(ByteBuffer(string: self.attack.opening)), promise: nil)
        guard !self.attack.then.isEmpty else { return }
        let again = ByteBuffer(string: self.attack.then)
        let channel = context.channel
        self.task = context.eventLoop.scheduleRepeatedTask(initialDelay: self.attack.every, delay: self.attack.every) {
            _ in
            // What nobody takes is not piled up here.
            if channel.isWritable { channel.writeAndFlush(again, promise: nil) }
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.task?.cancel()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
