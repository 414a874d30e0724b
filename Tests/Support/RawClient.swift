import Foundation
package import NIOCore
import NIOPosix
import NIOSSL
import NIOTLS

/// A TCP client that sends exactly the bytes it is told to, for tests of what no HTTP client would send.
package final class RawClient: Sendable {
    /// What the test waited for did not come in time.
    package struct TimedOut: Error {
        /// What had arrived by then.
        package var received: String
    }

    private let channel: any Channel
    private let inbox: NIOLoopBound<Inbox>

    private init(channel: any Channel, inbox: NIOLoopBound<Inbox>) {
        self.channel = channel
        self.inbox = inbox
    }

    /// Connects to a server on loopback.
    ///
    /// - Parameters:
    ///   - port: On 127.0.0.1.
    ///   - reads: `false` to leave answers in the socket until ``startReading()``.
    ///   - tls: How it speaks TLS; `nil` speaks none.
    ///   - source: The client's own address; the system's choice if `nil`.
    /// - Returns: The connected client, its TLS handshake done.
    /// - Throws: The system's error, or why there was no handshake.
    package static func connect(
        port: Int,
        reads: Bool = true,
        tls: ClientSecurity? = nil,
        from source: String? = nil
    ) async throws -> RawClient {
        let address = try SocketAddress(ipAddress: "127.0.0.1", port: port)
        let local = try source.map { try SocketAddress(ipAddress: $0, port: 0) }
        return try await self.connect(to: address, from: local, reads: reads, tls: tls)
    }

    /// Connects to a server on a Unix socket.
    package static func connect(unixSocketPath: String) async throws -> RawClient {
        try await self.connect(to: SocketAddress(unixDomainSocketPath: unixSocketPath), reads: true, tls: nil)
    }

    private static func connect(
        to address: SocketAddress,
        from local: SocketAddress? = nil,
        reads: Bool,
        tls: ClientSecurity?
    ) async throws -> RawClient {
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        let (channel, inbox) = try await (local.map { bootstrap.bind(to: $0) } ?? bootstrap)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: reads || tls != nil)
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let inbox = Inbox(handshake: channel.eventLoop.makePromise())
                    if let tls { try channel.pipeline.syncOperations.addHandler(tls.makeHandler()) }
                    try channel.pipeline.syncOperations.addHandler(inbox)
                    return (channel, NIOLoopBound(inbox, eventLoop: channel.eventLoop))
                }
            }
        if tls != nil {
            try await channel.eventLoop.flatSubmit { inbox.value.handshake.futureResult }.get()
            try await channel.setOption(.autoRead, value: reads).get()
        }
        return RawClient(channel: channel, inbox: inbox)
    }

    /// The serial number of the server's certificate, in hexadecimal digits.
    package func serverSerial() async throws -> String? {
        try await self.channel.nioSSL_peerCertificate().map { certificate in
            certificate?.serialNumber.map { String(format: "%02X", $0) }.joined()
        }.get()
    }

    /// What ALPN settled on.
    package func negotiatedProtocol() async throws -> String? {
        try await self.channel.eventLoop.submit { self.inbox.value.negotiatedProtocol }.get()
    }

    /// Whether the server ended the connection with a farewell inside TLS.
    package func endedInPeace() async throws -> Bool {
        try await self.channel.eventLoop.submit { self.inbox.value.endedInPeace }.get()
    }

    /// Sends text as it is.
    package func send(_ text: String) async throws {
        try await self.channel.writeAndFlush(ByteBuffer(string: text))
    }

    /// Sends bytes as they are.
    package func send(_ bytes: ByteBuffer) async throws {
        try await self.channel.writeAndFlush(bytes)
    }

    /// Closes the sending side only.
    package func finishSending() async throws {
        try await self.channel.close(mode: .output)
    }

    package func close() async {
        try? await self.channel.close()
    }

    package func startReading() async throws {
        try await self.channel.setOption(.autoRead, value: true).get()
    }

    /// Waits until what arrived satisfies `isEnough`, and takes it all.
    ///
    /// - Parameters:
    ///   - limit: How long it may take.
    ///   - isEnough: Called with everything received and not taken yet, and whether the server closed.
    /// - Returns: What was received.
    /// - Throws: ``TimedOut``.
    package func read(
        within limit: TimeAmount = .seconds(30),
        until isEnough: @escaping @Sendable (_ text: String, _ isClosed: Bool) -> Bool
    ) async throws -> String {
        try await self.channel.eventLoop.flatSubmit {
            self.inbox.value.wait(self.channel.eventLoop, limit, isEnough)
        }.get()
    }

    /// Reads until the server closes.
    package func readToEnd() async throws -> String {
        try await self.read { _, isClosed in isClosed }
    }

    /// Reads until `text` has arrived.
    package func read(through text: String) async throws -> String {
        try await self.read { received, isClosed in isClosed || received.contains(text) }
    }

    /// Bytes received in all, taken or not.
    package func receivedCount() async throws -> Int {
        try await self.channel.eventLoop.submit { self.inbox.value.total }.get()
    }

    /// Waits until so many bytes have been received in all, without keeping them.
    package func count(upTo count: Int, within limit: TimeAmount = .seconds(60)) async throws {
        _ = try await self.channel.eventLoop.flatSubmit {
            self.inbox.value.keepsBytes = false
            return self.inbox.value.wait(self.channel.eventLoop, limit) { [inbox = self.inbox] _, isClosed in
                isClosed || inbox.value.total >= count
            }
        }.get()
    }
}

