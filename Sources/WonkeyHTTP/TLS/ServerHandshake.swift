internal import NIOCore
internal import NIOSSL
internal import NIOTLS
import WonkeyCore

/// Stands for a client connection until its TLS handshake is done, then makes way for what the client speaks.
///
/// Stands behind the TLS handler; its time is that of the whole handshake.
final class ServerHandshake: ChannelInboundHandler, RemovableChannelHandler, LoopConnection {
    typealias InboundIn = ByteBuffer

    private let loop: ServerLoop
    private let transport: TLSTransport
    private let report: @Sendable (HandshakeOutcome) -> Void
    private var deadline = NIODeadline.distantFuture
    private var isReported = false
    private var isHandedOver = false

    private init(loop: ServerLoop, transport: TLSTransport) {
        self.loop = loop
        self.transport = transport
        self.report = loop.shared.onHandshake
    }

    /// Builds the pipeline of a connection that begins with a handshake; called on its event loop.
    static func begin(on channel: any Channel, _ tls: ServerTLS, _ loop: ServerLoop) throws {
        let transport = TLSTransport()
        let handshake = ServerHandshake(loop: loop, transport: transport)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(PlainTextGuard(handshake))
        try pipeline.addHandler(transport)
        try pipeline.addHandler(tls.makeHandler())
        // Last, because from then on it counts the connection as closed.
        try pipeline.addHandler(handshake)
    }

    func channelActive(context: ChannelHandlerContext) {
        self.loop.opened(self)
        self.deadline = self.loop.deadline(after: self.loop.limits.handshakeTimeout)
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted(let agreed)? = event as? TLSUserEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        self.note(.completed)
        self.handOver(context, to: agreed.flatMap(TLSProtocol.init) ?? .http1)
    }

    /// What ALPN settled on decides here what comes next.
    private func handOver(_ context: ChannelHandlerContext, to agreed: TLSProtocol) {
        let tls = try? context.pipeline.syncOperations.handler(type: NIOSSLServerHandler.self)
        self.transport.clientCertificate = tls?.peerCertificate.map { ClientCertificate($0) }
        do {
            switch agreed {
            case .http1:
                let connection = ServerConnection(
                    loop: self.loop,
                    allocator: context.channel.allocator,
                    transport: self.transport
                )
                try context.pipeline.syncOperations.addHandler(connection, position: .after(self))
            case .http2:
                let origin = ConnectionOrigin(
                    remoteAddress: self.loop.clientAddress(of: context.channel),
                    localAddress: PeerAddress(context.channel.localAddress),
                    scheme: "https",
                    clientCertificate: self.transport.clientCertificate
                )
                try HTTP2ServerConnection.begin(behind: self, context, loop: self.loop, origin: origin)
            }
        } catch {
            return self.transport.cut()
        }
        self.isHandedOver = true
        self.loop.handedOver(self)
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    /// The TLS handler closes the connection itself.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.note(HandshakeOutcome(error))
    }

    /// The client speaks plain HTTP; it gets the returned answer, and its connection ends at the deadline at last.
    func plainTextReceived(from client: PeerAddress) -> ByteBuffer {
        self.note(.plainText)
        let fault = RequestParser.Fault(status: 400, reason: .plainText)
        self.loop.shared.onMalformedRequest(
            MalformedRequest(status: fault.status, reason: fault.reason, remoteAddress: client)
        )
        var answer = ByteBuffer()
        ResponseWriter.writeRefusal(fault, date: self.loop.dateLine, to: &answer)
        return answer
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.note(.clientGone)
    }

    /// The last event, also of a connection that was reset before it became active.
    func handlerRemoved(context: ChannelHandlerContext) {
        if !self.isHandedOver { self.loop.closed(self) }
    }

    private func note(_ outcome: HandshakeOutcome) {
        guard !self.isReported else { return }
        self.isReported = true
        self.report(outcome)
    }

    func checkDeadline(_ now: NIODeadline) {
        guard now >= self.deadline else { return }
        self.note(.timedOut)
        self.transport.cut()
    }

    /// A client that has begun to connect is still served: its first answer is its last.
    func beginDraining() {}

    func shutDown() {
        self.isReported = true
        self.transport.cut()
    }
}
