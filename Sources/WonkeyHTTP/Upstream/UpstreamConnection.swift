internal import NIOCore

/// One connection to an upstream, which carries one exchange at a time.
final class UpstreamConnection: ChannelInboundHandler, UpstreamCarrier, FlushedWrites {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case idle
        case head
        case body(BodyDecoder)
        /// Something else than HTTP is spoken, until either side ends the connection.
        case tunnel
    }

    private enum Wait { case nothing, response, idle, reuse }

    private static let coalescedBytesMax = 4096
    private static let informationalMax = 32

    private let pool: UpstreamPool
    /// The socket's side of TLS, if the upstream speaks it.
    var transport: TLSTransport?
    /// Encrypted bytes received when it last became idle.
    private var bytesReadWhenIdle: Int64 = 0
    private var context: ChannelHandlerContext?
    /// Made when the connection first becomes idle.
    private var probe: ConnectionProbe?
    private var exchange: UpstreamExchange?
    private var phase = Phase.idle
    private var parser: ResponseParser
    private var input = ByteBuffer()
    /// A head without body, to be written before ``output``.
    private var unwrittenHead: ByteBuffer?
    private var output = ByteBuffer()
    private var keepsAlive = true
    private var requestCount = 0
    private var informationalCount = 0
    private var hasResponseByte = false
    private var isReadOutstanding = false
    private var isProcessing = false
    private var isClosed = false
    /// Why it ended, if it did not end in peace.
    private var loss: UpstreamFault?
    private var isFlushScheduled = false
    private var wait = Wait.nothing
    private var deadline = NIODeadline.distantFuture
    /// Bytes the socket had not taken when the request body began to wait for it.
    private var waitingBytesAtWait = 0
    private(set) var isWritable = true

    init(pool: UpstreamPool) {
        self.pool = pool
        self.parser = ResponseParser(
            headBytesMax: pool.settings.headBytesMax,
            fieldCountMax: pool.settings.fieldCountMax
        )
    }

    /// Whether it may carry another request now.
    var isUsable: Bool { !self.isClosed && self.exchange == nil && self.context != nil }

    /// Whether the upstream has neither closed it nor sent anything since it became idle; asks the socket.
    ///
    /// The read that is armed on an idle connection finds that out as well, but a turn of the event loop too late for a
    /// request that comes in the same turn. Under TLS any byte that came counts: what is in a record, even whether it is
    /// the end, is known only when it is here whole. Session tickets come with or before the first answer.
    var isQuiet: Bool {
        guard let probe = self.probe, probe.isQuiet else { return false }
        return self.transport?.bytesRead ?? 0 == self.bytesReadWhenIdle
    }

    /// Bytes held here: received and not delivered, written and not taken by the socket.
    var bufferedBytes: Int { self.input.readableBytes + self.output.readableBytes + self.waitingBytes }

    private var waitingBytes: Int {
        guard let options = self.context?.channel.syncOptions else { return 0 }
        return (try? options.getOption(.bufferedWritableBytes)) ?? 0
    }
}

// MARK: - Sending

extension UpstreamConnection {
    func start(_ exchange: UpstreamExchange) {
        self.exchange = exchange
        exchange.carrier = self
        exchange.isReusedConnection = self.requestCount > 0
        self.requestCount += 1
        self.phase = .head
        self.hasResponseByte = false
        self.informationalCount = 0
        self.expectNext()
        if case .none = exchange.head.framing {
            self.unwrittenHead = exchange.head.bytes
            self.scheduleFlush()
        } else {
            self.output.writeImmutableBuffer(exchange.head.bytes)
            self.inviteBody(exchange)
        }
    }

    /// In a turn of its own: the receiver hears nothing before `send` has returned.
    private func inviteBody(_ exchange: UpstreamExchange) {
        self.pool.eventLoop.assumeIsolated().execute {
            guard self.exchange === exchange else { return }
            exchange.receiver?.connectionReady()
            self.scheduleFlush()
        }
    }

    func write(_ chunk: ByteBuffer, asChunk: Bool) {
        guard asChunk else { return self.write(chunk) }
        self.output.writeHexadecimal(chunk.readableBytes)
        self.output.writeStaticString("\r\n")
        self.write(chunk)
        self.output.writeStaticString("\r\n")
    }

    private func write(_ chunk: ByteBuffer) {
        if chunk.readableBytes <= UpstreamConnection.coalescedBytesMax {
            self.output.writeImmutableBuffer(chunk)
        } else {
            self.handOver()
            self.context?.write(self.wrapOutboundOut(chunk), promise: nil)
        }
        self.scheduleFlush()
    }

    func endRequest(isChunked: Bool, trailers: FieldSection?) {
        if isChunked { self.output.writeStaticString("0\r\n\r\n") }
        if case .head = self.phase { self.expectNext() }
        self.scheduleFlush()
    }

