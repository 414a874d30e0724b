package import Logging
package import NIOCore

/// Connections of one event loop to one upstream; used on that loop only.
package final class UpstreamPool {
    package let settings: UpstreamSettings
    package let eventLoop: any EventLoop

    package init(eventLoop: any EventLoop, settings: UpstreamSettings, logger: Logger) {
        self.eventLoop = eventLoop
        self.settings = settings
    }

    /// Sends a request on an idle connection, a new one, or as soon as there is one.
    ///
    /// A request without body is complete with this call; ``UpstreamExchange/end()`` is then not needed.
    ///
    /// - Parameters:
    ///   - head: The head as ``ForwardedRequest`` made it, framing included.
    ///   - receiver: Takes the answer; held until the exchange is over. May be called before this returns.
    /// - Returns: The exchange.
    package func send(_ head: OutgoingHead, receiver: any UpstreamReceiver) -> UpstreamExchange {
        UpstreamExchange()
    }

    /// Closes idle connections, lets running exchanges end, and refuses new ones.
    package func shutdown() {}

    /// Connections, idle ones included.
    package var connectionCount: Int { 0 }

    package var idleCount: Int { 0 }

    /// Requests waiting for a connection.
    package var pendingCount: Int { 0 }
}
