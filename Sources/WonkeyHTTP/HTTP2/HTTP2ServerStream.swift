internal import NIOCore
internal import NIOHTTP2
internal import Synchronization
internal import WonkeyCore

/// One request on an HTTP/2 connection: moves frames between its stream and the exchange.
final class HTTP2ServerStream: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private static let frameHeadBytes = 9

    private let connection: HTTP2ServerConnection
    private var context: ChannelHandlerContext?
    private var exchange: ServerExchange?
    /// Body bytes that arrived and that nobody took yet; bounded by the stream's window.
    private var input = CircularBuffer<ByteBuffer>()
    /// What of the length the client gave was not taken yet; `nil` if it gave none.
    private var bytesLeft: Int64?
    private var trailers: FieldSection?
    private var hasHead = false
    /// The client has sent all it will.
    private var hasInputEnded = false
    /// Written, but held back until it is known whether something follows.
    private var kept: HTTP2Frame.FramePayload?
    private var isFlushScheduled = false
    private var isReadOutstanding = false
    private var isReset = false
    private var wait = ConnectionWait()
    private var bodyDeadline = BodyDeadline()
    private var bytesTaken: Int64 = 0
    private var hasWrittenEnd = false
    /// What the client still sends is dropped.
    private var isLeaving = false
    /// The stream ended, or is about to, by a fault or a reset.
    private var isBroken = false
    /// How long a client may take to end a request that was answered.
    private static let unreadGrace = TimeAmount.milliseconds(100)
    /// What the connection's client had taken of all streams when the wait for progress began.
    private var connectionBytesTaken: Int64 = 0

    init(_ connection: HTTP2ServerConnection) {
        self.connection = connection
    }

    private var limits: ServerLimits { self.loop.limits }
}

// MARK: - Events of the stream

extension HTTP2ServerStream {
    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        let id = try? context.channel.syncOptions?.getOption(HTTP2StreamChannelOptions.streamID)
        self.connection.opened(self, id ?? .rootStream)
        self.armRead()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data) {
        case .headers(let section):
            if section.endStream { self.hasInputEnded = true }
            if self.hasHead {
                self.trailers = HTTP2Request.trailers(section.headers, limits: self.limits)
            } else {
                self.hasHead = true
                self.begin(section)
            }
        case .data(let data):
            if data.endStream { self.hasInputEnded = true }
            if case .byteBuffer(let bytes) = data.data, bytes.readableBytes > 0, self.exchange != nil {
                self.input.append(bytes)
                self.bodyDeadline.received(bytes.readableBytes)
            }
        case .priority, .rstStream, .settings, .pushPromise, .ping, .goAway, .windowUpdate, .alternativeService,
            .origin:
            return
        }
        self.exchange?.deliverBody()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.isReadOutstanding = false
        self.armRead()
    }

    /// The library tells that there is room again while it writes a frame, and would put trailers in front of that frame:
    /// hence the turn of its own.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard !context.channel.isWritable else {
            return context.eventLoop.assumeIsolated().execute { if self.isWritable { self.becameWritable() } }
        }
        self.expectProgress()
        self.exchange?.writabilityChanged(isWritable: false)
    }

    private func becameWritable() {
        if self.wait.subject == .write {
            self.wait.end()
            if self.exchange?.awaitsBody == true { self.expectBody() }
        }
        self.exchange?.writabilityChanged(isWritable: true)
    }

    /// What goes wrong ends the stream, and that is told next.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.isBroken = true
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isReset = true
        self.connection.closed(self)
        // A stream that ended on both sides may end before the socket has taken all of the answer, which is told later.
        guard !self.hasWrittenEnd || self.isBroken else { return }
        self.fail(.clientGone)
    }

    /// The last event.
    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    private func begin(_ section: HTTP2Frame.FramePayload.Headers) {
        switch HTTP2Request.read(section.headers, endsStream: section.endStream, limits: self.limits) {
        case .malformed:
            self.report(400, .http2)
            self.reset(.protocolError)
        case .refused(let fault):
            self.report(fault.status, fault.reason)
            self.refuse(fault)
        case .head(let head, let byteCount):
            if case .length(let length) = head.framing { self.bytesLeft = length }
            let exchange = ServerExchange(
                wire: self,
                head: head,
                headByteCount: byteCount,
                decoder: BodyDecoder(length: 0)
            )
            self.exchange = exchange
            self.loop.shared.inFlightCount.add(1, ordering: .relaxed)
            exchange.begin(self.loop.factory.makeHandler(for: exchange), head)
        }
    }

    private func report(_ status: Int, _ reason: MalformedRequest.Reason) {
        self.loop.shared.onMalformedRequest(
            MalformedRequest(status: status, reason: reason, remoteAddress: self.remoteAddress)
        )
    }

    /// Answers a request that never became one.
    private func refuse(_ fault: RequestParser.Fault) {
        let body = ProblemDocument(status: fault.status, detail: fault.reason.detail).json()
        var head = ResponseHead(status: fault.status)
        head.fields.append(.contentType, "application/problem+json")
        head.fields.append(.cacheControl, "no-store")
        let headers = HTTP2Response.headers(head, contentLength: Int64(body.count), date: self.loop.date)
        self.keep(.headers(.init(headers: headers)))
        self.keep(.data(.init(data: .byteBuffer(ByteBuffer(bytes: body)))))
        self.writeLast(promise: nil)
        self.leaveUnread()
    }
}

