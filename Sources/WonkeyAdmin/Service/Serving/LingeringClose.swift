import NIOCore

/// Ends a connection after its last answer so that the answer arrives (RFC 9112 §9.6).
///
/// The client may still be sending a body that nobody reads. If the socket were closed with such bytes in it, the system would
/// reset the connection, and the client might lose the answer. So the sending side alone is closed, and what comes is
/// thrown away until the client closes, too, or ``patience`` is over.
final class LingeringClose: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = IOData

    /// Sent down the pipeline behind an answer that says `Connection: close`.
    struct LastAnswerSent: Sendable {}

    private enum State {
        case serving
        /// The last answer is on its way; nothing more is taken in.
        case answered
        case lingering(deadline: Scheduled<Void>, closed: EventLoopPromise<Void>?)
        case closed
    }

    static let patience = TimeAmount.seconds(2)

    private var state = State.serving

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is LastAnswerSent, case .serving = self.state else {
            context.triggerUserOutboundEvent(event, promise: promise)
            return
        }
        self.state = .answered
        promise?.succeed()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch self.state {
        case .serving: context.fireChannelRead(data)
        case .answered, .lingering, .closed: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        if case .lingering = self.state { context.read() }
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        guard mode == .all, case .answered = self.state else {
            context.close(mode: mode, promise: promise)
            return
        }
        let bound = NIOLoopBound((handler: self, context: context), eventLoop: context.eventLoop)
        let deadline = context.eventLoop.scheduleTask(in: Self.patience) {
            bound.value.handler.end(bound.value.context)
        }
        self.state = .lingering(deadline: deadline, closed: promise)
        context.flush()
        context.close(mode: .output, promise: nil)
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .lingering = self.state, event as? ChannelEvent == .inputClosed {
            self.end(context)
        } else {
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .lingering(let deadline, let closed) = self.state {
            self.state = .closed
            deadline.cancel()
            closed?.succeed()
        }
        context.fireChannelInactive()
    }

    private func end(_ context: ChannelHandlerContext) {
        guard case .lingering(let deadline, let closed) = self.state else { return }
        self.state = .closed
        deadline.cancel()
        context.close(mode: .all, promise: closed)
    }
}
