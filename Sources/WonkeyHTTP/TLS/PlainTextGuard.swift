internal import NIOCore

/// Looks at the first byte on a TLS port, and tells a client that speaks plain HTTP that it is wrong here.
///
/// Stands between socket and TLS, and leaves as soon as that byte is none of HTTP's.
final class PlainTextGuard: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let handshake: ServerHandshake
    private var isPlainText = false

    init(_ handshake: ServerHandshake) {
        self.handshake = handshake
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if self.isPlainText { return }
        // A method begins with a letter, a TLS record with a number below 32.
        let first = self.unwrapInboundIn(data).readableBytesView.first ?? 0
        guard (UInt8(ascii: "A")...UInt8(ascii: "z")).contains(first) else {
            context.fireChannelRead(data)
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
            return
        }
        self.isPlainText = true
        let answer = self.handshake.plainTextReceived(from: PeerAddress(context.channel.remoteAddress))
        context.writeAndFlush(self.wrapOutboundOut(answer), promise: nil)
        // The rest is still read, so that no reset destroys the answer; the client closes, or the handshake times out.
        context.close(mode: .output, promise: nil)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if self.isPlainText { context.read() } else { context.fireChannelReadComplete() }
    }
}
