internal import NIOCore

/// Gathers what is written to a client into few writes and flushes; used on its event loop only.
final class ServerOutput: FlushedWrites {
    /// Chunks up to this size are copied behind the bytes before them, so that they leave in one write.
    private static let coalescedBytesMax = 4096
    private static let capacity = 1024

    private let turn: FlushTurn
    private var needsFlush = false
    private var buffer: ByteBuffer
    private var context: ChannelHandlerContext?
    /// Under TLS, where what reaches the socket is counted.
    private let transport: TLSTransport?
    private var isFlushScheduled = false
    /// Whether the end of an answer was written, and the socket has not taken it yet.
    private var isFinishing = false
    /// Called if that is still so after a flush.
    var onSlowSocket: (() -> Void)?
    private var bytesWritten: Int64 = 0

    init(allocator: ByteBufferAllocator, turn: FlushTurn, transport: TLSTransport? = nil) {
        self.turn = turn
        self.transport = transport
        self.buffer = allocator.buffer(capacity: ServerOutput.capacity)
    }

    func open(_ context: ChannelHandlerContext) { self.context = context }

    func close() {
        self.context = nil
        self.onSlowSocket = nil
    }

    /// Bytes that have reached the client; under TLS, encrypted ones.
    var bytesTaken: Int64 {
        let backlog = self.context.map { SocketBacklog.byteCount(of: $0.channel) } ?? 0
        return (self.transport?.bytesWritten ?? self.bytesWritten) - backlog
    }

    /// Lets `body` write small things behind what waits to be written.
    ///
    /// - Returns: How many bytes it wrote.
    func write(_ body: (inout ByteBuffer) -> Void) -> Int {
        let before = self.buffer.readableBytes
        body(&self.buffer)
        self.scheduleFlush()
        return self.buffer.readableBytes - before
    }

    /// Writes body bytes: small ones are copied behind the rest, large ones handed on as they are.
    func write(_ chunk: ByteBuffer) {
        if chunk.readableBytes <= ServerOutput.coalescedBytesMax {
            self.buffer.writeImmutableBuffer(chunk)
        } else {
            self.handOver(nil)
            self.bytesWritten += Int64(chunk.readableBytes)
            self.context?.write(NIOAny(chunk), promise: nil)
        }
        self.scheduleFlush()
    }

    /// Ends an answer: calls `done` when the socket has taken all written bytes, in this turn of the event loop if it can.
    func finish(_ done: @escaping (_ succeeded: Bool) -> Void) {
        guard let context = self.context else { return done(false) }
        let promise = context.eventLoop.makePromise(of: Void.self)
        self.isFinishing = true
        promise.futureResult.assumeIsolated().whenComplete { result in
            self.isFinishing = false
            switch result {
            case .success: done(true)
            case .failure: done(false)
            }
        }
        self.handOver(promise)
        self.scheduleFlush()
    }

    func flush() {
        self.handOver(nil)
        self.needsFlush = false
        self.context?.flush()
        if self.isFinishing { self.onSlowSocket?() }
    }

    private func handOver(_ promise: EventLoopPromise<Void>?) {
        guard let context = self.context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        guard self.buffer.readableBytes > 0 || promise != nil else { return }
        self.bytesWritten += Int64(self.buffer.readableBytes)
        context.write(NIOAny(self.buffer), promise: promise)
        // Reuses the storage if the socket took everything meanwhile, and takes new one otherwise.
        self.buffer.clear(minimumCapacity: ServerOutput.capacity)
    }

    /// Flushes once per turn of the event loop.
    private func scheduleFlush() {
        self.needsFlush = true
        guard !self.isFlushScheduled, self.context != nil else { return }
        self.isFlushScheduled = true
        self.turn.add(self)
    }

    /// The turn of the event loop is over in which something was written.
    func turnEnded() {
        self.isFlushScheduled = false
        if self.needsFlush { self.flush() }
    }
}
