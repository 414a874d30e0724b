package import NIOCore
package import WonkeyCore

/// The server's side of one request; used on its event loop only.
package final class ServerExchange {
    private enum BodyState {
        /// Not asked for.
        case unread
        case reading
        case paused
        case ended
        /// Not to be read any more.
        case failed
    }

    package let eventLoop: any EventLoop
    package let remoteAddress: PeerAddress
    package let localAddress: PeerAddress
    /// `http` or `https`, of the connection.
    package let scheme: String
    /// Of a client that proved who it is.
    package let clientCertificate: ClientCertificate?
    /// The largest body this request may have; starts as ``ServerLimits/bodyBytesMax``, to be set before ``readBody(sendsContinue:)``.
    package var bodyBytesMax: Int64?
    /// Bytes of this request read so far, head included.
    package private(set) var bytesReceived: Int64
    /// Bytes of the answer written so far, head included.
    package private(set) var bytesSent: Int64 = 0
    /// What followed the body; set before ``RequestHandler/bodyEnded()`` is called.
    package private(set) var requestTrailers: FieldSection?

    private(set) var decoder: BodyDecoder
    private(set) var wire: (any ServerWire)?
    private var handler: (any RequestHandler)?
    private let method: Method
    private let version: HTTPVersion
    private let declaredLength: Int64?
    private let takesTrailers: Bool
    private var awaitsContinue: Bool
    private var closes: Bool
    private var bodyState = BodyState.unread
    private var bodyBytes: Int64 = 0
    private var answer = AnswerProgress()
    private var isDelivering = false
    /// Something else than HTTP is spoken, until the connection ends.
    private var isTunnel = false

    /// Makes the exchange of a request.
    ///
    /// - Parameters:
    ///   - wire: What it came on.
    ///   - head: Its head.
    ///   - headByteCount: Bytes the head took.
    ///   - decoder: Finds the end of the body, where the wire does not.
    init(wire: any ServerWire, head: RequestHead, headByteCount: Int, decoder: BodyDecoder) {
        self.wire = wire
        self.eventLoop = wire.loop.eventLoop
        self.remoteAddress = wire.remoteAddress
        self.localAddress = wire.localAddress
        self.scheme = wire.scheme
        self.clientCertificate = wire.clientCertificate
        self.bodyBytesMax = wire.loop.limits.bodyBytesMax
        self.bytesReceived = Int64(headByteCount)
        self.method = head.method
        self.version = head.version
        self.takesTrailers = head.wantsTrailers || head.version == .http2
        self.awaitsContinue = head.expectsContinue
        self.closes = !head.keepsAlive
        self.decoder = decoder
        switch head.framing {
        case .none: self.declaredLength = 0
        case .length(let length): self.declaredLength = length
        case .chunked: self.declaredLength = nil
        }
    }

    /// Whether the client takes more bytes now; writing on when it does not costs memory.
    package var isWritable: Bool { self.wire?.isWritable ?? false }

    /// Whether the answer has begun, so that its status can no longer be changed.
    package var hasBegunAnswer: Bool { self.answer.hasBegun }

    /// Whether the client takes the end of the connection for the end of the answer.
    var endsWithConnection: Bool { self.answer.endsWithConnection }
}

// MARK: - Reading

extension ServerExchange {
    /// Starts reading the body, after `100 Continue` if the client waits for it (F11).
    ///
    /// Buffered bytes are delivered before this returns. A body not asked for before the answer begins is dropped.
    ///
    /// - Parameter sendsContinue: `false` when somebody else's 100 is passed on instead.
    package func readBody(sendsContinue: Bool = true) {
        guard case .unread = self.bodyState, let wire = self.wire else { return }
        if let limit = self.bodyBytesMax, let length = self.declaredLength, length > limit {
            self.failBody(.tooLarge(limit: limit))
            return
        }
        self.bodyState = .reading
        if self.awaitsContinue, sendsContinue, !wire.hasInput {
            self.awaitsContinue = false
            _ = wire.writeInformational(ResponseHead(status: 100))
        }
        self.deliverBody()
        wire.armRead()
    }

    /// Stops delivery of body bytes until ``resumeBody()``.
    package func pauseBody() {
        guard case .reading = self.bodyState else { return }
        self.bodyState = .paused
        self.wire?.expectNoBody()
    }

    /// Continues delivery; buffered bytes are delivered before this returns.
    package func resumeBody() {
        guard case .paused = self.bodyState else { return }
        self.bodyState = .reading
        self.deliverBody()
        self.wire?.armRead()
    }

    var isReadingBody: Bool {
        if case .reading = self.bodyState { true } else { false }
    }

    /// Whether the client is late if nothing comes; in a tunnel nobody has to say anything.
    var awaitsBody: Bool { self.isReadingBody && !self.isTunnel }

    var isBodyComplete: Bool { self.decoder.isEnded }

    func begin(_ handler: any RequestHandler, _ head: RequestHead) {
        self.handler = handler
        handler.headReceived(head)
    }

    /// Hands buffered body bytes over as long as they are wanted.
    func deliverBody() {
        guard !self.isDelivering else { return }
        self.isDelivering = true
        defer { self.isDelivering = false }
        while case .reading = self.bodyState, let wire = self.wire {
            switch wire.nextPart(&self.decoder) {
            case .incomplete:
                if !self.isTunnel { wire.expectBody() }
                return
            case .data(let chunk): self.deliver(chunk)
            case .end(let trailers):
                self.bodyState = .ended
                self.awaitsContinue = false
                self.requestTrailers = trailers
                wire.expectNoBody()
                self.handler?.bodyEnded()
            case .malformed: self.failBody(.malformed)
            }
        }
    }

