internal import Logging
internal import NIOCore
internal import NIOHTTP2
internal import Synchronization

/// A client connection that speaks HTTP/2: watches over its streams, each of which is an ``HTTP2ServerStream``.
///
/// The library in front of it frames, compresses and keeps the windows; see ``HTTP2Limits`` for what it bounds.
final class HTTP2ServerConnection: ChannelInboundHandler, LoopConnection {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// How far the connection's end is.
    private enum Farewell {
        case none
        /// The client was told; what it has sent by the time it answers the ping is still served.
        case announced
        /// No further request is taken.
        case settled
    }

    private static let drainPing = HTTP2PingData(withInteger: 0x57_6F6E_4B65_79)

    let loop: ServerLoop
    let origin: ConnectionOrigin
    private let socketSide = HTTP2SocketSide()
    private var context: ChannelHandlerContext?
    private var streams: [ObjectIdentifier: HTTP2ServerStream] = [:]
    private var requestCount = 0
    private var lastStreamID = HTTP2StreamID.rootStream
    private var farewell = Farewell.none
    private var hasBegun = false
    /// The connection is broken, or the client breaks rules; it is read no further.
    private var hasFailed = false
    private var isClosed = false
    /// When a connection without requests, or one that was told to go, is closed.
    private var deadline = NIODeadline.distantFuture

    private init(loop: ServerLoop, origin: ConnectionOrigin) {
        self.loop = loop
        self.origin = origin
    }

    private var limits: ServerLimits { self.loop.limits }

    /// Puts HTTP/2 behind a handler that is about to leave; called on the event loop of an active channel.
    ///
    /// - Parameters:
    ///   - handler: Its place is taken.
    ///   - context: Of the handler.
    ///   - loop: Serves the requests.
    ///   - origin: Of the connection.
    /// - Throws: What keeps handlers out of the pipeline.
    static func begin(
        behind handler: any ChannelHandler,
        _ context: ChannelHandlerContext,
        loop: ServerLoop,
        origin: ConnectionOrigin
    ) throws {
        let connection = HTTP2ServerConnection(loop: loop, origin: origin)
        let bound = NIOLoopBound(connection, eventLoop: context.eventLoop)
        let limits = loop.limits
        let framing = NIOHTTP2Handler(
            mode: .server,
            eventLoop: context.eventLoop,
            connectionConfiguration: HTTP2Limits.connectionConfiguration(limits),
            streamConfiguration: HTTP2Limits.streamConfiguration(limits)
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                // Whoever answers the request says when to read on.
                try stream.syncOptions?.setOption(.autoRead, value: false)
                try stream.pipeline.syncOperations.addHandler(HTTP2ServerStream(bound.value))
            }
        }
        let pipeline = context.pipeline.syncOperations
        try pipeline.addHandler(connection.socketSide, position: .after(handler))
        try pipeline.addHandler(framing, position: .after(connection.socketSide))
        try pipeline.addHandler(connection, position: .after(framing))
        // Streams hold back what they do not want; everything else must be read for them to be heard.
        try context.channel.syncOptions?.setOption(.autoRead, value: true)
    }
}

// MARK: - Events of the channel

extension HTTP2ServerConnection {
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.loop.opened(self)
        self.deadline = self.loop.deadline(after: self.limits.headTimeout)
        if self.loop.shared.isDraining.load(ordering: .relaxed) { self.beginDraining() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data).payload {
        case .settings where !self.hasBegun:
            self.hasBegun = true
            self.becameIdle()
        case .ping(let ping, ack: true) where ping == Self.drainPing: self.settleFarewell()
        case .goAway: self.clientLeaves()
        case .settings, .ping, .data, .headers, .priority, .rstStream, .pushPromise, .windowUpdate,
            .alternativeService, .origin:
            break
        }
    }

    /// A client that closes its sending side is gone: what ends a request here is the end of its stream.
    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { self.close() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !self.hasFailed else { return }
        if let reason = MalformedRequest.Reason(http2: error) {
            self.loop.shared.onMalformedRequest(
                MalformedRequest(status: 400, reason: reason, remoteAddress: self.origin.remoteAddress)
            )
        }
        self.loop.shared.logger.debug("HTTP/2 connection failed", metadata: ["error": "\(error)"])
        // A broken stream was ended by the library already.
        if error is any NIOHTTP2Error, !self.socketSide.hasJustSaidGoodbye { return }
        self.hasFailed = true
        self.socketSide.isDeaf = true
        // In a turn of its own: the library is in the middle of something.
        context.eventLoop.assumeIsolated().execute { self.linger() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isClosed = true
        context.fireChannelInactive()
    }

    /// The last event.
    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        // Those the library did not tell of the end.
        for stream in self.streams.values { stream.fail(.clientGone) }
        self.streams = [:]
        self.loop.closed(self)
    }
}

