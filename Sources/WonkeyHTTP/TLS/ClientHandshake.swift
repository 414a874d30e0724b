internal import NIOCore
internal import NIOSSL
internal import NIOTLS

/// Stands behind the TLS handler of a connection to an upstream until its handshake is done.
final class ClientHandshake: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let tls: ClientTLS
    private let transport: TLSTransport
    private let promise: EventLoopPromise<TLSProtocol?>
    private var isOver = false

    private init(_ tls: ClientTLS, _ transport: TLSTransport, _ promise: EventLoopPromise<TLSProtocol?>) {
        self.tls = tls
        self.transport = transport
        self.promise = promise
    }

    /// Puts TLS into a connection's pipeline and begins the handshake; called on its event loop.
    ///
    /// - Parameters:
    ///   - channel: Connected, without handlers.
    ///   - tls: Of the upstream.
    ///   - deadline: When the handshake is to be given up.
    ///   - promise: Completed when the handshake is done, with what ALPN settled on, or has failed, also if this throws.
    /// - Returns: The socket's side.
    /// - Throws: What the TLS library does not like about the server's name.
    static func begin(
        on channel: any Channel,
        _ tls: ClientTLS,
        until deadline: NIODeadline,
        _ promise: EventLoopPromise<TLSProtocol?>
    ) throws -> TLSTransport {
        let transport = TLSTransport()
        let handshake = ClientHandshake(tls, transport, promise)
        let pipeline = channel.pipeline.syncOperations
        do {
            try pipeline.addHandler(transport)
            // From here on, what the handshake comes to is told behind the handler that makes it.
            try pipeline.addHandler(handshake)
            try pipeline.addHandler(tls.makeHandler(), position: .before(handshake))
        } catch {
            handshake.end(.failure(error))
            throw error
        }
        let timer = channel.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { handshake.timedOut() }
        promise.futureResult.assumeIsolated().whenComplete { _ in timer.cancel() }
        return transport
    }

    func handlerAdded(context: ChannelHandlerContext) {
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .handshakeCompleted(let agreed)? = event as? TLSUserEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        guard self.tls.accepts(try? context.pipeline.syncOperations.nioSSL_peerCertificate()) else {
            self.end(.failure(UpstreamFault.certificateRefused))
            // In a turn of its own: the TLS handler is in the middle of something.
            context.eventLoop.assumeIsolated().execute { self.transport.cut() }
            return
        }
        self.end(.success(agreed.flatMap(TLSProtocol.init)))
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    /// The TLS handler closes the connection itself.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.end(.failure(error))
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(.failure(ChannelError.eof))
        context.fireChannelInactive()
    }

    /// Also the last event of a connection that never became active.
    func handlerRemoved(context: ChannelHandlerContext) {
        self.end(.failure(ChannelError.ioOnClosedChannel))
    }

    private func timedOut() {
        self.end(.failure(UpstreamFault.connectTimedOut))
        self.transport.cut()
    }

    private func end(_ result: Result<TLSProtocol?, any Error>) {
        guard !self.isOver else { return }
        self.isOver = true
        self.promise.completeWith(result)
    }
}
