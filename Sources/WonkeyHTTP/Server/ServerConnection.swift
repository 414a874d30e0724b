internal import Glibc
internal import Logging
internal import NIOCore
internal import Synchronization

/// One client connection: moves bytes between the socket, the parser and the exchange under way.
final class ServerConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum Phase {
        /// Between requests, or within a head.
        case head
        case exchange(ServerExchange)
        /// The answer is out; the rest of a small body is dropped to keep the connection (B10).
        case discarding(BodyDecoder)
        /// Half-closed; read until the client closes too, so that it gets the answer (F16).
        case lingering(bytesLeft: Int)
        case closed
    }

    private enum Wait { case nothing, head, keepAlive, body, write, linger }

    /// Chunks up to this size are copied behind the bytes before them, so that they leave in one write.
    private static let coalescedBytesMax = 4096

    let loop: ServerLoop
    /// Bytes read and not consumed.
    var input = ByteBuffer()
    private var output: ByteBuffer
    private var context: ChannelHandlerContext?
    private var parser: RequestParser
    private(set) var phase = Phase.head
    /// Grows with each change of ``phase``.
    private var generation = 0
    private var isProcessing = false
    private var isReadOutstanding = false
    private var isInRead = false
    private var needsFlush = false
    private var isFlushScheduled = false
    private var inputEnded = false
    private(set) var isWritable = true
    private var isDraining: Bool
    private var requestCount = 0
    private var wait = Wait.nothing
    private var deadline = NIODeadline.distantFuture
    private var bytesWritten: Int64 = 0
    private var bytesFlushedAtWait: Int64 = 0
    private(set) var remoteAddress = PeerAddress(ip: "unix", port: 0)
    private(set) var localAddress = PeerAddress(ip: "unix", port: 0)

    var limits: ServerLimits { self.loop.shared.limits }

    init(loop: ServerLoop, allocator: ByteBufferAllocator) {
        self.loop = loop
        self.parser = RequestParser(limits: loop.shared.limits)
        self.isDraining = loop.shared.isDraining.load(ordering: .relaxed)
        self.output = allocator.buffer(capacity: 1024)
    }

    /// Whether the answer being made must be the connection's last.
    var isLastRequest: Bool {
        self.isDraining || self.inputEnded
            || self.limits.requestsPerConnectionMax.map { self.requestCount >= $0 } == true
    }
}

// MARK: - Events of the channel

extension ServerConnection {
    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        self.remoteAddress = PeerAddress(context.channel.remoteAddress)
        self.localAddress = PeerAddress(context.channel.localAddress)
        self.loop.opened(self)
        self.expect(.head, within: self.limits.headTimeout)
        self.armRead()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = self.unwrapInboundIn(data)
        self.isReadOutstanding = false
        self.isInRead = true
        if self.input.readableBytes == 0 {
            self.input = bytes
        } else {
            self.input.writeBuffer(&bytes)
        }
        self.process()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.isInRead = false
        if self.needsFlush { self.flush() }
        self.armRead()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        self.isWritable = context.channel.isWritable
        if !self.isWritable {
            self.expectProgress()
        } else if self.wait == .write {
            self.expectNothing()
        }
        guard case .exchange(let exchange) = self.phase else { return }
        exchange.writabilityChanged(isWritable: self.isWritable)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed? = event as? ChannelEvent else {
            context.fireUserInboundEventTriggered(event)
            return
        }
        self.inputEnded = true
        switch self.phase {
        case .exchange(let exchange): if !exchange.isBodyComplete { self.fail(.clientGone) }
        case .head, .discarding, .lingering: self.close()
        case .closed: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.loop.shared.logger.debug("downstream connection failed", metadata: ["error": "\(error)"])
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.fail(.clientGone)
        self.context = nil
        self.loop.closed(self)
    }
}

// MARK: - Progress

extension ServerConnection {
    /// Does all that can be done without reading more.
    func process() {
        guard !self.isProcessing else { return }
        self.isProcessing = true
        var last = -1
        while last != self.generation {
            last = self.generation
            self.step()
        }
        self.isProcessing = false
        if self.input.readableBytes == 0 { self.input = ByteBuffer() }
        if !self.isInRead { self.armRead() }
    }

    private func step() {
        switch self.phase {
        case .head: self.readHead()
        case .exchange(let exchange): exchange.deliverBody()
        case .discarding(var decoder):
            switch decoder.discard(&self.input) {
            case .incomplete: self.phase = .discarding(decoder)
            case .ended: self.enter(.head)
            case .malformed: self.close()
            }
        case .lingering(let bytesLeft):
            let left = bytesLeft - self.input.readableBytes
            self.input = ByteBuffer()
            self.phase = .lingering(bytesLeft: left)
            if left < 0 { self.close() }
        case .closed: self.input = ByteBuffer()
        }
    }