// MARK: - Streams

extension HTTP2ServerConnection {
    func opened(_ stream: HTTP2ServerStream, _ id: HTTP2StreamID) {
        self.streams[ObjectIdentifier(stream)] = stream
        self.lastStreamID = max(self.lastStreamID, id)
        self.requestCount += 1
        self.deadline = .distantFuture
        if let most = self.limits.requestsPerConnectionMax, self.requestCount >= most { self.announceFarewell() }
    }

    func closed(_ stream: HTTP2ServerStream) {
        self.streams[ObjectIdentifier(stream)] = nil
        if self.streams.isEmpty, !self.hasFailed { self.becameIdle() }
    }

    /// Bytes of all streams that have reached the client.
    var bytesTaken: Int64 { self.socketSide.bytesTaken }

    /// Whether it is the socket that holds up streams, and not their windows.
    var isHeldUp: Bool { self.context?.channel.isWritable == false }

    private func becameIdle() {
        switch self.farewell {
        case .none: self.deadline = self.loop.deadline(after: self.limits.keepAliveTimeout)
        case .announced: self.deadline = self.loop.deadline(after: self.limits.lingerTimeout)
        // In a turn of its own: the last frame of a stream is written after the stream has ended.
        case .settled: self.context?.eventLoop.assumeIsolated().execute { if self.streams.isEmpty { self.close() } }
        }
    }

    /// The client opens no more streams.
    private func clientLeaves() {
        self.farewell = .settled
        if self.streams.isEmpty { self.close() }
    }
}

// MARK: - Ends

extension HTTP2ServerConnection {
    func announceDrain() { self.announceFarewell() }

    func beginDraining() { self.announceFarewell() }

    /// Says goodbye in two steps, so that no request already on its way is lost (RFC 9113 §6.8).
    private func announceFarewell() {
        guard case .none = self.farewell, !self.isClosed, let context = self.context else { return }
        self.farewell = .announced
        self.socketSide.announceEnd()
        self.write(.ping(Self.drainPing, ack: false))
        context.flush()
        if self.streams.isEmpty { self.becameIdle() }
    }

    private func settleFarewell() {
        guard case .announced = self.farewell else { return }
        self.farewell = .settled
        self.write(.goAway(lastStreamID: self.lastStreamID, errorCode: .noError, opaqueData: nil))
        self.context?.flush()
        if self.streams.isEmpty { self.close() }
    }

    func checkDeadline(_ now: NIODeadline) {
        for stream in self.streams.values { stream.checkDeadline(now) }
        guard now >= self.deadline else { return }
        self.deadline = .distantFuture
        if case .none = self.farewell {
            self.write(.goAway(lastStreamID: self.lastStreamID, errorCode: .noError, opaqueData: nil))
        }
        self.close()
    }

    func shutDown() {
        for stream in self.streams.values { stream.fail(.shutDown) }
        self.close()
    }

    private func write(_ payload: HTTP2Frame.FramePayload) {
        self.context?.write(self.wrapOutboundOut(HTTP2Frame(streamID: .rootStream, payload: payload)), promise: nil)
    }

    /// Closes the sending side and waits for the client's end: closing at once could take the goodbye along.
    private func linger() {
        for stream in self.streams.values { stream.fail(.clientGone) }
        guard !self.isClosed, let context = self.context else { return }
        self.farewell = .settled
        self.deadline = self.loop.deadline(after: self.limits.lingerTimeout)
        context.flush()
        context.close(mode: .output, promise: nil)
    }

    private func close() {
        guard !self.isClosed, let context = self.context else { return }
        self.isClosed = true
        context.flush()
        context.close(promise: nil)
    }
}

extension MalformedRequest.Reason {
    /// How the end of a connection counts; `nil` for one that is nobody's fault.
    fileprivate init?(http2 error: any Error) {
        switch error {
        case is NIOHTTP2Errors.ExcessiveRSTFrames, is NIOHTTP2Errors.ExcessiveControlFrames,
            is NIOHTTP2Errors.ExcessiveEmptyDataFrames, is NIOHTTP2Errors.ExcessiveContinuationFrames,
            is NIOHTTP2Errors.ExcessiveStreamErrors, is NIOHTTP2Errors.ExcessiveNumberOfGlitches,
            is NIOHTTP2Errors.ExcessiveOutboundFrameBuffering:
            self = .http2Abuse
        case is any NIOHTTP2Error: self = .http2
        default: return nil
        }
    }
}
