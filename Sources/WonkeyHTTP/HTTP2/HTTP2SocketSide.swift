internal import NIOCore

/// Stands between the socket and the library that frames HTTP/2, for what that does not do.
final class HTTP2SocketSide: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// GOAWAY with the highest stream and no error (RFC 9113 §6.8): "open no more, whatever you have opened is served".
    private static let announcement: [UInt8] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]
    /// Length and type of a GOAWAY without further data, as one number.
    private static let goAwayHead: UInt32 = 0x0807

    private var context: ChannelHandlerContext?
    /// Whether what still arrives is dropped.
    var isDeaf = false
    /// Whether the bytes written last end with a GOAWAY.
    ///
    /// The library writes one just before it tells of an error that ends the connection, and a RST_STREAM before one that
    /// ends a stream; the errors themselves do not say which they are.
    private(set) var hasJustSaidGoodbye = false
    private var bytesWritten: Int64 = 0

    /// Bytes that have reached the client; under TLS, off by what encryption adds to those under way.
    var bytesTaken: Int64 {
        self.bytesWritten - (self.context.map { SocketBacklog.byteCount(of: $0.channel) } ?? 0)
    }

    /// Writes the announcement of an end; the library would refuse from then on what the client has sent already.
    func announceEnd() {
        guard let context = self.context else { return }
        context.write(self.wrapOutboundOut(context.channel.allocator.buffer(bytes: Self.announcement)), promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let bytes = self.unwrapOutboundIn(data)
        self.bytesWritten += Int64(bytes.readableBytes)
        let start = bytes.writerIndex - Self.announcement.count
        self.hasJustSaidGoodbye =
            start >= bytes.readerIndex && bytes.getInteger(at: start, as: UInt32.self) == Self.goAwayHead
        context.write(data, promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if !self.isDeaf { context.fireChannelRead(data) }
    }
}
