package import Logging
package import NIOCore

/// An HTTP/1.1 server on one or more addresses.
package final class HTTPServer: Sendable {
    /// Makes the per-loop factory; called once per event loop, on it.
    package typealias MakeFactory = @Sendable (any EventLoop) -> any RequestHandlerFactory

    /// Makes a server that is not bound yet.
    ///
    /// - Parameters:
    ///   - group: Runs the connections.
    ///   - limits: What clients may do.
    ///   - logger: For what happens outside exchanges.
    ///   - onMalformedRequest: Told of each request the server answered itself; called on event loops.
    ///   - makeFactory: Called once per event loop.
    package init(
        group: any EventLoopGroup,
        limits: ServerLimits = ServerLimits(),
        logger: Logger,
        onMalformedRequest: @escaping @Sendable (MalformedRequest) -> Void = { _ in },
        makeFactory: @escaping MakeFactory
    ) {}

    /// Listens on a TCP address.
    ///
    /// - Parameters:
    ///   - host: An IP address or a name.
    ///   - port: 0 lets the system choose.
    /// - Returns: The bound address.
    /// - Throws: The system's error.
    @discardableResult
    package func bind(host: String, port: Int) async throws -> PeerAddress {
        PeerAddress(ip: host, port: port)
    }

    /// Listens on a Unix socket; a stale socket file is replaced.
    package func bind(unixSocketPath: String) async throws {}

    /// From now on answers say `Connection: close`, and idle connections are closed.
    package func beginDraining() {}

    /// Stops listening, drains, and closes what is left at the deadline.
    ///
    /// - Parameter deadline: How long requests in flight may still take.
    package func shutdown(deadline: Duration) async {}

    /// Open connections.
    package var connectionCount: Int { 0 }

    /// Requests whose answer is not complete.
    package var inFlightCount: Int { 0 }
}