    private func deliver(_ chunk: ByteBuffer) {
        self.awaitsContinue = false
        self.bodyBytes += Int64(chunk.readableBytes)
        self.bytesReceived += Int64(chunk.readableBytes)
        if let limit = self.bodyBytesMax, self.bodyBytes > limit {
            self.failBody(.tooLarge(limit: limit))
        } else {
            self.handler?.bodyReceived(chunk)
        }
    }

    func bodyTimedOut() {
        self.failBody(.timedOut)
    }

    /// Tells the handler in a turn of its own: the call that found out may be the handler's.
    private func failBody(_ fault: BodyFault) {
        self.bodyState = .failed
        self.closes = true
        self.wire?.expectNoBody()
        self.eventLoop.assumeIsolated().execute { self.handler?.bodyFailed(fault) }
    }

    func writabilityChanged(isWritable: Bool) {
        self.handler?.writabilityChanged(isWritable: isWritable)
    }
}

// MARK: - Answering

extension ServerExchange {
    /// Sends a 1xx head at once; HTTP/1.0 clients get none (F10).
    package func sendInformational(_ head: ResponseHead) {
        guard let wire = self.wire, !self.hasBegunAnswer, self.version != .http10 else { return }
        guard (100..<200).contains(head.status), head.status != 101 else { return }
        if head.status == 100 {
            guard self.awaitsContinue else { return }
            self.awaitsContinue = false
        }
        self.bytesSent += Int64(wire.writeInformational(head))
    }

    /// Sends a 101 and leaves HTTP: from now on what the client sends is handed over as body bytes, and what is written
    /// goes out as it is, until either side ends the connection (F20).
    ///
    /// Only for a request whose ``UpgradeOffer`` was accepted.
    package func upgrade(_ head: ResponseHead) {
        guard let wire = self.wire, !self.hasBegunAnswer, self.version == .http11 else { return }
        self.isTunnel = true
        self.closes = true
        self.bodyBytesMax = nil
        self.decoder = .untilClose
        self.answer.begin(.untilClose)
        self.bytesSent += Int64(wire.writeInformational(head))
        self.bodyState = .reading
        self.deliverBody()
        wire.armRead()
    }

    /// Begins the answer.
    ///
    /// Framing fields in `head` are ignored: the server writes its own from `body`. For HEAD and 304, `body` says what
    /// a GET would have been answered with; nothing is sent of it.
    ///
    /// - Parameters:
    ///   - head: Status and fields.
    ///   - body: How the body ends; ``BodyFraming/none`` sends `Content-Length: 0` where a body is allowed.
    package func respond(_ head: ResponseHead, body: BodyFraming) {
        guard let wire = self.wire, !self.hasBegunAnswer else { return }
        self.settleUnreadBody(wire, status: head.status)
        let plan = ResponseWriter.plan(
            body: body,
            status: head.status,
            method: self.method,
            version: self.version,
            closes: self.closes || wire.isLastRequest
        )
        self.closes = plan.closes
        self.answer.begin(plan.framing)
        self.bytesSent += Int64(wire.writeHead(head, plan))
    }

    /// Writes a piece of the body; flushed together with whatever else this turn of the event loop writes.
    package func write(_ chunk: ByteBuffer) {
        let size = chunk.readableBytes
        guard let wire = self.wire, size > 0 else { return }
        switch self.answer.bytesWritten(size) {
        case .drop: return
        case .abort: return self.abort()
        case .send: self.bytesSent += Int64(wire.writeBody(chunk, asChunk: false))
        case .sendAsChunk: self.bytesSent += Int64(wire.writeBody(chunk, asChunk: true))
        }
    }

    /// Ends the answer and flushes it.
    ///
    /// - Parameter trailers: Sent only if the body is chunked and the client takes trailers.
    package func end(trailers: FieldSection? = nil) {
        guard let wire = self.wire else { return }
        switch self.answer.ended() {
        case .ignore: return
        case .abort: return self.abort()
        case .finish: break
        case .finishChunks: self.bytesSent += Int64(wire.writeEnd(trailers: self.takesTrailers ? trailers : nil))
        }
        wire.finishWrites { succeeded in
            if succeeded { self.finish() } else { wire.fail(.clientGone) }
        }
    }

    /// Gives up on the answer: closes behind what was written, so that the client sees that it is not complete.
    package func abort() {
        self.flush()
        self.wire?.fail(.aborted)
    }

    /// Hands written bytes to the socket now, instead of at the end of this turn of the event loop.
    package func flush() {
        self.wire?.flush()
    }

    /// Decides, before the answer begins, whether the rest of an unread body is worth reading (B10).
    ///
    /// The rest of a body that is too large never is (B15).
    private func settleUnreadBody(_ wire: any ServerWire, status: Int) {
        switch self.bodyState {
        case .reading, .paused, .ended: return
        case .failed: self.closes = true
        case .unread:
            self.bodyState = .failed
            switch wire.discard(&self.decoder) {
            case .ended: return
            case .malformed: self.closes = true
            case .incomplete:
                let left = self.decoder.bytesLeft ?? .max
                let isWorthIt = left <= Int64(wire.loop.limits.drainBytesMax) && status != 413
                if self.awaitsContinue || !isWorthIt { self.closes = true }
            }
        }
    }

    private func finish() {
        guard let wire = self.wire, let handler = self.handler else { return }
        self.wire = nil
        self.handler = nil
        wire.exchangeFinished(self, closes: self.closes)
        handler.finished(bytesSent: self.bytesSent)
        wire.process()
    }

    /// The connection is gone.
    func end(_ fault: DownstreamFault) {
        let handler = self.handler
        self.wire = nil
        self.handler = nil
        handler?.failed(fault)
    }
}