    private func handOver() {
        guard let context = self.context else { return }
        if let head = self.unwrittenHead {
            self.unwrittenHead = nil
            context.write(self.wrapOutboundOut(head), promise: nil)
        }
        guard self.output.readableBytes > 0 else { return }
        context.write(self.wrapOutboundOut(self.output), promise: nil)
        self.output.clear(minimumCapacity: 1024)
    }

    private func flush() {
        self.handOver()
        self.context?.flush()
        self.armRead()
    }

    private func scheduleFlush() {
        guard !self.isFlushScheduled else { return }
        self.isFlushScheduled = true
        self.pool.flushTurn.add(self)
    }

    func turnEnded() {
        self.isFlushScheduled = false
        self.flush()
    }
}

// MARK: - Receiving

extension UpstreamConnection {
    private func process() {
        guard !self.isProcessing else { return }
        self.isProcessing = true
        while let exchange = self.exchange, !exchange.isPaused, self.step(exchange) {}
        self.isProcessing = false
        if self.input.readableBytes == 0 { self.input = ByteBuffer() }
    }

    /// Does the next thing the input allows; `false` if there is none.
    private func step(_ exchange: UpstreamExchange) -> Bool {
        switch self.phase {
        case .idle: return false
        case .head:
            switch self.parser.parse(&self.input, method: exchange.head.method) {
            case .incomplete:
                if self.isClosed { self.lost(exchange) }
                return false
            case .malformed: self.fail(.brokenFraming)
            case .head(let received): self.received(received, exchange)
            }
        case .tunnel:
            guard self.input.readableBytes > 0 else {
                if self.isClosed { self.tunnelEnded(exchange) }
                return false
            }
            let bytes = self.input
            self.input = ByteBuffer()
            exchange.receiver?.bodyReceived(bytes)
        case .body(var decoder):
            // Taken out, so that the decoder's state has one owner while it changes.
            self.phase = .idle
            let part = decoder.next(&self.input)
            self.phase = .body(decoder)
            switch part {
            case .incomplete: return self.bodyPaused(decoder, exchange)
            case .data(let chunk): exchange.receiver?.bodyReceived(chunk)
            case .end(let trailers): self.complete(exchange, trailers)
            case .malformed: self.fail(.brokenFraming)
            }
        }
        return true
    }

    private func received(_ received: ResponseParser.Received, _ exchange: UpstreamExchange) {
        if received.head.status == 101, let offer = exchange.head.upgrade {
            guard UpgradeOffer.isAccepted(by: received.head, offer) else { return self.fail(.brokenFraming) }
            self.keepsAlive = false
            self.phase = .tunnel
            self.expect(.nothing)
            exchange.becameTunnel()
            exchange.receiver?.upgraded(received.head)
            return
        }
        if received.head.status < 200 {
            self.informationalCount += 1
            guard received.head.status != 101, self.informationalCount <= UpstreamConnection.informationalMax else {
                return self.fail(.brokenFraming)
            }
            exchange.receiver?.informationalReceived(received.head)
            return
        }
        self.keepsAlive = received.keepsAlive
        self.phase = .body(self.decoder(received.framing))
        self.expectNext()
        exchange.receiver?.headReceived(received.head, framing: received.declared)
        if !received.keepsAlive, self.exchange === exchange, case .open = exchange.sending { exchange.stopSending() }
    }

    private func decoder(_ framing: ResponseParser.Framing) -> BodyDecoder {
        switch framing {
        case .none: BodyDecoder(length: 0)
        case .length(let length): BodyDecoder(length: length)
        case .untilClose: .untilClose
        case .chunked:
            BodyDecoder(
                chunked: ChunkedDecoder(
                    trailerBytesMax: self.pool.settings.headBytesMax,
                    trailerCountMax: self.pool.settings.fieldCountMax
                )
            )
        }
    }

    /// Whatever was spoken is over.
    private func tunnelEnded(_ exchange: UpstreamExchange) {
        if let loss = self.loss { self.fail(loss) } else { self.complete(exchange, nil) }
    }

    /// Nothing more of the body is here; always `false`.
    private func bodyPaused(_ decoder: BodyDecoder, _ exchange: UpstreamExchange) -> Bool {
        guard self.isClosed else { return false }
        if decoder.endsWithConnection, self.loss == nil {
            self.complete(exchange, nil)
        } else {
            self.fail(self.loss ?? .closedEarly)
        }
        return false
    }

    /// The response is whole; the connection serves others if nothing speaks against it.
    private func complete(_ exchange: UpstreamExchange, _ trailers: FieldSection?) {
        self.exchange = nil
        self.phase = .idle
        self.expect(.nothing)
        let isReusable =
            self.keepsAlive && exchange.isSendingComplete && !self.isClosed && self.input.readableBytes == 0
        if isReusable { self.pool.released(self) } else { self.close() }
        exchange.finish(.success(trailers))
    }

