internal import NIOCore
internal import NIOHTTP2

/// One exchange on an HTTP/2 connection to an upstream.
final class HTTP2UpstreamStream: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private enum Phase { case opening, head, body, over }
    private enum Wait { case nothing, response, idle }

    private static let informationalMax = 32

    private let connection: HTTP2UpstreamConnection
    private var exchange: UpstreamExchange?
    private var context: ChannelHandlerContext?
    private var phase = Phase.opening
    /// What arrived and the receiver has not taken; bounded by the stream's window.
    private var input = CircularBuffer<HTTP2Frame.FramePayload>()
    /// Written, but held back until it is known whether something follows.
    private var kept: ByteBuffer?
    private var isFlushScheduled = false
    private var isReadOutstanding = false
    private var isProcessing = false
    private var informationalCount = 0
    private var hasResponse = false
    /// How the upstream ended the stream before its answer was complete.
    private var resetCode: HTTP2ErrorCode?
    private var id: HTTP2StreamID?
    private var isClosed = false
    private var hasEnded = false
    private var wait = Wait.nothing
    private var deadline = NIODeadline.distantFuture

    init(_ exchange: UpstreamExchange, on connection: HTTP2UpstreamConnection) {
        self.exchange = exchange
        self.connection = connection
        self.expectNext()
    }

    private var pool: UpstreamPool { self.connection.pool }

    /// Bytes received and not delivered, written and not handed on.
    var bufferedBytes: Int {
        self.input.reduce(self.kept?.readableBytes ?? 0) { sum, payload in
            if case .data(let data) = payload { sum + data.data.readableBytes } else { sum }
        }
    }
}

// MARK: - Sending

extension HTTP2UpstreamStream: UpstreamCarrier {
    var isWritable: Bool { self.context?.channel.isWritable ?? false }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        guard let exchange = self.exchange else { return self.reset(.cancel) }
        let scheme = self.pool.settings.tls == nil ? "http" : "https"
        guard let headers = HTTP2OutgoingRequest.headers(exchange.head, scheme: scheme) else {
            return self.fail(.brokenFraming)
        }
        self.phase = .head
        let hasNoBody = exchange.head.framing == .none
        context.writeAndFlush(
            self.wrapOutboundOut(.headers(.init(headers: headers, endStream: hasNoBody))),
            promise: nil
        )
        self.id = try? context.channel.syncOptions?.getOption(HTTP2StreamChannelOptions.streamID)
        self.armRead()
        if !hasNoBody { exchange.receiver?.connectionReady() }
    }

    /// The connection takes no more streams.
    func failedToOpen() {
        guard case .opening = self.phase else { return }
        self.isClosed = true
        self.lost()
    }

    func write(_ chunk: ByteBuffer, asChunk: Bool) {
        self.writeKept()
        self.kept = chunk
        self.scheduleFlush()
    }

    func endRequest(isChunked: Bool, trailers: FieldSection?) {
        if let section = HTTP2Response.trailers(trailers) {
            self.writeKept()
            self.write(.headers(.init(headers: section, endStream: true)))
        } else {
            let last = self.kept ?? ByteBuffer()
            self.kept = nil
            self.write(.data(.init(data: .byteBuffer(last), endStream: true)))
        }
        if case .head = self.phase { self.expectNext() }
        self.context?.flush()
    }

    private func writeKept() {
        guard let chunk = self.kept else { return }
        self.kept = nil
        self.write(.data(.init(data: .byteBuffer(chunk))))
    }

    private func write(_ payload: HTTP2Frame.FramePayload) {
        self.context?.write(self.wrapOutboundOut(payload), promise: nil)
    }

    /// Flushes once per turn of the event loop.
    private func scheduleFlush() {
        guard !self.isFlushScheduled, let context = self.context else { return }
        self.isFlushScheduled = true
        context.eventLoop.assumeIsolated().execute {
            self.isFlushScheduled = false
            self.writeKept()
            self.context?.flush()
        }
    }
}

// MARK: - Receiving

