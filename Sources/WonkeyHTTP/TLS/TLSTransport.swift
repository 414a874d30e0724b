internal import NIOCore
import WonkeyCore

/// The side of TLS that faces the socket; it sees encrypted bytes only, and lets all of them pass.
final class TLSTransport: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer

    /// Encrypted bytes handed to the channel so far, whether its socket has taken them or not.
    private(set) var bytesWritten: Int64 = 0
    /// Encrypted bytes received so far.
    private(set) var bytesRead: Int64 = 0
    /// Set once the handshake is done.
    var clientCertificate: ClientCertificate?
    private var context: ChannelHandlerContext?

    /// Closes the connection without saying so inside TLS: what was sent so far then counts as cut off (RFC 8446 §6.1).
    func cut() {
        self.context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.bytesRead += Int64(self.unwrapInboundIn(data).readableBytes)
        context.fireChannelRead(data)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        self.bytesWritten += Int64(self.unwrapOutboundIn(data).readableBytes)
        context.write(data, promise: promise)
    }
}
