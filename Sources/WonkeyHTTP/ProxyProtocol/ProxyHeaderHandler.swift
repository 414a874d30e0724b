internal import NIOCore

/// Stands for a client connection until a balancer has said whose it is, then lets TLS or HTTP have its bytes.
///
/// The first handler of its pipeline, and stays there: the client's name is kept as long as the connection. What is malformed, late or from elsewhere is closed without an answer: nobody knows
/// what language the other side speaks.
final class ProxyHeaderHandler: ChannelInboundHandler, LoopConnection {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let loop: ServerLoop
    private let rules: ProxyProtocolRules
    /// Adds what comes behind; called once, when the client is known.
    private let proceed: (any Channel) throws -> Void
    private let isSecure: Bool
    private var context: ChannelHandlerContext?
    private var received: [UInt8] = []
    private var deadline = NIODeadline.distantFuture
    private var isHandedOver = false

    init(
        loop: ServerLoop,
        rules: ProxyProtocolRules,
        isSecure: Bool,
        proceed: @escaping (any Channel) throws -> Void
    ) {
        self.loop = loop
        self.rules = rules
        self.isSecure = isSecure
        self.proceed = proceed
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelActive(context: ChannelHandlerContext) {
        self.loop.opened(self)
        guard self.rules.admits(PeerAddress(context.channel.remoteAddress)) else { return self.refuse(context) }
        self.deadline = self.loop.deadline(after: self.loop.limits.handshakeTimeout)
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if self.isHandedOver { return context.fireChannelRead(data) }
        self.received += self.unwrapInboundIn(data).readableBytesView
        switch ProxyHeader.read(self.received) {
        case .incomplete: break
        case .malformed: self.refuse(context)
        case .complete(let header): self.handOver(context, header)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if self.isHandedOver { context.fireChannelReadComplete() } else { context.read() }
    }

    private func handOver(_ context: ChannelHandlerContext, _ header: ProxyHeader) {
        if let client = header.client { self.loop.announce(client, for: context.channel) }
        self.isHandedOver = true
        do {
            try self.proceed(context.channel)
        } catch {
            self.isHandedOver = false
            return context.close(promise: nil)
        }
        self.loop.handedOver(self)
        // HTTP begins when its handler is added, a handshake when its channel becomes active.
        if self.isSecure { context.fireChannelActive() }
        let rest = self.received[header.byteCount...]
        self.received = []
        if !rest.isEmpty { context.fireChannelRead(self.wrapInboundOut(ByteBuffer(bytes: rest))) }
    }

    private func refuse(_ context: ChannelHandlerContext) {
        let peer = PeerAddress(context.channel.remoteAddress)
        self.loop.shared.onMalformedRequest(MalformedRequest(status: 0, reason: .proxyHeader, remoteAddress: peer))
        context.close(promise: nil)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // A client that closes its side before it has said anything.
        if !self.isHandedOver, case ChannelEvent.inputClosed? = event as? ChannelEvent {
            return context.close(promise: nil)
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if self.isHandedOver { context.fireErrorCaught(error) } else { context.close(promise: nil) }
    }

    /// The last event, also of a connection that was reset before it became active.
    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.loop.forget(context.channel)
        if !self.isHandedOver { self.loop.closed(self) }
    }

    func checkDeadline(_ now: NIODeadline) {
        guard now >= self.deadline, let context = self.context else { return }
        self.refuse(context)
    }

    /// A client that has begun to connect is still served: its first answer is its last.
    func beginDraining() {}

    func shutDown() {
        self.context?.close(promise: nil)
    }
}