extension HTTP2UpstreamStream {
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let payload = self.unwrapInboundIn(data)
        switch payload {
        case .headers, .data: self.input.append(payload)
        case .priority, .rstStream, .settings, .pushPromise, .ping, .goAway, .windowUpdate, .alternativeService,
            .origin:
            return
        }
        if self.wait == .idle { self.expect(.idle) }
        self.process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.isReadOutstanding = false
        self.armRead()
    }

    /// The library tells that there is room again while it writes a frame, and would put trailers in front of that frame:
    /// hence the turn of its own.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return self.tellWritability() }
        context.eventLoop.assumeIsolated().execute { if self.isWritable { self.tellWritability() } }
    }

    private func tellWritability() {
        guard let exchange = self.exchange, case .open = exchange.sending else { return }
        self.expectNext()
        exchange.receiver?.writabilityChanged(isWritable: self.isWritable)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let closed = error as? NIOHTTP2Errors.StreamClosed {
            self.resetCode = closed.errorCode
        } else if error is any NIOHTTP2Error, self.resetCode == nil {
            self.resetCode = .protocolError
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isClosed = true
        self.process()
        guard self.exchange != nil else { return self.end() }
        // In a turn of its own: why the stream ended may be told behind its end.
        if self.input.isEmpty { context.eventLoop.assumeIsolated().execute { self.lost() } }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    private func process() {
        guard !self.isProcessing else { return }
        self.isProcessing = true
        while let exchange = self.exchange, !exchange.isPaused, let payload = self.input.popFirst() {
            self.received(payload, exchange)
        }
        self.isProcessing = false
    }

    private func received(_ payload: HTTP2Frame.FramePayload, _ exchange: UpstreamExchange) {
        switch (self.phase, payload) {
        case (.head, .headers(let section)): self.headReceived(section, exchange)
        case (.body, .headers(let section)):
            guard let trailers = HTTP2IncomingResponse.fields(section.headers, self.pool.settings) else {
                return self.fail(.brokenFraming)
            }
            self.complete(exchange, trailers)
        case (.body, .data(let data)):
            if case .byteBuffer(let bytes) = data.data, bytes.readableBytes > 0 {
                exchange.receiver?.bodyReceived(bytes)
            }
            if data.endStream, self.exchange === exchange { self.complete(exchange, nil) }
        default: self.fail(.brokenFraming)
        }
    }

    private func headReceived(_ section: HTTP2Frame.FramePayload.Headers, _ exchange: UpstreamExchange) {
        guard let head = HTTP2IncomingResponse.head(section.headers, self.pool.settings),
            let framing = HTTP2IncomingResponse.framing(head, endsStream: section.endStream)
        else { return self.fail(.brokenFraming) }
        self.hasResponse = true
        if head.status < 200 {
            self.informationalCount += 1
            guard head.status != 101, self.informationalCount <= Self.informationalMax, !section.endStream else {
                return self.fail(.brokenFraming)
            }
            exchange.receiver?.informationalReceived(head)
            return
        }
        self.phase = .body
        self.expectNext()
        exchange.receiver?.headReceived(head, framing: framing)
        if section.endStream, self.exchange === exchange { self.complete(exchange, nil) }
    }

    func readingPaused() { self.expect(.nothing) }

    func readingResumed() {
        self.expectNext()
        self.process()
        self.armRead()
        if self.isClosed, self.exchange != nil, self.input.isEmpty { self.lost() }
    }

    private func armRead() {
        guard !self.isReadOutstanding, !self.isClosed, let context = self.context else { return }
        if let exchange = self.exchange, exchange.isPaused { return }
        self.isReadOutstanding = true
        context.read()
    }
}

// MARK: - Ends

extension HTTP2UpstreamStream {
    /// The response is whole; a request that is not is of no use any more.
    private func complete(_ exchange: UpstreamExchange, _ trailers: FieldSection?) {
        self.leave()
        if case .open = exchange.sending { exchange.stopSending() }
        if !exchange.isSendingComplete { self.reset(.noError) }
        exchange.finish(.success(trailers))
    }

    /// The stream ended before the response was complete.
    private func lost() {
        guard let exchange = self.exchange else { return }
        self.leave()
        let wasIgnored = self.resetCode == .refusedStream || self.connection.wasIgnored(self.id)
        let isFresh = !self.hasResponse && exchange.head.framing == .none && !exchange.wasRetried
        let mayRepeat = wasIgnored || (self.resetCode == nil && exchange.isReusedConnection && exchange.isRepeatable)
        if isFresh, mayRepeat {
            self.pool.retry(exchange)
        } else {
            exchange.finish(.failure(self.fault(wasIgnored: wasIgnored)))
        }
    }

    private func fault(wasIgnored: Bool) -> UpstreamFault {
        if let loss = self.connection.loss { return loss }
        if wasIgnored { return .overloaded }
        return self.resetCode == .protocolError ? .brokenFraming : .closedEarly
    }

    private func fail(_ fault: UpstreamFault) {
        guard let exchange = self.exchange else { return }
        self.leave()
        self.reset(.cancel)
        exchange.finish(.failure(fault))
    }

    func exchangeCancelled() {
        self.leave()
        self.reset(.cancel)
    }

    private func leave() {
        self.exchange = nil
        self.phase = .over
        self.kept = nil
        self.input.removeAll()
        self.expect(.nothing)
        if self.isClosed { self.end() }
    }

    private func end() {
        guard !self.hasEnded else { return }
        self.hasEnded = true
        self.connection.ended(self)
    }

    /// Tells the upstream that neither side needs the stream any more.
    private func reset(_ code: HTTP2ErrorCode) {
        guard !self.isClosed, let context = self.context else { return }
        context.writeAndFlush(self.wrapOutboundOut(.rstStream(code)), promise: nil)
    }
}

// MARK: - Deadlines

extension HTTP2UpstreamStream {
    private func expectNext() {
        guard let exchange = self.exchange, !exchange.isPaused else { return self.expect(.nothing) }
        switch self.phase {
        case .opening, .head: self.expect(exchange.isSendingComplete ? .response : .idle)
        case .body: self.expect(.idle)
        case .over: self.expect(.nothing)
        }
    }

    private func expect(_ wait: Wait) {
        self.wait = wait
        switch wait {
        case .nothing: self.deadline = .distantFuture
        case .response: self.deadline = self.pool.deadline(after: self.pool.timeouts.response)
        case .idle: self.deadline = self.pool.deadline(after: self.pool.timeouts.idle)
        }
    }

    func checkDeadline(_ now: NIODeadline) {
        guard now >= self.deadline else { return }
        // Silence is the upstream's fault only while something is expected of it.
        if self.wait == .idle, case .open? = self.exchange?.sending, self.isWritable { return self.expect(.idle) }
        // Others may wait for the same silence: let them not be joined by more.
        self.connection.retire()
        self.fail(self.wait == .response ? .responseTimedOut : .idleTimedOut)
    }
}
