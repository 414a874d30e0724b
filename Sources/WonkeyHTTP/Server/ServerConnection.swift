internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOSSL
internal import Synchronization
import WonkeyCore

/// One client connection: moves bytes between the socket, the parser and the exchange under way.
///
/// ``ConnectionLife`` decides what follows what, ``ConnectionWait`` what is late, ``ServerOutput`` gathers writes.
final class ServerConnection: ChannelInboundHandler, RemovableChannelHandler, LoopConnection, ServerWire {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    let loop: ServerLoop
    let output: ServerOutput
    /// Bytes read and not consumed.
    var input = ByteBuffer()
    private(set) var remoteAddress = PeerAddress(ip: "unix", port: 0)
    private(set) var localAddress = PeerAddress(ip: "unix", port: 0)
    private(set) var isWritable = true
    /// The socket's side of TLS, if the client speaks it.
    private let transport: TLSTransport?
    private var context: ChannelHandlerContext?
    private var parser: RequestParser
    private var life: ConnectionLife
    private var wait = ConnectionWait()
    private var bodyDeadline = BodyDeadline()
    private var exchange: ServerExchange?
    /// What is left of a body while it is dropped.
    private var discarded = BodyDecoder(length: 0)
    /// Whether a step changed the stage, so that another may follow.
    private var hasMoved = false
    private var isProcessing = false
    private var isReadOutstanding = false
    private var isInRead = false
    /// Whether it may yet turn out that the client speaks HTTP/2; decided by the connection's first bytes.
    private var takesHTTP2: Bool
    private var isHandedOver = false

    var limits: ServerLimits { self.loop.limits }

    var isLastRequest: Bool { self.life.isLastRequest }

    /// Of a client that proved who it is.
    var clientCertificate: ClientCertificate? { self.transport?.clientCertificate }

    var scheme: String { self.transport == nil ? "http" : "https" }

    /// Makes one.
    ///
    /// - Parameters:
    ///   - loop: Serves the requests.
    ///   - allocator: For what is written.
    ///   - transport: The socket's side of TLS.
    ///   - takesHTTP2: Whether the client may speak HTTP/2 without having asked (RFC 9113 §3.3).
    init(
        loop: ServerLoop,
        allocator: ByteBufferAllocator,
        transport: TLSTransport? = nil,
        takesHTTP2: Bool = false
    ) {
        self.loop = loop
        self.takesHTTP2 = takesHTTP2
        self.transport = transport
        self.output = ServerOutput(allocator: allocator, turn: loop.flushTurn, transport: transport)
        self.parser = RequestParser(limits: loop.limits)
        self.life = ConnectionLife(
            limits: loop.limits,
            isDraining: loop.shared.isDraining.load(ordering: .relaxed)
        )
    }
}

// MARK: - Events of the channel

