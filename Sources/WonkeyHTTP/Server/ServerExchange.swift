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

    private(set) var decoder: BodyDecoder
    private(set) var connection: ServerConnection?
    private var handler: (any RequestHandler)?
    private let method: Method
    private let version: HTTPVersion
    private let declaredLength: Int64?
    private let wantsTrailers: Bool
    private var awaitsContinue: Bool
    private var closes: Bool
    private var bodyState = BodyState.unread
    private var bodyBytes: Int64 = 0
    private var answer = AnswerProgress()
    private var isDelivering = false

    init(connection: ServerConnection, head: RequestHead, headByteCount: Int) {
        let limits = connection.limits
        self.connection = connection
        self.eventLoop = connection.loop.eventLoop
        self.remoteAddress = connection.remoteAddress
        self.localAddress = connection.localAddress
        self.scheme = connection.scheme
        self.clientCertificate = connection.clientCertificate
        self.bodyBytesMax = limits.bodyBytesMax
        self.bytesReceived = Int64(headByteCount)
        self.method = head.method
        self.version = head.version
        self.wantsTrailers = head.wantsTrailers
        self.awaitsContinue = head.expectsContinue
        self.closes = !head.keepsAlive
        self.decoder = BodyDecoder(head.framing, limits: limits)
        switch head.framing {
        case .none: self.declaredLength = 0
        case .length(let length): self.declaredLength = length
        case .chunked: self.declaredLength = nil
        }
    }

    /// Whether the client takes more bytes now; writing on when it does not costs memory.
    package var isWritable: Bool { self.connection?.isWritable ?? false }

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
        guard case .unread = self.bodyState, let connection = self.connection else { return }
        if let limit = self.bodyBytesMax, let length = self.declaredLength, length > limit {
            self.failBody(.tooLarge(limit: limit))
            return
        }
        self.bodyState = .reading
        if self.awaitsContinue, sendsContinue, connection.input.readableBytes == 0 {
            self.awaitsContinue = false
            _ = connection.output.write { $0.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n") }
            connection.output.flush()
        }
        self.deliverBody()
        connection.armRead()
    }

    /// Stops delivery of body bytes until ``resumeBody()``.
    package func pauseBody() {
        guard case .reading = self.bodyState else { return }
        self.bodyState = .paused
        self.connection?.expectNoBody()
    }

    /// Continues delivery; buffered bytes are delivered before this returns.
    package func resumeBody() {
        guard case .paused = self.bodyState else { return }
        self.bodyState = .reading
        self.deliverBody()
        self.connection?.armRead()
    }

    var isReadingBody: Bool {
        if case .reading = self.bodyState { true } else { false }
    }

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
        while case .reading = self.bodyState, let connection = self.connection {
            switch self.decoder.next(&connection.input) {
            case .incomplete:
                connection.expectBody()
                return
            case .data(let chunk): self.deliver(chunk)
            case .end:
                self.bodyState = .ended
                self.awaitsContinue = false
                connection.expectNoBody()
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
        self.connection?.expectNoBody()
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
        guard let connection = self.connection, !self.hasBegunAnswer, self.version == .http11 else { return }
        guard (100..<200).contains(head.status), head.status != 101 else { return }
        if head.status == 100 {
            guard self.awaitsContinue else { return }
            self.awaitsContinue = false
        }
        let count = connection.output.write { ResponseWriter.writeInformational(head, to: &$0) }
        self.bytesSent += Int64(count)
        connection.output.flush()
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
        guard let connection = self.connection, !self.hasBegunAnswer else { return }
        self.settleUnreadBody(connection, status: head.status)
        let plan = ResponseWriter.plan(
            body: body,
            status: head.status,
            method: self.method,
            version: self.version,
            closes: self.closes || connection.isLastRequest
        )
        self.closes = plan.closes
        self.answer.begin(plan.framing)
        let count = connection.output.write {
            ResponseWriter.write(head, plan, date: connection.loop.dateLine, to: &$0)
        }
        self.bytesSent += Int64(count)
    }

    /// Writes a piece of the body; flushed together with whatever else this turn of the event loop writes.
    package func write(_ chunk: ByteBuffer) {
        let size = chunk.readableBytes
        guard let connection = self.connection, size > 0 else { return }
        switch self.answer.bytesWritten(size) {
        case .drop: return
        case .abort: return self.abort()
        case .send: connection.output.write(chunk)
        case .sendAsChunk:
            let overhead = connection.output.write { buffer in
                buffer.writeHexadecimal(size)
                buffer.writeStaticString("\r\n")
            }
            connection.output.write(chunk)
            self.bytesSent += Int64(overhead + connection.output.write { $0.writeStaticString("\r\n") })
        }
        self.bytesSent += Int64(size)
    }

    /// Ends the answer and flushes it.
    ///
    /// - Parameter trailers: Sent only if the body is chunked and the client takes trailers.
    package func end(trailers: FieldSection? = nil) {
        guard let connection = self.connection else { return }
        switch self.answer.ended() {
        case .ignore: return
        case .abort: return self.abort()
        case .finish: break
        case .finishChunks:
            let sent = self.wantsTrailers ? trailers : nil
            let count = connection.output.write { buffer in
                buffer.writeStaticString("0\r\n")
                sent?.write(to: &buffer) { ForwardedTrailers.isAllowed($0) }
                buffer.writeStaticString("\r\n")
            }
            self.bytesSent += Int64(count)
        }
        connection.finishWrites { succeeded in
            if succeeded { self.finish() } else { connection.fail(.clientGone) }
        }
    }

    /// Gives up on the answer: closes behind what was written, so that the client sees that it is not complete.
    package func abort() {
        self.flush()
        self.connection?.fail(.aborted)
    }

    /// Hands written bytes to the socket now, instead of at the end of this turn of the event loop.
    package func flush() {
        self.connection?.output.flush()
    }

    /// Decides, before the answer begins, whether the rest of an unread body is worth reading (B10).
    ///
    /// The rest of a body that is too large never is (B15).
    private func settleUnreadBody(_ connection: ServerConnection, status: Int) {
        switch self.bodyState {
        case .reading, .paused, .ended: return
        case .failed: self.closes = true
        case .unread:
            self.bodyState = .failed
            switch self.decoder.discard(&connection.input) {
            case .ended: return
            case .malformed: self.closes = true
            case .incomplete:
                let left = self.decoder.bytesLeft ?? .max
                let isWorthIt = left <= Int64(connection.limits.drainBytesMax) && status != 413
                if self.awaitsContinue || !isWorthIt { self.closes = true }
            }
        }
    }

    private func finish() {
        guard let connection = self.connection, let handler = self.handler else { return }
        self.connection = nil
        self.handler = nil
        connection.exchangeFinished(self, closes: self.closes)
        handler.finished(bytesSent: self.bytesSent)
        connection.process()
    }

    /// The connection is gone.
    func end(_ fault: DownstreamFault) {
        let handler = self.handler
        self.connection = nil
        self.handler = nil
        handler?.failed(fault)
    }
}
