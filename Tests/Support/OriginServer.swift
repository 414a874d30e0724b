import Foundation
import NIOCore
import NIOPosix
package import NIOSSL
import Synchronization

/// An upstream that records raw bytes and misbehaves on demand.
///
/// Connection number n plays the script number n; the last script is played by all further connections.
package final class OriginServer: Sendable {
    /// What the origin does, in order.
    package enum Step: Sendable {
        /// Waits until the bytes received since the last satisfied wait hold this text.
        case await(String)
        /// Waits for so many bytes since the last satisfied wait.
        case awaitCount(Int)
        case send(String)
        /// Sends so many bytes of `x`, no faster than they are taken.
        case flood(Int)
        /// Sends one byte at a time, each by a write of its own.
        case drip(String)
        /// Stops reading; what arrives waits in the sockets.
        case stopReading
        case close
        /// Closes without a farewell inside TLS.
        case cut
        /// Closes with RST.
        case reset
        /// Starts again with the first step.
        case `repeat`
    }

    private struct State {
        var scripts: [[Step]]
        var received: [ByteBuffer] = []
        var counts: [Int] = []
        var floods: [Int] = []
        var closedCount = 0
        var open: [ObjectIdentifier: any Channel] = [:]
        var keepsBytes: Bool
        var listener: (any Channel)?
    }

    private let state: Mutex<State>
    /// Of its own: a test may hold other loops.
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    private init(scripts: [[Step]], keepsBytes: Bool) {
        self.state = Mutex(State(scripts: scripts, keepsBytes: keepsBytes))
    }

    /// Starts an origin on 127.0.0.1, or on a Unix socket.
    ///
    /// - Parameters:
    ///   - scripts: One per connection, the last for all further ones.
    ///   - path: Of the Unix socket; `nil` listens on TCP.
    ///   - tls: What it speaks TLS with; `nil` speaks none.
    ///   - port: Where another origin was before; 0 takes a free one.
    ///   - keepsBytes: `false` to count bytes only.
    /// - Returns: The running origin.
    /// - Throws: The system's error.
    package static func start(
        _ scripts: [Step]...,
        path: String? = nil,
        tls: NIOSSLContext? = nil,
        port: Int = 0,
        keepsBytes: Bool = true
    ) async throws -> OriginServer {
        let origin = OriginServer(scripts: scripts, keepsBytes: keepsBytes)
        let bootstrap = ServerBootstrap(group: origin.group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls { try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: tls)) }
                    try channel.pipeline.syncOperations.addHandler(origin.player())
                }
            }
        let bound =
            path.map { bootstrap.bind(unixDomainSocketPath: $0) } ?? bootstrap.bind(host: "127.0.0.1", port: port)
        let listener = try await bound.get()
        origin.state.withLock { $0.listener = listener }
        return origin
    }

    /// Stops listening; open connections go on until they end or the test does.
    package func stop() async {
        try? await self.state.withLock { $0.listener }?.close()
    }

    /// Closes all connections, as a server does that stops.
    package func closeConnections() async throws {
        for channel in self.state.withLock({ Array($0.open.values) }) { try await channel.close() }
    }

    /// On 127.0.0.1.
    package var port: Int { self.state.withLock { $0.listener?.localAddress?.port ?? 0 } }

    /// What each connection received, in the order they were accepted.
    package var received: [String] { self.state.withLock { $0.received.map { String(buffer: $0) } } }

    /// How many bytes each connection received.
    package var receivedCounts: [Int] { self.state.withLock(\.counts) }

    /// How many bytes of floods were handed to each connection's socket.
    package var floodedCounts: [Int] { self.state.withLock(\.floods) }

    package var connectionCount: Int { self.state.withLock(\.counts.count) }

    /// How many connections are closed, by whichever side.
    package var closedCount: Int { self.state.withLock(\.closedCount) }

    private func player() -> OriginPlayer {
        self.state.withLock { state in
            let index = state.counts.count
            state.counts.append(0)
            state.floods.append(0)
            state.received.append(ByteBuffer())
            return OriginPlayer(origin: self, index: index, script: state.scripts[min(index, state.scripts.count - 1)])
        }
    }

    fileprivate func received(_ bytes: ByteBuffer, by index: Int) {
        self.state.withLock { state in
            state.counts[index] += bytes.readableBytes
            if state.keepsBytes { state.received[index].writeImmutableBuffer(bytes) }
        }
    }

    fileprivate func opened(_ channel: any Channel) {
        self.state.withLock { $0.open[ObjectIdentifier(channel)] = channel }
    }

    fileprivate func closed(_ channel: any Channel) {
        self.state.withLock { state in
            state.closedCount += 1
            state.open[ObjectIdentifier(channel)] = nil
        }
    }

    fileprivate func flooded(_ count: Int, by index: Int) {
        self.state.withLock { $0.floods[index] += count }
    }
}

