import NIOCore
internal import NIOSSL
import WonkeyCore

/// Why a connection ended.
enum RedisConnectionFault: Error {
    case timedOut
    case malformedReply(String)
    case closed((any Error)?)
    /// Redis answered that this connection is of no use.
    case refused(String)

    var code: CounterStoreError.Code {
        switch self {
        case .timedOut: .timedOut
        case .malformedReply: .malformedReply
        case .closed, .refused: .unavailable
        }
    }

    /// For the log.
    var reason: String {
        switch self {
        case .timedOut: "no answer in time"
        case .malformedReply(let text): "malformed reply: \(text)"
        case .closed(let error): error.map { "closed: \($0)" } ?? "closed"
        case .refused(let text): text
        }
    }
}

/// One connection: requests in order, answers in the same order, one flush per tick, one timer for all deadlines.
///
/// Bound to its event loop. It knows nothing of limits; ``RedisCounterStore`` does.
final class RedisConnection: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let eventLoop: any EventLoop
    /// Until the connection ends: breaks the cycle between the two.
    private var store: RedisCounterStore?
    private var context: ChannelHandlerContext?
    private var reader = ReplyReader()
    private var calls = RedisCallQueue()
    private var outbox = ByteBuffer()
    private var isFlushScheduled = false
    private var timer: (task: Scheduled<Void>, deadline: NIODeadline)?

    init(eventLoop: any EventLoop, store: RedisCounterStore) {
        self.eventLoop = eventLoop
        self.store = store
    }

    /// How many calls wait for an answer.
    var callCount: Int { self.calls.count }

    /// Sends a request with all others of this tick.
    ///
    /// - Parameters:
    ///   - call: Its deadline is not before those of calls sent earlier, unless it is repeated.
    ///   - write: Appends one request, or as many as there are answers to the call.
    func send(_ call: RedisCall, _ write: (inout ByteBuffer) -> Void) {
        write(&self.outbox)
        self.calls.append(call)
        // The greeting has more time than calls, so its timer may be too late for the first of them.
        if call.deadline < self.timer?.deadline ?? .distantFuture { self.scheduleTimer(call.deadline) }
        guard !self.isFlushScheduled else { return }
        self.isFlushScheduled = true
        self.eventLoop.assumeIsolated().execute { self.flush() }
    }

    /// Closes the connection; its calls are handed back to the store, once.
    func end(_ fault: RedisConnectionFault) {
        guard let store = self.store else { return }
        self.store = nil
        self.timer?.task.cancel()
        self.timer = nil
        let calls = self.calls.removeAll()
        self.context?.close(promise: nil)
        store.connectionEnded(self, fault, calls)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        guard let store = self.store else { return context.close(promise: nil) }
        store.connectionOpened(self)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard self.store != nil else { return }
        do {
            try self.reader.feed(self.unwrapInboundIn(data))
            // A handler of an answer may end the connection.
            while let store = self.store, let reply = try self.reader.next() {
                switch self.calls.answered(by: reply) {
                case .nothing: return self.end(.malformedReply("answer without a request"))
                case .part: continue
                case .call(let call): store.connection(self, answered: call, with: reply)
                }
            }
        } catch {
            self.end(.malformedReply(error.message))
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.end(.closed(nil))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A peer that closes without TLS' farewell is an ordinary end.
        if let error = error as? NIOSSLError, case .uncleanShutdown = error { return }
        self.end(.closed(error))
    }

    private func flush() {
        self.isFlushScheduled = false
        guard let context = self.context, self.store != nil else { return }
        let bytes = self.outbox
        self.outbox = ByteBuffer()
        context.writeAndFlush(self.wrapOutboundOut(bytes), promise: nil)
    }

    private func scheduleTimer(_ deadline: NIODeadline) {
        self.timer?.task.cancel()
        let task = self.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { self.timerFired() }
        self.timer = (task, deadline)
    }

    private func timerFired() {
        self.timer = nil
        guard self.store != nil, let deadline = self.calls.earliestDeadline else { return }
        if deadline <= .now() { self.end(.timedOut) } else { self.scheduleTimer(deadline) }
    }
}
