package import NIOCore

/// Makes a handler for each request; one per event loop, called on it.
package protocol RequestHandlerFactory: AnyObject {
    /// Makes the handler of one request.
    ///
    /// The exchange holds the handler until the exchange is over; the handler should hold the exchange strongly and may
    /// drop it after ``RequestHandler/finished(bytesSent:)`` or ``RequestHandler/failed(_:)``.
    func makeHandler(for exchange: ServerExchange) -> any RequestHandler
}

/// Decides and produces the answer of one request; all calls arrive on the connection's event loop.
///
/// Exactly one of ``finished(bytesSent:)`` and ``failed(_:)`` is the last call.
package protocol RequestHandler: AnyObject {
    /// A valid head arrived; no byte of the body is handed over until ``ServerExchange/readBody()``.
    func headReceived(_ head: RequestHead)

    /// A piece of the body, only after ``ServerExchange/readBody()``, and possibly before that call returns.
    func bodyReceived(_ chunk: ByteBuffer)

    /// The body is complete; also called for a request without body once ``ServerExchange/readBody()`` was called.
    func bodyEnded()

    /// The body cannot be read to its end, but the client still can be answered: 413, 400 or 408.
    ///
    /// No more body calls follow. The handler answers (``BodyFault/problem`` is ready-made) if it has not begun to, and
    /// otherwise aborts. The connection is closed after the answer.
    func bodyFailed(_ fault: BodyFault)

    /// The outbound buffer filled up or drained; write on while it is writable.
    func writabilityChanged(isWritable: Bool)

    /// The exchange is over without a complete answer; nothing can be sent any more.
    func failed(_ fault: DownstreamFault)

    /// The whole answer was handed to the socket.
    func finished(bytesSent: Int64)
}

/// Why the rest of a request body is not read.
package enum BodyFault: Hashable, Sendable {
    /// Larger than the limit, by its `Content-Length` or as streamed (B15).
    case tooLarge(limit: Int64)
    /// Broken chunked coding (B7).
    case malformed
    /// Nothing arrived for too long.
    case timedOut

    /// The answer that fits.
    package var problem: ProblemDocument {
        switch self {
        case .tooLarge(let limit):
            ProblemDocument(
                status: 413,
                detail: "Send at most \(limit) bytes.",
                members: [(name: "limit", value: .integer(limit))]
            )
        case .malformed: ProblemDocument(status: 400, detail: "The chunked coding of the body is broken.")
        case .timedOut: ProblemDocument(status: 408, detail: "The body did not arrive in time.")
        }
    }
}

/// Why an exchange ended without a complete answer.
package enum DownstreamFault: Error, Hashable, Sendable {
    /// The client closed or reset the connection.
    case clientGone
    /// The client did not take the answer in time.
    case writeTimedOut
    /// The handler called ``ServerExchange/abort()`` or broke its own framing.
    case aborted
    /// The server was shut down before the answer was complete.
    case shutDown
}
