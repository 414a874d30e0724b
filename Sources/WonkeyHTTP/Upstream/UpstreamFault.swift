/// Why an upstream gave no complete answer.
package enum UpstreamFault: Error, Hashable, Sendable {
    /// No connection could be made: refused, no route, name not found.
    case unreachable
    case connectTimedOut
    /// No response head in time.
    case responseTimedOut
    /// Silence within the response body, or a request body not taken.
    case idleTimedOut
    /// The response is not HTTP/1 or its framing is broken (B11).
    case brokenFraming
    /// Reset, or closed before or within the response.
    case closedEarly
    /// Too many requests wait for a connection.
    case overloaded
    /// The pool was shut down.
    case shutDown
}