    private func readHead() {
        let outcome = self.parser.parse(&self.input)
        switch outcome {
        case .incomplete:
            if self.parser.hasBegun {
                if self.wait != .head { self.expect(.head, within: self.limits.headTimeout) }
            } else if self.wait == .nothing {
                self.expect(.keepAlive, within: self.limits.keepAliveTimeout)
            }
        case .head(let head, let byteCount): self.begin(head, byteCount)
        case .malformed(let fault): self.refuse(fault)
        }
    }

    private func begin(_ head: RequestHead, _ byteCount: Int) {
        self.expectNothing()
        self.requestCount += 1
        let exchange = ServerExchange(connection: self, head: head, headByteCount: byteCount)
        self.loop.shared.inFlightCount.add(1, ordering: .relaxed)
        self.enter(.exchange(exchange))
        exchange.begin(self.loop.factory.makeHandler(for: exchange), head)
    }

    /// Answers a request that never became one, and closes (R6).
    private func refuse(_ fault: RequestParser.Fault) {
        let report = MalformedRequest(status: fault.status, reason: fault.reason, remoteAddress: self.remoteAddress)
        self.loop.shared.onMalformedRequest(report)
        let problem = ProblemDocument(status: fault.status, detail: fault.reason.detail)
        let body = problem.json()
        var head = ResponseHead(status: fault.status)
        head.fields.append(.contentType, "application/problem+json")
        head.fields.append(.cacheControl, "no-store")
        let plan = ResponseWriter.plan(
            body: .length(Int64(body.count)),
            status: fault.status,
            method: .get,
            version: .http11,
            closes: true
        )
        ResponseWriter.write(head, plan, date: self.loop.dateLine, to: &self.output)
        self.output.writeBytes(body)
        self.beginLingering()
        self.finishWrites { _ in }
    }

    private func enter(_ phase: Phase) {
        self.phase = phase
        self.generation += 1
    }

    func armRead() {
        guard !self.isReadOutstanding, !self.inputEnded, let context = self.context else { return }
        switch self.phase {
        case .head, .discarding, .lingering: break
        case .exchange(let exchange): guard exchange.isReadingBody || self.input.readableBytes == 0 else { return }
        case .closed: return
        }
        self.isReadOutstanding = true
        context.read()
    }
}

// MARK: - Writing

extension ServerConnection {
    /// Lets `body` write small things behind what waits to be written.
    func write(_ body: (inout ByteBuffer) -> Void) -> Int {
        let before = self.output.readableBytes
        body(&self.output)
        self.scheduleFlush()
        return self.output.readableBytes - before
    }

    /// Writes body bytes: small ones are copied behind the rest, large ones handed on as they are.
    func write(_ chunk: ByteBuffer) {
        if chunk.readableBytes <= ServerConnection.coalescedBytesMax {
            self.output.writeImmutableBuffer(chunk)
            self.scheduleFlush()
        } else {
            self.handOver(nil)
            self.bytesWritten += Int64(chunk.readableBytes)
            self.context?.write(self.wrapOutboundOut(chunk), promise: nil)
            self.scheduleFlush()
        }
    }

    /// Hands all written bytes to the socket and calls `done` when it has taken them.
    func finishWrites(_ done: @escaping (_ succeeded: Bool) -> Void) {
        guard let context = self.context else { return done(false) }
        let promise = context.eventLoop.makePromise(of: Void.self)
        var isDone = false
        promise.futureResult.assumeIsolated().whenComplete { result in
            isDone = true
            switch result {
            case .success: done(true)
            case .failure: done(false)
            }
        }
        self.handOver(promise)
        self.needsFlush = false
        context.flush()
        if !isDone { self.expectProgress() }
    }

    func flush() {
        self.handOver(nil)
        self.needsFlush = false
        self.context?.flush()
    }

    private func handOver(_ promise: EventLoopPromise<Void>?) {
        guard let context = self.context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        guard self.output.readableBytes > 0 || promise != nil else { return }
        self.bytesWritten += Int64(self.output.readableBytes)
        context.write(self.wrapOutboundOut(self.output), promise: promise)
        // Reuses the storage if the socket took everything meanwhile, and takes new one otherwise.
        self.output.clear(minimumCapacity: 1024)
    }

