internal import NIOCore
internal import NIOSSL

/// Why an upstream gave no complete answer.
package enum UpstreamFault: Error, Hashable, Sendable {
    /// No connection could be made: refused, no route, name not found.
    case unreachable
    case connectTimedOut
    /// Its certificate is missing, not trusted, expired, or for somebody else.
    case certificateRefused
    /// It does not speak TLS, or no version of it that both sides can do, or it ended the handshake.
    case tlsFailed
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
    /// The circuit breakers of all targets are open; when to come back.
    case circuitOpen(retryAfterSeconds: Int)
    /// The pool was shut down.
    case shutDown
}

extension UpstreamFault {
    /// Tells apart why no connection came about.
    init(connecting error: any Error) {
        if let fault = error as? UpstreamFault {
            self = fault
        } else if case ChannelError.connectTimeout? = error as? ChannelError {
            self = .connectTimedOut
        } else if HandshakeFailure.concernsCertificate(error) {
            self = .certificateRefused
        } else {
            self = HandshakeFailure.isOne(error) ? .tlsFailed : .unreachable
        }
    }

    /// Tells apart why an established connection ended.
    init(losing error: any Error) {
        // With TLS 1.3 a server may refuse our certificate as late as this.
        self = HandshakeFailure.isOne(error) && error as? NIOSSLError != .uncleanShutdown ? .tlsFailed : .closedEarly
    }
}