extension ServerConnection {
    /// After a TLS handshake the channel is active already.
    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { self.open(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        self.open(context)
    }

    private func open(_ context: ChannelHandlerContext) {
        self.context = context
        self.output.open(context)
        self.output.onSlowSocket = { [weak self] in self?.expectProgress() }
        self.remoteAddress = self.loop.clientAddress(of: context.channel)
        self.localAddress = PeerAddress(context.channel.localAddress)
        self.loop.opened(self)
        self.expect(.request, within: self.limits.keepAliveTimeout)
        self.armRead()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = self.unwrapInboundIn(data)
        self.isReadOutstanding = false
        self.isInRead = true
        self.bodyDeadline.received(bytes.readableBytes)
        if self.input.readableBytes == 0 {
            self.input = bytes
        } else {
            self.input.writeBuffer(&bytes)
        }
        self.process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.isInRead = false
        self.armRead()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.isWritable = context.channel.isWritable
        if !self.isWritable {
            self.expectProgress()
        } else if self.wait.subject == .write {
            self.wait.end()
            if self.exchange?.awaitsBody == true { self.expectBody() }
        }
        self.exchange?.writabilityChanged(isWritable: self.isWritable)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed? = event as? ChannelEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        switch self.life.inputEnded(isBodyComplete: self.exchange?.isBodyComplete ?? true) {
        case .none: break
        case .close: self.close()
        case .cancelExchange: self.fail(.clientGone)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // The end of the connection follows, and means the same with a farewell and without: requests tell their own end.
        if error as? NIOSSLError == .uncleanShutdown { return }
        self.loop.shared.logger.debug("downstream connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.fail(.clientGone)
    }

    /// The last event, also of a connection that was reset before it became active.
    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.output.close()
        if !self.isHandedOver { self.loop.closed(self) }
    }
}

// MARK: - Progress

extension ServerConnection {
    /// Does all that can be done without reading more.
    func process() {
        guard !self.isProcessing else { return }
        self.isProcessing = true
        repeat {
            self.hasMoved = false
            self.step()
        } while self.hasMoved
        self.isProcessing = false
        if self.input.readableBytes == 0 { self.input = ByteBuffer() }
        if !self.isInRead { self.armRead() }
    }

    private func step() {
        switch self.life.stage {
        case .head: self.readHead()
        case .exchange: self.exchange?.deliverBody()
        case .discarding:
            switch self.discarded.discard(&self.input) {
            case .incomplete: break
            case .malformed: self.close()
            case .ended:
                self.life.bodyDiscarded()
                self.wait.end()
                self.hasMoved = true
            }
        case .lingering:
            let count = self.input.readableBytes
            self.input = ByteBuffer()
            if self.life.lingered(count) == .close { self.close() }
        case .closed: self.input = ByteBuffer()
        }
    }

    private func readHead() {
        if self.takesHTTP2 {
            let input = self.input
            switch HTTP2Preface.match(input.readableBytesUInt8Span) {
            case .no: self.takesHTTP2 = false
            case .yes: return self.handOver()
            case .incomplete:
                if self.input.readableBytes > 0, self.wait.subject != .head {
                    self.expect(.head, within: self.limits.headTimeout)
                }
                return
            }
        }
        switch self.parser.parse(&self.input) {
        case .incomplete:
            if self.parser.hasBegun {
                if self.wait.subject != .head { self.expect(.head, within: self.limits.headTimeout) }
            } else if self.wait.subject != .request {
                self.expect(.request, within: self.limits.keepAliveTimeout)
            }
        case .head(let head, let byteCount): self.begin(head, byteCount)
        case .malformed(let fault): self.refuse(fault)
        }
    }

    private func begin(_ head: RequestHead, _ byteCount: Int) {
        self.wait.end()
        self.life.headReceived()
        self.hasMoved = true
        let decoder = BodyDecoder(head.framing, limits: self.limits)
        let exchange = ServerExchange(wire: self, head: head, headByteCount: byteCount, decoder: decoder)
        self.exchange = exchange
        self.loop.shared.inFlightCount.add(1, ordering: .relaxed)
        exchange.begin(self.loop.factory.makeHandler(for: exchange), head)
    }

    /// The client speaks HTTP/2: makes way for that, and hands over what was read.
    private func handOver() {
        guard let context = self.context else { return }
        let origin = ConnectionOrigin(
            remoteAddress: self.remoteAddress,
            localAddress: self.localAddress,
            scheme: self.scheme
        )
        do {
            try HTTP2ServerConnection.begin(behind: self, context, loop: self.loop, origin: origin)
        } catch {
            return self.close()
        }
        self.isHandedOver = true
        self.loop.handedOver(self)
        _ = self.life.closed()
        self.wait.end()
        let input = self.input
        self.input = ByteBuffer()
        context.fireChannelRead(NIOAny(input))
        context.fireChannelReadComplete()
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }

    /// Answers a request that never became one, and closes (R6).
    private func refuse(_ fault: RequestParser.Fault) {
        let report = MalformedRequest(status: fault.status, reason: fault.reason, remoteAddress: self.remoteAddress)
        self.loop.shared.onMalformedRequest(report)
        _ = self.output.write { ResponseWriter.writeRefusal(fault, date: self.loop.dateLine, to: &$0) }
        self.life.headRefused()
        self.beginLingering()
    }

    func armRead() {
        guard !self.isReadOutstanding, self.life.isReadable, let context = self.context else { return }
        if let exchange = self.exchange {
            // Reading on tells whether the client is still there; what it sends early waits here, one read at most.
            guard exchange.isReadingBody || self.input.readableBytes == 0 else { return }
        }
        self.isReadOutstanding = true
        context.read()
    }

    var hasInput: Bool { self.input.readableBytes > 0 }

    func nextPart(_ decoder: inout BodyDecoder) -> ChunkedDecoder.Part { decoder.next(&self.input) }

    func discard(_ decoder: inout BodyDecoder) -> BodyDecoder.Discarded { decoder.discard(&self.input) }
}

// MARK: - Writing

extension ServerConnection {
    func writeInformational(_ head: ResponseHead) -> Int {
        defer { self.output.flush() }
        return self.output.write { ResponseWriter.writeInformational(head, to: &$0) }
    }

    func writeHead(_ head: ResponseHead, _ plan: ResponseWriter.Plan) -> Int {
        self.output.write { ResponseWriter.write(head, plan, date: self.loop.dateLine, to: &$0) }
    }

    func writeBody(_ chunk: ByteBuffer, asChunk: Bool) -> Int {
        guard asChunk else {
            self.output.write(chunk)
            return chunk.readableBytes
        }
        let before = self.output.write { buffer in
            buffer.writeHexadecimal(chunk.readableBytes)
            buffer.writeStaticString("\r\n")
        }
        self.output.write(chunk)
        return before + chunk.readableBytes + self.output.write { $0.writeStaticString("\r\n") }
    }

    func writeEnd(trailers: FieldSection?) -> Int {
        self.output.write { buffer in
            buffer.writeStaticString("0\r\n")
            trailers?.write(to: &buffer) { ForwardedTrailers.isAllowed($0) }
            buffer.writeStaticString("\r\n")
        }
    }

    func finishWrites(_ done: @escaping (_ succeeded: Bool) -> Void) {
        self.output.finish(done)
    }

    func flush() { self.output.flush() }
}

// MARK: - Ends

extension ServerConnection {
    /// The answer of `exchange` was handed to the socket; goes on with the next request or closes.
    func exchangeFinished(_ exchange: ServerExchange, closes: Bool) {
        guard self.exchange === exchange else { return }
        self.exchange = nil
        self.loop.shared.inFlightCount.subtract(1, ordering: .relaxed)
        self.wait.end()
        self.hasMoved = true
        switch self.life.answerSent(closes: closes, bodyLeft: exchange.decoder.bytesLeft) {
        case .readHead: break
        case .discardBody:
            self.discarded = exchange.decoder
            self.expect(.body, within: self.limits.bodyIdleTimeout)
        case .linger: self.beginLingering()
        case .close: self.close()
        }
    }

    /// Ends the exchange under way without an answer, and the connection.
    func fail(_ fault: DownstreamFault) {
        // First of all: closing may come back here, with a less telling fault.
        let exchange = self.exchange
        self.exchange = nil
        let isTruncated = exchange?.endsWithConnection == true
        if isTruncated { self.resetOnClose() }
        self.close(isTruncated ? .cut : .farewell)
        guard let exchange else { return }
        self.loop.shared.inFlightCount.subtract(1, ordering: .relaxed)
        exchange.end(fault)
    }

    func announceDrain() {
        self.life.drainAnnounced()
    }

    func beginDraining() {
        let isIdle = !self.parser.hasBegun && self.input.readableBytes == 0
        if self.life.drainBegan(isIdle: isIdle) == .close { self.close() }
    }

    func shutDown() {
        self.fail(.shutDown)
    }

    /// Makes a truncated answer visible where the end of the connection ends the body: resets instead of closing.
    private func resetOnClose() {
        _ = (self.context?.channel as? any SocketOptionProvider)?.setSoLinger(Glibc.linger(l_onoff: 1, l_linger: 0))
    }

    /// Closes the sending side behind everything written so far, and reads until the client closes too.
    private func beginLingering() {
        self.hasMoved = true
        self.expect(.linger, within: self.limits.lingerTimeout)
        self.output.finish { [weak self] succeeded in
            if succeeded { self?.context?.close(mode: .output, promise: nil) }
        }
    }

    private enum Closing { case farewell, cut }

    private func close(_ closing: Closing = .farewell) {
        guard self.life.closed() else { return }
        self.hasMoved = true
        self.wait.end()
        self.input = ByteBuffer()
        if closing == .cut, let transport = self.transport {
            transport.cut()
        } else {
            self.context?.close(promise: nil)
        }
    }
}

// MARK: - Deadlines

extension ServerConnection {
    private func expect(_ subject: ConnectionWait.Subject, within timeout: Duration) {
        let deadline = self.loop.deadline(after: timeout)
        guard subject == .write else { return self.wait.begin(subject, until: deadline) }
        let bytesMin = max(1, Int64(self.limits.answerRateMin) * timeout.inMilliseconds / 1_000)
        self.wait.begin(subject, until: deadline, bytesTaken: self.output.bytesTaken, bytesMin: bytesMin)
    }

    func expectBody() {
        guard self.wait.subject != .write else { return }
        self.wait.begin(.body, until: self.bodyDeadline.next(isWaiting: self.wait.subject == .body, on: self.loop))
    }

    func expectNoBody() {
        if self.wait.subject == .body { self.wait.end() }
    }

    private func expectProgress() {
        if self.wait.subject != .linger { self.expect(.write, within: self.limits.writeIdleTimeout) }
    }

    func checkDeadline(_ now: NIODeadline) {
        switch self.wait.action(at: now, bytesTaken: self.output.bytesTaken) {
        case .none: break
        case .close: self.close()
        case .refuseHead: self.refuse(RequestParser.Fault(status: 408, reason: .timedOut))
        case .failBody:
            self.wait.end()
            if let exchange = self.exchange { exchange.bodyTimedOut() } else { self.close() }
        case .waitOn: self.expectProgress()
        case .failWrite: self.fail(.writeTimedOut)
        }
    }
}