    /// The connection ended before the response began.
    private func lost(_ exchange: UpstreamExchange) {
        self.exchange = nil
        let isRepeatable = exchange.isRepeatable || self.unwrittenHead != nil
        if exchange.isReusedConnection, isRepeatable, !self.hasResponseByte, !exchange.wasRetried {
            self.pool.retry(exchange)
        } else {
            exchange.finish(.failure(self.loss ?? .closedEarly))
        }
    }

    private func fail(_ fault: UpstreamFault) {
        let exchange = self.exchange
        self.exchange = nil
        self.close()
        exchange?.finish(.failure(fault))
    }

    /// A request that was given up before it went out leaves no trace.
    func exchangeCancelled() {
        self.exchange = nil
        guard self.unwrittenHead != nil, !self.isClosed, !self.hasResponseByte else { return self.close() }
        self.unwrittenHead = nil
        self.phase = .idle
        self.requestCount -= 1
        self.expect(.nothing)
        self.pool.released(self)
    }

    func readingPaused() { self.expect(.nothing) }

    func readingResumed() {
        self.expectNext()
        self.process()
        self.armRead()
    }

    func close() {
        self.expect(.nothing)
        self.input = ByteBuffer()
        self.context?.close(promise: nil)
    }

    private func armRead() {
        guard !self.isReadOutstanding, !self.isClosed, let context = self.context else { return }
        if let exchange = self.exchange, exchange.isPaused { return }
        self.isReadOutstanding = true
        context.read()
    }
}

// MARK: - Events of the channel

extension UpstreamConnection {
    // Not `channelActive`: that comes after the connect future, which already starts the first exchange.
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.isReadOutstanding = false
        var bytes = self.unwrapInboundIn(data)
        // Nobody asked: whatever it is, it is no response (B12).
        guard self.exchange != nil else { return self.pool.dropped(self) }
        self.hasResponseByte = true
        if self.wait == .idle { self.expect(.idle) }
        if self.input.readableBytes == 0 { self.input = bytes } else { self.input.writeBuffer(&bytes) }
        self.process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.armRead()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.isWritable = context.channel.isWritable
        guard let exchange = self.exchange, case .open = exchange.sending else { return }
        if !self.isWritable { self.waitingBytesAtWait = self.waitingBytes }
        self.expectNext()
        exchange.receiver?.writabilityChanged(isWritable: self.isWritable)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.loss = UpstreamFault(losing: error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isClosed = true
        self.context = nil
        self.probe = nil
        self.transport = nil
        self.pool.closed(self)
        self.process()
    }
}

// MARK: - Deadlines

extension UpstreamConnection {
    /// Starts the time for whatever has to happen next; nothing has to while the receiver takes nothing.
    private func expectNext() {
        guard let exchange = self.exchange, !exchange.isPaused else { return self.expect(.nothing) }
        switch self.phase {
        case .idle, .tunnel: self.expect(.nothing)
        case .head: self.expect(exchange.isSendingComplete ? .response : .idle)
        case .body: self.expect(.idle)
        }
    }

    private func expect(_ wait: Wait) {
        self.wait = wait
        switch wait {
        case .nothing: self.deadline = .distantFuture
        case .response: self.deadline = self.pool.deadline(after: self.pool.timeouts.response)
        case .idle: self.deadline = self.pool.deadline(after: self.pool.timeouts.idle)
        case .reuse: self.deadline = self.pool.deadline(after: self.pool.timeouts.reuse)
        }
    }

    /// Starts the time an unused connection is kept.
    func becameIdle() {
        self.bytesReadWhenIdle = self.transport?.bytesRead ?? 0
        if self.probe == nil { self.probe = self.context.map { ConnectionProbe($0.channel) } }
        self.expect(.reuse)
        self.armRead()
    }

    func checkDeadline(_ now: NIODeadline) {
        guard now >= self.deadline else { return }
        switch self.wait {
        case .nothing: break
        case .reuse: self.pool.dropped(self)
        case .response: self.fail(.responseTimedOut)
        case .idle: self.idleTimedOut()
        }
    }

    /// Silence is the upstream's fault only while something is expected of it.
    private func idleTimedOut() {
        guard case .open? = self.exchange?.sending else { return self.fail(.idleTimedOut) }
        let waiting = self.waitingBytes
        // The client is slow with its body, which its own deadline watches, or the upstream is slow but takes some.
        guard self.isWritable || waiting < self.waitingBytesAtWait else { return self.fail(.idleTimedOut) }
        self.waitingBytesAtWait = waiting
        self.expect(.idle)
    }
}
