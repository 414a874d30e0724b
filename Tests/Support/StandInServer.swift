import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix
package import NIOSSL
import Synchronization
import Testing

/// A small buffered HTTP/1.1 server on a free loopback port that plays a service, well behaved or not.
///
/// Records every request that arrived whole and every connection that ended. Usable in process and, through ``url``, by
/// programs under test.
package final class StandInServer: Sendable {
    /// A request that arrived whole.
    package struct Request: Sendable {
        /// Counts the server's connections from 1.
        package var connection: Int
        /// Counts the requests on that connection from 1.
        package var indexOnConnection: Int
        package var method: String
        /// As sent, query included.
        package var target: String
        package var headers: [(name: String, value: String)]
        package var body: [UInt8]

        /// The first value of a field, whatever the case of its name.
        package func header(_ name: String) -> String? {
            self.headers.first { $0.name.lowercased() == name.lowercased() }?.value
        }
    }

    package enum Reply: Sendable {
        case answer(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = [])
        /// No answer until ``StandInServer/answerHeld(_:)``, which may never come.
        case hold
        /// Ends the connection without a byte, in order (`close`) or by RST (`reset`).
        case close, reset
        /// Bytes as they are, then the end of the connection.
        case raw([UInt8])
    }

    /// What the server has seen so far.
    package struct Log: Sendable {
        package var requests: [Request] = []
        package var connectionsOpened = 0
        package var connectionsClosed = 0
    }

    private let channel: any Channel
    private let recorder: StandInRecorder
    /// `http://127.0.0.1:PORT`, or `https://localhost:PORT` with TLS.
    package let url: String

    private init(channel: any Channel, recorder: StandInRecorder, isTLS: Bool) {
        self.channel = channel
        self.recorder = recorder
        let port = channel.localAddress?.port ?? 0
        self.url = isTLS ? "https://localhost:\(port)" : "http://127.0.0.1:\(port)"
    }

    /// Starts serving.
    ///
    /// - Parameters:
    ///   - tls: A server context, for `https`.
    ///   - reply: Called once per request on an event loop; must not block.
    /// - Returns: The running server; end it with ``shutdown()``.
    /// - Throws: Why the port could not be opened.
    package static func start(
        tls: NIOSSLContext? = nil,
        reply: @escaping @Sendable (Request) -> Reply
    ) async throws -> StandInServer {
        let recorder = StandInRecorder()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.allowRemoteHalfClosure, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder()))
                    try pipeline.addHandler(StandInHandler(recorder: recorder, reply: reply))
                }
            }
            .bind(host: "127.0.0.1", port: 0)
            .get()
        return StandInServer(channel: channel, recorder: recorder, isTLS: tls != nil)
    }

    /// A loopback URL on which nothing listens.
    package static func unusedURL() async throws -> String {
        let server = try await StandInServer.start { _ in .close }
        await server.shutdown()
        return server.url
    }

    package var log: Log { self.recorder.log }

    package var requests: [Request] { self.recorder.log.requests }

    /// Waits until the server has seen what `condition` asks for; the test's own time limit bounds the wait.
    package func wait(until condition: @escaping @Sendable (Log) -> Bool) async {
        await self.recorder.wait(until: condition)
    }

    /// Answers every request on hold.
    package func answerHeld(_ reply: Reply) {
        self.recorder.answerHeld(reply)
    }

    package func shutdown() async {
        try? await self.channel.close()
        self.recorder.answerHeld(.close)
    }
}