/// Collects what a client receives.
private final class Inbox: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private struct Waiter {
        var isEnough: @Sendable (String, Bool) -> Bool
        var promise: EventLoopPromise<String>
    }

    let handshake: EventLoopPromise<Void>
    private(set) var negotiatedProtocol: String?
    private var hasFailed = false
    var endedInPeace: Bool { self.isClosed && !self.hasFailed }
    private(set) var total = 0
    var keepsBytes = true
    private var bytes = ByteBuffer()
    private var isClosed = false
    private var waiter: Waiter?

    init(handshake: EventLoopPromise<Void>) {
        self.handshake = handshake
    }

    func wait(
        _ eventLoop: any EventLoop,
        _ limit: TimeAmount,
        _ isEnough: @escaping @Sendable (String, Bool) -> Bool
    ) -> EventLoopFuture<String> {
        let promise = eventLoop.makePromise(of: String.self)
        self.waiter = Waiter(isEnough: isEnough, promise: promise)
        let timer = eventLoop.assumeIsolated().scheduleTask(in: limit) {
            promise.fail(RawClient.TimedOut(received: String(buffer: self.bytes)))
            self.waiter = nil
        }
        promise.futureResult.assumeIsolated().whenComplete { _ in timer.cancel() }
        self.check()
        return promise.futureResult
    }

    private func check() {
        guard let waiter = self.waiter else { return }
        let text = String(buffer: self.bytes)
        guard waiter.isEnough(text, self.isClosed) else { return }
        self.waiter = nil
        self.bytes.clear()
        waiter.promise.succeed(text)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var chunk = self.unwrapInboundIn(data)
        self.total += chunk.readableBytes
        if self.keepsBytes { self.bytes.writeBuffer(&chunk) }
        self.check()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent {
            self.negotiatedProtocol = negotiated
            self.handshake.succeed()
        }
        if case ChannelEvent.inputClosed? = event as? ChannelEvent {
            self.isClosed = true
            self.check()
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.handshake.fail(ChannelError.eof)
        self.isClosed = true
        self.check()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.handshake.fail(ChannelError.ioOnClosedChannel)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.handshake.fail(error)
        self.hasFailed = true
        context.close(promise: nil)
    }
}
