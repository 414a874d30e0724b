package import NIOCore

/// The server's side of one request; used on its event loop only.
package final class ServerExchange {
    package let eventLoop: any EventLoop
    package let remoteAddress: PeerAddress
    package let localAddress: PeerAddress
    /// The largest body this request may have; starts as ``ServerLimits/bodyBytesMax``, to be set before ``readBody()``.
    package var bodyBytesMax: Int64?
    /// Whether the client takes more bytes now; writing on when it does not costs memory.
    package private(set) var isWritable = true
    /// Bytes of this request read so far, head included.
    package private(set) var bytesReceived: Int64 = 0
    /// Bytes of the answer written so far, head included.
    package private(set) var bytesSent: Int64 = 0

    init(eventLoop: any EventLoop, remoteAddress: PeerAddress, localAddress: PeerAddress) {
        self.eventLoop = eventLoop
        self.remoteAddress = remoteAddress
        self.localAddress = localAddress
    }
}

extension ServerExchange {
    /// Starts reading the body, after `100 Continue` if the client waits for it (F11).
    ///
    /// Buffered bytes are delivered before this returns.
    ///
    /// - Parameter sendsContinue: `false` when somebody else's 100 is passed on instead.
    package func readBody(sendsContinue: Bool = true) {}

    /// Stops delivery of body bytes until ``resumeBody()``.
    package func pauseBody() {}

    /// Continues delivery; buffered bytes are delivered before this returns.
    package func resumeBody() {}

    /// Sends a 1xx head at once; HTTP/1.0 clients get none (F10).
    package func sendInformational(_ head: ResponseHead) {}

    /// Begins the answer.
    ///
    /// Framing fields in `head` are ignored: the server writes its own from `body`. For HEAD and 304, `body` says what
    /// a GET would have been answered with; nothing is sent of it.
    ///
    /// - Parameters:
    ///   - head: Status and fields.
    ///   - body: How the body ends; ``BodyFraming/none`` sends `Content-Length: 0` where a body is allowed.
    package func respond(_ head: ResponseHead, body: BodyFraming) {}

    /// Writes a piece of the body; flushed together with whatever else this turn of the event loop writes.
    package func write(_ chunk: ByteBuffer) {}

    /// Ends the answer and flushes it.
    ///
    /// - Parameter trailers: Sent only if the body is chunked and the client takes trailers.
    package func end(trailers: FieldSection? = nil) {}

    /// Sends a complete answer in one write.
    package func respond(_ head: ResponseHead, bytes: ByteBuffer) {}

    /// Sends a complete answer in one write.
    package func respond(_ head: ResponseHead, bytes: [UInt8]) {
        self.respond(head, bytes: ByteBuffer(bytes: bytes))
    }

    /// Sends a problem document with `Cache-Control: no-store`.
    ///
    /// - Parameters:
    ///   - problem: The document.
    ///   - fields: Further fields, such as `Retry-After`.
    package func respond(problem: ProblemDocument, fields: [(FieldName, String)] = []) {}

    /// Gives up on the answer: closes, so that the client sees that it is not complete.
    package func abort() {}

    /// Hands written bytes to the socket now, instead of at the end of this turn of the event loop.
    package func flush() {}
}