// MARK: - Reading

extension HTTP2ServerStream: ServerWire {
    var loop: ServerLoop { self.connection.loop }
    var remoteAddress: PeerAddress { self.connection.origin.remoteAddress }
    var localAddress: PeerAddress { self.connection.origin.localAddress }
    var scheme: String { self.connection.origin.scheme }
    var clientCertificate: ClientCertificate? { self.connection.origin.clientCertificate }
    var isWritable: Bool { self.context?.channel.isWritable ?? false }
    /// Says nothing about the others on the connection.
    var isLastRequest: Bool { false }
    var hasInput: Bool { !self.input.isEmpty }

    func nextPart(_ decoder: inout BodyDecoder) -> ChunkedDecoder.Part {
        guard let chunk = self.input.first else {
            return self.hasInputEnded ? .end(trailers: self.trailers) : .incomplete
        }
        if let left = self.bytesLeft {
            // The last of it waits for the stream's end: were there more, it would be malformed, and the upstream must
            // not have taken it for whole by then (RFC 9113 §8.1.1).
            guard self.hasInputEnded || Int64(chunk.readableBytes) < left else { return .incomplete }
            self.bytesLeft = left - Int64(chunk.readableBytes)
        }
        self.input.removeFirst()
        return .data(chunk)
    }

    func discard(_ decoder: inout BodyDecoder) -> BodyDecoder.Discarded {
        self.input.removeAll()
        // The rest costs the connection nothing: the stream is reset behind the answer.
        return .ended
    }

    func armRead() {
        guard !self.isReadOutstanding, !self.isReset, !self.hasInputEnded, let context = self.context else { return }
        guard !self.hasHead || self.isLeaving || self.exchange?.isReadingBody == true else { return }
        self.isReadOutstanding = true
        context.read()
    }

    func process() {}
}

// MARK: - Writing

extension HTTP2ServerStream {
    func writeInformational(_ head: ResponseHead) -> Int {
        let headers = HTTP2Response.informational(head)
        self.keep(.headers(.init(headers: headers)))
        self.flush()
        return headers.byteCount
    }

    func writeHead(_ head: ResponseHead, _ plan: ResponseWriter.Plan) -> Int {
        let headers = HTTP2Response.headers(head, contentLength: plan.contentLength, date: self.loop.date)
        self.keep(.headers(.init(headers: headers)))
        return headers.byteCount
    }

    func writeBody(_ chunk: ByteBuffer, asChunk: Bool) -> Int {
        self.keep(.data(.init(data: .byteBuffer(chunk))))
        return chunk.readableBytes + Self.frameHeadBytes
    }

    func writeEnd(trailers: FieldSection?) -> Int {
        guard let headers = HTTP2Response.trailers(trailers) else { return 0 }
        self.keep(.headers(.init(headers: headers)))
        return headers.byteCount
    }

    func finishWrites(_ done: @escaping (_ succeeded: Bool) -> Void) {
        guard let context = self.context, !self.isReset else { return done(false) }
        let promise = context.eventLoop.makePromise(of: Void.self)
        var isDone = false
        promise.futureResult.assumeIsolated().whenComplete { result in
            isDone = true
            switch result {
            case .success: done(true)
            case .failure: done(false)
            }
        }
        self.writeLast(promise: promise)
        if !isDone { self.expectProgress() }
    }

    func flush() {
        self.writeKept()
        self.context?.flush()
    }

    private func keep(_ payload: HTTP2Frame.FramePayload) {
        self.writeKept()
        self.kept = payload
        self.scheduleFlush()
    }

    private func writeKept() {
        guard let payload = self.kept else { return }
        self.kept = nil
        self.write(payload, promise: nil)
    }

