package import NIOCore

/// Where the requests of a route go on one event loop.
package enum UpstreamSender {
    /// One target that nobody watches.
    case pool(UpstreamPool)
    case balancer(UpstreamBalancer)

    /// Sends a request.
    ///
    /// - Parameters:
    ///   - head: See ``UpstreamPool/send(_:receiver:)``.
    ///   - hash: Worked out only if the request's target depends on it.
    ///   - observer: Told of each try.
    ///   - receiver: Takes the answer; not called before this returns.
    /// - Returns: The request under way.
    package func send(
        _ head: OutgoingHead,
        hash: (UpstreamBalancer) -> UInt64?,
        observer: (any UpstreamTryObserver)? = nil,
        receiver: any UpstreamReceiver
    ) -> UpstreamRequest {
        switch self {
        case .pool(let pool):
            .direct(
                pool.send(
                    observer?.tryBegins(head, at: pool.settings.target.description) ?? head,
                    receiver: receiver
                )
            )
        case .balancer(let balancer):
            .balanced(balancer.send(head, hash: hash(balancer), observer: observer, receiver: receiver))
        }
    }

    /// `http` or `https`.
    package var scheme: String {
        switch self {
        case .pool(let pool): pool.settings.tls == nil ? "http" : "https"
        case .balancer(let balancer): balancer.monitor.upstream.settings.tls == nil ? "http" : "https"
        }
    }

    /// Closes idle connections, lets running exchanges end, and refuses new ones.
    package func shutdown() {
        switch self {
        case .pool(let pool): pool.shutdown()
        case .balancer(let balancer): balancer.shutdown()
        }
    }

    /// Closes connections as they become idle; requests that were to go this way still do.
    package func retire() {
        switch self {
        case .pool(let pool): pool.retire()
        case .balancer(let balancer): balancer.retire()
        }
    }
}

/// A request under way, however it was sent.
package enum UpstreamRequest {
    case direct(UpstreamExchange)
    case balanced(BalancedExchange)

    /// Where the request was sent last, as `host:port` or `unix:/path`; `nil` if nowhere.
    package var target: String? {
        switch self {
        case .direct(let exchange): exchange.pool?.settings.target.description
        case .balanced(let exchange): exchange.targetName
        }
    }

    /// Whether the upstream takes more bytes now.
    package var isWritable: Bool {
        switch self {
        case .direct(let exchange): exchange.isWritable
        case .balanced(let exchange): exchange.isWritable
        }
    }

    /// Writes a piece of the request body; allowed after ``UpstreamReceiver/connectionReady()``.
    package func write(_ chunk: ByteBuffer) {
        switch self {
        case .direct(let exchange): exchange.write(chunk)
        case .balanced(let exchange): exchange.write(chunk)
        }
    }

    /// The request body is complete.
    ///
    /// - Parameter trailers: Sent on HTTP/2 only (B8).
    package func end(trailers: FieldSection? = nil) {
        switch self {
        case .direct(let exchange): exchange.end(trailers: trailers)
        case .balanced(let exchange): exchange.end(trailers: trailers)
        }
    }

    /// Stops delivery of response bytes until ``resumeReading()``.
    package func pauseReading() {
        switch self {
        case .direct(let exchange): exchange.pauseReading()
        case .balanced(let exchange): exchange.pauseReading()
        }
    }

    package func resumeReading() {
        switch self {
        case .direct(let exchange): exchange.resumeReading()
        case .balanced(let exchange): exchange.resumeReading()
        }
    }

    /// Gives up; no call to the receiver follows.
    package func cancel() {
        switch self {
        case .direct(let exchange): exchange.cancel()
        case .balanced(let exchange): exchange.cancel()
        }
    }
}
