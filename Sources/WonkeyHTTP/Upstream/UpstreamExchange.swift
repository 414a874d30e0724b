package import NIOCore

/// Takes the answer of an upstream; all calls arrive on the pool's event loop, none before `send` has returned.
///
/// Exactly one of ``ended(trailers:)`` and ``failed(_:)`` is the last call, unless the exchange is cancelled.
package protocol UpstreamReceiver: AnyObject {
    /// A connection took the head; body bytes may be written now, and the client's body should be read now.
    ///
    /// Called for requests with a body only.
    func connectionReady()
    /// A 1xx response other than 101.
    func informationalReceived(_ head: ResponseHead)
    /// The upstream agreed to speak what it was asked for: from now on body bytes are what it says, both ways.
    func upgraded(_ head: ResponseHead)
    /// The final head; `framing` is what its fields declare, also for HEAD and 304 (which have no body).
    func headReceived(_ head: ResponseHead, framing: BodyFraming)
    func bodyReceived(_ chunk: ByteBuffer)
    func ended(trailers: FieldSection?)
    func failed(_ fault: UpstreamFault)
    /// The upstream takes more request bytes, or no more for now; called until the body is complete or unwanted.
    func writabilityChanged(isWritable: Bool)
    /// The upstream answered before the request was complete and will not read more; stop sending (F18).
    func requestBodyUnwanted()
}

extension UpstreamReceiver {
    /// Who asks for no upgrade gets none.
    package func upgraded(_ head: ResponseHead) {}
}

/// One request under way to an upstream; used on its event loop only.
package final class UpstreamExchange {
    enum Sending {
        case open
        case complete
        /// Whatever is written is dropped.
        case unwanted
    }

    let head: OutgoingHead
    private(set) var receiver: (any UpstreamReceiver)?
    weak var pool: UpstreamPool?
    var carrier: (any UpstreamCarrier)?
    private(set) var isPaused = false
    private(set) var sending: Sending
    private var bytesLeft: Int64
    var wasRetried = false
    private var isTunnel = false
    /// When waiting for a connection becomes hopeless.
    var pendingDeadline = NIODeadline.distantFuture
    /// Whether the request went out on a connection that had served others before.
    package internal(set) var isReusedConnection = false

    init(head: OutgoingHead, receiver: any UpstreamReceiver, pool: UpstreamPool) {
        self.head = head
        self.receiver = receiver
        self.pool = pool
        switch head.framing {
        case .none:
            self.sending = .complete
            self.bytesLeft = 0
        case .length(let length):
            self.sending = .open
            self.bytesLeft = length
        case .chunked:
            self.sending = .open
            self.bytesLeft = .max
        }
    }

    /// Nothing of what follows is HTTP.
    func becameTunnel() {
        self.isTunnel = true
        self.sending = .open
    }

    /// Whether the upstream takes more bytes now.
    package var isWritable: Bool { self.carrier?.isWritable ?? true }

    var isSendingComplete: Bool {
        switch self.sending {
        case .complete: true
        case .open, .unwanted: false
        }
    }

    /// Whether doing it again is harmless, and possible without the body (F12).
    var isRepeatable: Bool { self.head.framing == .none && self.head.method.isIdempotent }
}

extension UpstreamExchange {
    /// Writes a piece of the request body; allowed after ``UpstreamReceiver/connectionReady()``.
    ///
    /// More than the declared length is a fault of the caller: the exchange is cancelled.
    package func write(_ chunk: ByteBuffer) {
        let size = chunk.readableBytes
        guard size > 0, case .open = self.sending, let carrier = self.carrier else { return }
        if self.isTunnel { return carrier.write(chunk, asChunk: false) }
        switch self.head.framing {
        case .none: return
        case .length:
            self.bytesLeft -= Int64(size)
            guard self.bytesLeft >= 0 else { return self.cancel() }
            carrier.write(chunk, asChunk: false)
        case .chunked: carrier.write(chunk, asChunk: true)
        }
    }

    /// The request body is complete.
    ///
    /// Less than the declared length cannot be completed: the exchange is cancelled.
    ///
    /// - Parameter trailers: Sent on HTTP/2 only (B8).
    package func end(trailers: FieldSection? = nil) {
        guard !self.isTunnel, case .open = self.sending, let carrier = self.carrier else { return }
        if case .length = self.head.framing, self.bytesLeft != 0 { return self.cancel() }
        self.sending = .complete
        carrier.endRequest(isChunked: self.head.framing == .chunked, trailers: trailers)
    }

    /// Stops delivery of response bytes until ``resumeReading()``.
    package func pauseReading() {
        self.isPaused = true
        self.carrier?.readingPaused()
    }

    /// Continues delivery; buffered bytes may be delivered before this returns.
    package func resumeReading() {
        guard self.isPaused else { return }
        self.isPaused = false
        self.carrier?.readingResumed()
    }

    /// Gives up; no call to the receiver follows.
    ///
    /// An HTTP/1.1 connection is closed unless the exchange is already complete.
    package func cancel() {
        guard self.receiver != nil else { return }
        self.receiver = nil
        self.pool?.cancelled(self)
        self.carrier?.exchangeCancelled()
        self.carrier = nil
    }

    func stopSending() {
        self.sending = .unwanted
        self.receiver?.requestBodyUnwanted()
    }

    /// Makes the exchange's last call.
    func finish(_ result: Result<FieldSection?, UpstreamFault>) {
        let receiver = self.receiver
        self.receiver = nil
        self.carrier = nil
        switch result {
        case .success(let trailers): receiver?.ended(trailers: trailers)
        case .failure(let fault): receiver?.failed(fault)
        }
    }
}