    /// Writes what is held back as the stream's end.
    private func writeLast(promise: EventLoopPromise<Void>?) {
        self.hasWrittenEnd = true
        let last = self.kept
        self.kept = nil
        switch last {
        case .headers(var section):
            section.endStream = true
            self.write(.headers(section), promise: promise)
        case .data(var data):
            data.endStream = true
            self.write(.data(data), promise: promise)
        default: self.write(.data(.init(data: .byteBuffer(ByteBuffer()), endStream: true)), promise: promise)
        }
        self.context?.flush()
    }

    private func write(_ payload: HTTP2Frame.FramePayload, promise: EventLoopPromise<Void>?) {
        guard let context = self.context, !self.isReset else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        guard case .data(let data) = payload, data.data.readableBytes > 0 else {
            context.write(self.wrapOutboundOut(payload), promise: promise)
            return
        }
        let taken = promise ?? context.eventLoop.makePromise(of: Void.self)
        let count = Int64(data.data.readableBytes)
        taken.futureResult.assumeIsolated().whenSuccess { self.bytesTaken += count }
        context.write(self.wrapOutboundOut(payload), promise: taken)
    }

    /// Flushes once per turn of the event loop.
    private func scheduleFlush() {
        guard !self.isFlushScheduled, let context = self.context else { return }
        self.isFlushScheduled = true
        context.eventLoop.assumeIsolated().execute {
            self.isFlushScheduled = false
            if self.kept != nil { self.flush() }
        }
    }
}

// MARK: - Ends

extension HTTP2ServerStream {
    func exchangeFinished(_ exchange: ServerExchange, closes: Bool) {
        guard self.exchange === exchange else { return }
        self.exchange = nil
        self.loop.shared.inFlightCount.subtract(1, ordering: .relaxed)
        self.wait.end()
        self.leaveUnread()
    }

    /// Tells the client, behind a complete answer, that the rest of its body is not wanted (RFC 9113 §8.1).
    ///
    /// Not at once: it may be about to end, and a client whose stream is reset may drop what it has not read of the answer.
    private func leaveUnread() {
        guard !self.hasInputEnded, let context = self.context else { return }
        self.isLeaving = true
        self.armRead()
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.unreadGrace) {
            if !self.hasInputEnded { self.reset(.noError) }
        }
    }

    func fail(_ fault: DownstreamFault) {
        let exchange = self.exchange
        self.exchange = nil
        self.wait.end()
        switch fault {
        case .aborted: self.reset(.internalError)
        case .clientGone, .writeTimedOut, .shutDown: self.reset(.cancel)
        }
        guard let exchange else { return }
        self.loop.shared.inFlightCount.subtract(1, ordering: .relaxed)
        exchange.end(fault)
    }

    private func reset(_ code: HTTP2ErrorCode) {
        guard !self.isReset, let context = self.context else { return }
        self.isReset = true
        self.kept = nil
        self.input.removeAll()
        context.writeAndFlush(self.wrapOutboundOut(.rstStream(code)), promise: nil)
    }
}

// MARK: - Deadlines

extension HTTP2ServerStream {
    func expectBody() {
        guard self.wait.subject != .write else { return }
        self.wait.begin(.body, until: self.bodyDeadline.next(isWaiting: self.wait.subject == .body, on: self.loop))
    }

    func expectNoBody() {
        if self.wait.subject == .body { self.wait.end() }
    }

    private func expectProgress() {
        self.connectionBytesTaken = self.connection.bytesTaken
        self.wait.begin(
            .write,
            until: self.loop.deadline(after: self.limits.writeIdleTimeout),
            bytesTaken: self.bytesTaken,
            bytesMin: self.progressBytesMin
        )
    }

    private var progressBytesMin: Int64 {
        max(1, Int64(self.limits.answerRateMin) * self.limits.writeIdleTimeout.inMilliseconds / 1_000)
    }

    /// Whether only the others on the connection keep this one waiting: the client takes what it can.
    private var isBehindOthers: Bool {
        self.connection.isHeldUp
            && self.connection.bytesTaken - self.connectionBytesTaken >= self.progressBytesMin
    }

    func checkDeadline(_ now: NIODeadline) {
        switch self.wait.action(at: now, bytesTaken: self.bytesTaken) {
        case .none, .close, .refuseHead: break
        case .failBody:
            self.wait.end()
            self.exchange?.bodyTimedOut()
        case .waitOn: self.expectProgress()
        case .failWrite: if self.isBehindOthers { self.expectProgress() } else { self.fail(.writeTimedOut) }
        }
    }
}
