internal import NIOCore
internal import NIOHTTP2

/// A connection to an upstream that carries many exchanges at a time, each on an ``HTTP2UpstreamStream``.
final class HTTP2UpstreamConnection: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// Assumed until the upstream says how many it takes (RFC 9113 §6.5.2).
    private static let streamsMaxAssumed = 100

    let pool: UpstreamPool
    private let streamsMaxOwn: Int
    private let socketSide = HTTP2SocketSide()
    private var context: ChannelHandlerContext?
    private var multiplexer: NIOHTTP2Handler.StreamMultiplexer?
    private var streams: [ObjectIdentifier: HTTP2UpstreamStream] = [:]
    private var streamsMax = HTTP2UpstreamConnection.streamsMaxAssumed
    /// Streams above it were not looked at by the upstream.
    private var lastStreamID = HTTP2StreamID.maxID
    /// No further exchange is begun.
    private(set) var isRetired = false
    private(set) var isClosed = false
    private(set) var requestCount = 0
    /// Why it ended, if it did not end in peace.
    private(set) var loss: UpstreamFault?
    private var idleDeadline = NIODeadline.distantFuture

    private init(pool: UpstreamPool) {
        self.pool = pool
        self.streamsMaxOwn = pool.settings.streamsPerConnectionMax
    }

    /// Puts HTTP/2 on a connected channel; called on its event loop.
    static func begin(on channel: any Channel, pool: UpstreamPool) throws -> HTTP2UpstreamConnection {
        let connection = HTTP2UpstreamConnection(pool: pool)
        let framing = NIOHTTP2Handler(
            mode: .client,
            eventLoop: channel.eventLoop,
            connectionConfiguration: connection.connectionConfiguration,
            streamConfiguration: connection.streamConfiguration
        ) { stream in
            // Pushes are switched off.
            stream.close()
        }
        try channel.pipeline.syncOperations.addHandlers([connection.socketSide, framing, connection])
        connection.multiplexer = try framing.syncMultiplexer()
        try channel.syncOptions?.setOption(.autoRead, value: true)
        return connection
    }

    private var connectionConfiguration: NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .enablePush, value: 0),
            HTTP2Setting(parameter: .maxConcurrentStreams, value: 0),
            HTTP2Setting(parameter: .maxHeaderListSize, value: self.pool.settings.headBytesMax * 2),
            HTTP2Setting(parameter: .initialWindowSize, value: self.pool.settings.windowBytes),
        ]
        // An upstream is trusted with more than a client: many of its answers share a connection.
        configuration.controlFrameRateLimit.maximumCount = 100_000
        configuration.maximumConnectionGlitches = 10_000
        configuration.maximumSequentialEmptyDataFrames = 100
        configuration.targetWindowSize = max(1 << 20, self.pool.settings.windowBytes)
        return configuration
    }

    private var streamConfiguration: NIOHTTP2Handler.StreamConfiguration {
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        configuration.targetWindowSize = self.pool.settings.windowBytes
        configuration.outboundBufferSizeHighWatermark = 128 * 1024
        configuration.outboundBufferSizeLowWatermark = 64 * 1024
        configuration.streamResetFrameRateLimit.maximumCount = 100_000
        configuration.streamErrorRateLimit.maximumCount = 10_000
        return configuration
    }
}

// MARK: - Exchanges

extension HTTP2UpstreamConnection {
    /// Whether it may carry another exchange now.
    var hasRoom: Bool {
        !self.isRetired && !self.isClosed && self.streams.count < min(self.streamsMax, self.streamsMaxOwn)
    }

    /// Bytes held here: received and not delivered.
    var bufferedBytes: Int { self.streams.values.reduce(0) { $0 + $1.bufferedBytes } }

    func start(_ exchange: UpstreamExchange) {
        let stream = HTTP2UpstreamStream(exchange, on: self)
        exchange.carrier = stream
        exchange.isReusedConnection = self.requestCount > 0
        self.requestCount += 1
        self.idleDeadline = .distantFuture
        self.streams[ObjectIdentifier(stream)] = stream
        guard let multiplexer = self.multiplexer, let context = self.context else { return stream.failedToOpen() }
        let promise = context.eventLoop.makePromise(of: (any Channel).self)
        promise.futureResult.assumeIsolated().whenFailure { _ in stream.failedToOpen() }
        let bound = NIOLoopBound(stream, eventLoop: context.eventLoop)
        multiplexer.createStreamChannel(promise: promise) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.syncOptions?.setOption(.autoRead, value: false)
                try channel.pipeline.syncOperations.addHandler(bound.value)
            }
        }
    }

    /// A stream is over.
    func ended(_ stream: HTTP2UpstreamStream) {
        self.streams[ObjectIdentifier(stream)] = nil
        if self.streams.isEmpty {
            self.idleDeadline = self.pool.deadline(after: self.pool.timeouts.reuse)
            let isKept = !self.isRetired && !self.pool.isRetired && self.pool.settings.keepsIdleConnections
            if !isKept { return self.close() }
        }
        self.pool.roomFreed(on: self)
    }

    /// Whether the upstream said that it has not looked at a stream, and will not (RFC 9113 §6.8).
    func wasIgnored(_ id: HTTP2StreamID?) -> Bool { id.map { $0 > self.lastStreamID } ?? true }

    /// Lets running exchanges end and begins no more.
    func retire() {
        self.isRetired = true
        self.closeIfIdle()
    }

    func closeIfIdle() {
        if self.streams.isEmpty { self.close() }
    }

    func close() {
        guard !self.isClosed, let context = self.context else { return }
        self.isRetired = true
        let farewell = HTTP2Frame(
            streamID: .rootStream,
            payload: .goAway(lastStreamID: .rootStream, errorCode: .noError, opaqueData: nil)
        )
        context.writeAndFlush(self.wrapOutboundOut(farewell), promise: nil)
        context.close(promise: nil)
    }

    func checkDeadline(_ now: NIODeadline) {
        for stream in Array(self.streams.values) { stream.checkDeadline(now) }
        if now >= self.idleDeadline, self.streams.isEmpty { self.close() }
    }
}

// MARK: - Events of the channel

extension HTTP2UpstreamConnection {
    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.idleDeadline = self.pool.deadline(after: self.pool.timeouts.reuse)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.unwrapInboundIn(data).payload {
        case .settings(.settings(let settings)):
            for setting in settings where setting.parameter == .maxConcurrentStreams {
                self.streamsMax = setting.value
            }
            self.pool.roomFreed(on: self)
        case .goAway(let lastStreamID, _, _):
            self.lastStreamID = lastStreamID
            self.retire()
        case .settings(.ack), .ping, .data, .headers, .priority, .rstStream, .pushPromise, .windowUpdate,
            .alternativeService, .origin:
            break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A broken stream was ended by the library already, and hears of it itself.
        if error is any NIOHTTP2Error, !self.socketSide.hasJustSaidGoodbye { return }
        self.loss = error is any NIOHTTP2Error ? .brokenFraming : UpstreamFault(losing: error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.isClosed = true
        self.context = nil
        self.multiplexer = nil
        self.pool.closed(self)
        context.fireChannelInactive()
    }
}