/// What all connections of a ``StandInServer`` report to.
final class StandInRecorder: Sendable {
    private struct State {
        var log = StandInServer.Log()
        var held: [@Sendable (StandInServer.Reply) -> Void] = []
        var waiters:
            [(condition: @Sendable (StandInServer.Log) -> Bool, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var log: StandInServer.Log { self.state.withLock { $0.log } }

    func connectionOpened() -> Int {
        self.record { $0.connectionsOpened += 1 }.connectionsOpened
    }

    func connectionClosed() {
        _ = self.record { $0.connectionsClosed += 1 }
    }

    func requestReceived(_ request: StandInServer.Request) {
        _ = self.record { $0.requests.append(request) }
    }

    func hold(_ answer: @escaping @Sendable (StandInServer.Reply) -> Void) {
        self.state.withLock { $0.held.append(answer) }
    }

    func answerHeld(_ reply: StandInServer.Reply) {
        let held = self.state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for answer in held { answer(reply) }
    }

    func wait(until condition: @escaping @Sendable (StandInServer.Log) -> Bool) async {
        await withCheckedContinuation { continuation in
            let isMet = self.state.withLock { state in
                if condition(state.log) { return true }
                state.waiters.append((condition, continuation))
                return false
            }
            if isMet { continuation.resume() }
        }
    }

    private func record(_ change: (inout StandInServer.Log) -> Void) -> StandInServer.Log {
        let (log, due) = self.state.withLock { state in
            change(&state.log)
            let due = state.waiters.filter { $0.condition(state.log) }
            state.waiters.removeAll { $0.condition(state.log) }
            return (state.log, due.map(\.continuation))
        }
        for continuation in due { continuation.resume() }
        return log
    }
}

/// One connection of a ``StandInServer``.
private final class StandInHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    private let recorder: StandInRecorder
    private let reply: @Sendable (StandInServer.Request) -> StandInServer.Reply
    private var connection = 0
    private var index = 0
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(recorder: StandInRecorder, reply: @escaping @Sendable (StandInServer.Request) -> StandInServer.Reply) {
        self.recorder = recorder
        self.reply = reply
    }

    func channelActive(context: ChannelHandlerContext) {
        self.connection = self.recorder.connectionOpened()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.recorder.connectionClosed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            self.body = []
        case .body(let bytes):
            self.body.append(contentsOf: bytes.readableBytesView)
        case .end:
            guard let head = self.head else { return }
            self.index += 1
            let request = StandInServer.Request(
                connection: self.connection,
                indexOnConnection: self.index,
                method: head.method.rawValue,
                target: head.uri,
                headers: head.headers.map { ($0.name, $0.value) },
                body: self.body
            )
            let reply = self.reply(request)
            // Whoever waits for the request may answer it at once.
            if case .hold = reply { self.carryOut(reply, isHead: head.method == .HEAD, context: context) }
            self.recorder.requestReceived(request)
            if case .hold = reply { return }
            self.carryOut(reply, isHead: head.method == .HEAD, context: context)
        }
    }

    private func carryOut(_ reply: StandInServer.Reply, isHead: Bool, context: ChannelHandlerContext) {
        switch reply {
        case .answer(let status, var headers, let body):
            if !headers.contains(where: { $0.name.lowercased() == "content-length" }) {
                headers.append(("content-length", "\(body.count)"))
            }
            let fields = headers.map { "\($0.name): \($0.value)\r\n" }.joined()
            var bytes = ByteBuffer(string: "HTTP/1.1 \(status) Stand-In\r\n\(fields)\r\n")
            if !isHead { bytes.writeBytes(body) }
            context.writeAndFlush(self.wrapOutboundOut(bytes), promise: nil)
        case .hold:
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            let handler = NIOLoopBound(self, eventLoop: context.eventLoop)
            let eventLoop = context.eventLoop
            self.recorder.hold { reply in
                eventLoop.execute { handler.value.carryOut(reply, isHead: isHead, context: bound.value) }
            }
        case .close:
            context.close(promise: nil)
        case .reset:
            let close = NIOLoopBound(context, eventLoop: context.eventLoop)
            // A close that does not linger sends RST.
            (context.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                .whenComplete { _ in close.value.close(promise: nil) }
        case .raw(let bytes):
            let close = NIOLoopBound(context, eventLoop: context.eventLoop)
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: bytes)))
                .whenComplete { _ in close.value.close(promise: nil) }
        }
    }
}

extension StandInServer.Reply: CustomTestStringConvertible {
    /// As far as one cares to read.
    package var testDescription: String {
        switch self {
        case .answer(let status, _, let body): "\(status) with \(body.count) bytes"
        case .hold: "hold"
        case .close: "close"
        case .reset: "reset"
        case .raw(let bytes): "\(bytes.count) bytes: " + String(decoding: bytes.prefix(40), as: UTF8.self)
        }
    }
}