/// Plays a script on one connection.
private final class OriginPlayer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let floodPiece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 64 * 1024)

    private let origin: OriginServer
    private let index: Int
    private let script: [OriginServer.Step]
    private var position = 0
    private var unread = ByteBuffer()
    private var unreadCount = 0
    private var floodLeft: Int?
    private var isReading = true
    private var isPlaying = false

    init(origin: OriginServer, index: Int, script: [OriginServer.Step]) {
        self.origin = origin
        self.index = index
        self.script = script
    }

    func channelActive(context: ChannelHandlerContext) {
        self.origin.opened(context.channel)
        self.play(context)
        if self.isReading { context.read() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = self.unwrapInboundIn(data)
        self.origin.received(bytes, by: self.index)
        self.unreadCount += bytes.readableBytes
        if case .await? = self.step { self.unread.writeBuffer(&bytes) }
        self.play(context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.origin.closed(context.channel)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if self.isReading { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.play(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { context.close(promise: nil) }
    }

    private var step: OriginServer.Step? {
        self.position < self.script.count ? self.script[self.position] : nil
    }

    private func play(_ context: ChannelHandlerContext) {
        guard !self.isPlaying else { return }
        self.isPlaying = true
        while let step = self.step, self.perform(step, context) { self.position += 1 }
        self.isPlaying = false
    }

    /// Does a step; `false` if it has to wait.
    private func perform(_ step: OriginServer.Step, _ context: ChannelHandlerContext) -> Bool {
        switch step {
        case .await(let text):
            guard let range = String(buffer: self.unread).range(of: text) else { return false }
            let text = String(buffer: self.unread)
            self.unread.moveReaderIndex(forwardBy: text.utf8.distance(from: text.startIndex, to: range.upperBound))
            self.unreadCount = self.unread.readableBytes
        case .awaitCount(let count):
            guard self.unreadCount >= count else { return false }
            self.unreadCount -= count
            self.unread.clear()
        case .send(let text): context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
        case .drip(let text):
            for byte in text.utf8 {
                context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: [byte])), promise: nil)
            }
        case .flood(let count): return self.flood(count, context)
        case .stopReading: self.isReading = false
        case .close: context.close(promise: nil)
        case .cut: self.cut(context)
        case .reset:
            _ = (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
            self.cut(context)
        case .repeat: self.position = -1
        }
        return true
    }

    /// Closes below the TLS handler, if there is one.
    private func cut(_ context: ChannelHandlerContext) {
        let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self)
        (tls ?? context).close(promise: nil)
    }

    private func flood(_ count: Int, _ context: ChannelHandlerContext) -> Bool {
        var left = self.floodLeft ?? count
        while left > 0, context.channel.isWritable {
            let size = min(left, OriginPlayer.floodPiece.readableBytes)
            guard let piece = OriginPlayer.floodPiece.getSlice(at: 0, length: size) else { return true }
            left -= size
            self.origin.flooded(size, by: self.index)
            context.writeAndFlush(self.wrapOutboundOut(piece), promise: nil)
        }
        self.floodLeft = left == 0 ? nil : left
        return left == 0
    }
}
