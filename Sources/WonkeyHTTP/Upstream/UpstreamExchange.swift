package import NIOCore

/// Takes the answer of an upstream; all calls arrive on the pool's event loop.
///
/// Exactly one of ``ended(trailers:)`` and ``failed(_:)`` is the last call, unless the exchange is cancelled.
package protocol UpstreamReceiver: AnyObject {
    /// A connection took the head; body bytes may be written now, and the client's body should be read now.
    func connectionReady()
    /// A 1xx response other than 101.
    func informationalReceived(_ head: ResponseHead)
    /// The final head; `framing` is what its fields declare, also for HEAD and 304 (which have no body).
    func headReceived(_ head: ResponseHead, framing: BodyFraming)
    func bodyReceived(_ chunk: ByteBuffer)
    func ended(trailers: FieldSection?)
    func failed(_ fault: UpstreamFault)
    /// The upstream takes more request bytes, or no more for now.
    func writabilityChanged(isWritable: Bool)
    /// The upstream answered before the request was complete and will not read more; stop sending (F18).
    func requestBodyUnwanted()
}

/// One request under way to an upstream; used on its event loop only.
package final class UpstreamExchange {
    /// Whether the upstream takes more bytes now.
    package private(set) var isWritable = true
    /// Whether the request went out on a connection that had served others before.
    package private(set) var isReusedConnection = false

    init() {}
}

extension UpstreamExchange {
    /// Writes a piece of the request body; allowed after ``UpstreamReceiver/connectionReady()``.
    package func write(_ chunk: ByteBuffer) {}

    /// The request body is complete.
    package func end() {}

    /// Stops delivery of response bytes until ``resumeReading()``.
    package func pauseReading() {}

    /// Continues delivery; buffered bytes may be delivered before this returns.
    package func resumeReading() {}

    /// Gives up; no call to the receiver follows.
    ///
    /// The connection is closed unless the exchange is already complete.
    package func cancel() {}
}