    /// Flushes once per turn of the event loop.
    private func scheduleFlush() {
        self.needsFlush = true
        guard !self.isInRead, !self.isFlushScheduled, let context = self.context else { return }
        self.isFlushScheduled = true
        context.eventLoop.assumeIsolated().execute {
            self.isFlushScheduled = false
            if self.needsFlush { self.flush() }
        }
    }
}

// MARK: - Ends

extension ServerConnection {
    /// The answer of `exchange` was handed to the socket; goes on with the next request or closes.
    func exchangeFinished(_ exchange: ServerExchange, closes: Bool) {
        guard case .exchange(let current) = self.phase, current === exchange else { return }
        self.loop.shared.inFlightCount.subtract(1, ordering: .relaxed)
        self.expectNothing()
        let left = exchange.decoder.bytesLeft
        if closes || self.isDraining || self.inputEnded {
            self.beginLingering()
        } else if exchange.decoder.isEnded {
            self.enter(.head)
        } else if let left, left <= Int64(self.limits.drainBytesMax) {
            self.enter(.discarding(exchange.decoder))
            self.expect(.body, within: self.limits.bodyIdleTimeout)
        } else {
            self.beginLingering()
        }
    }

    /// Ends the exchange under way without an answer, and the connection.
    func fail(_ fault: DownstreamFault) {
        let ended = self.phase
        self.close()
        guard case .exchange(let exchange) = ended else { return }
        self.loop.shared.inFlightCount.subtract(1, ordering: .relaxed)
        exchange.end(fault)
    }

    /// Makes a truncated answer visible where the end of the connection ends the body: resets instead of closing.
    func resetOnClose() {
        _ = (self.context?.channel as? any SocketOptionProvider)?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
    }

    func beginDraining() {
        self.isDraining = true
        if case .head = self.phase, !self.parser.hasBegun, self.input.readableBytes == 0 { self.close() }
    }

    func shutDown() {
        self.fail(.shutDown)
    }

    private func beginLingering() {
        let budget = max(self.limits.drainBytesMax * 16, 1 << 20)
        self.enter(.lingering(bytesLeft: budget))
        self.expect(.linger, within: self.limits.lingerTimeout)
        // Behind everything written so far.
        self.finishWrites { [weak self] succeeded in
            if succeeded { self?.context?.close(mode: .output, promise: nil) }
        }
        if self.inputEnded { self.close() }
    }

    private func close() {
        guard case .closed = self.phase else {
            self.enter(.closed)
            self.expectNothing()
            self.input = ByteBuffer()
            self.context?.close(promise: nil)
            return
        }
    }
}

// MARK: - Deadlines

extension ServerConnection {
    private func expect(_ wait: Wait, within timeout: Duration) {
        self.wait = wait
        self.deadline = self.loop.deadline(after: timeout)
    }

    private func expectNothing() {
        self.wait = .nothing
        self.deadline = .distantFuture
    }

    func expectBody() {
        if self.wait != .write { self.expect(.body, within: self.limits.bodyIdleTimeout) }
    }

    func expectNoBody() {
        if self.wait == .body { self.expectNothing() }
    }

    private func expectProgress() {
        if case .lingering = self.phase { return }
        self.bytesFlushedAtWait = self.bytesFlushed
        self.expect(.write, within: self.limits.writeIdleTimeout)
    }

    private var bytesFlushed: Int64 {
        let waiting = try? self.context?.channel.syncOptions?.getOption(.bufferedWritableBytes)
        return self.bytesWritten - Int64(waiting ?? 0)
    }

    func checkDeadline(_ now: NIODeadline) {
        guard now >= self.deadline else { return }
        switch self.wait {
        case .nothing: break
        case .keepAlive, .linger: self.close()
        case .head:
            if self.parser.hasBegun {
                self.refuse(RequestParser.Fault(status: 408, reason: .timedOut))
            } else {
                self.close()
            }
        case .body:
            self.expectNothing()
            if case .exchange(let exchange) = self.phase { exchange.bodyTimedOut() } else { self.close() }
        case .write:
            if self.bytesFlushed > self.bytesFlushedAtWait { self.expectProgress() } else { self.fail(.writeTimedOut) }
        }
    }
}

extension PeerAddress {
    init(_ address: SocketAddress?) {
        self.init(ip: address?.ipAddress ?? "unix", port: address?.port ?? 0)
    }
}

extension BodyDecoder {
    enum Discarded { case incomplete, ended, malformed }

    /// Drops as much of the body as `input` has.
    mutating func discard(_ input: inout ByteBuffer) -> Discarded {
        while true {
            switch self.next(&input) {
            case .incomplete: return .incomplete
            case .data: continue
            case .end: return .ended
            case .malformed: return .malformed
            }
        }
    }
}
