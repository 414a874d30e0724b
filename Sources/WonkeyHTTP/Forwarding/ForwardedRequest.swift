package import NIOCore

/// A request head ready to be written to an upstream.
package struct OutgoingHead: Sendable {
    /// Request line and fields, framing and the empty line included.
    package var bytes: ByteBuffer
    package var method: Method
    package var framing: BodyFraming

    package init(bytes: ByteBuffer, method: Method, framing: BodyFraming) {
        self.bytes = bytes
        self.method = method
        self.framing = framing
    }
}

/// Why a request is not forwarded.
package enum ForwardingRefusal: Error, Hashable, Sendable {
    /// The request came through this proxy before: 508 (F6).
    case loop
    /// TRACE or CONNECT: 405 with `Allow` (F7, R10).
    case methodNotAllowed
    /// `Max-Forwards: 0` on OPTIONS: answered here with 204 and `Allow` (F7).
    case maxForwardsReached
}

/// Makes the upstream's request out of the client's (F1–F8, X1–X5).
package enum ForwardedRequest {
    /// Writes the outgoing head.
    ///
    /// - Parameters:
    ///   - head: The client's.
    ///   - rules: Of the upstream.
    ///   - context: What the proxy found out.
    /// - Returns: The head.
    /// - Throws: ``ForwardingRefusal`` if the request must be answered here instead.
    package static func head(
        from head: RequestHead,
        rules: ForwardingRules,
        context: ForwardingContext
    ) throws(ForwardingRefusal) -> OutgoingHead {
        OutgoingHead(bytes: ByteBuffer(), method: head.method, framing: head.framing)
    }
}
