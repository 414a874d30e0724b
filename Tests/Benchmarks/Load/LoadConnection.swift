import NIOCore

/// One connection, with one request under way at the most.
final class LoadConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    let number: Int
    private let driver: LoadDriver
    private var context: ChannelHandlerContext?
    private var reader = AnswerReader()
    private var received = ByteBuffer()
    private var request: Int?

    init(number: Int, driver: LoadDriver) {
        self.number = number
        self.driver = driver
    }

    func send(_ bytes: ByteBuffer, number: Int) {
        self.request = number
        self.context?.writeAndFlush(NIOAny(bytes), promise: nil)
    }

    func close() {
        self.context?.close(promise: nil)
    }

    func channelActive(context: ChannelHandlerContext) {
        self.context = context
        self.driver.opened(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let now = NIODeadline.now()
        var bytes = self.unwrapInboundIn(data)
        self.received.writeBuffer(&bytes)
        switch self.reader.read(&self.received) {
        case .incomplete: break
        case .malformed: context.close(promise: nil)
        case .answered(let status):
            self.received.discardReadBytes()
            guard let request = self.request else { return context.close(promise: nil) }
            self.request = nil
            self.driver.answered(self, request: request, status: status, at: now)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.context = nil
        self.driver.ended(self, wasBusy: self.request != nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}
