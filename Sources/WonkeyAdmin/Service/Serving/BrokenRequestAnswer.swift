import HTTPTypes
import NIOCore
import WonkeyCore

/// Gives the bare 400 with which Hummingbird answers what is no HTTP the body and fields of every other problem.
///
/// Stands at the socket's end of the pipeline, where that answer comes by in its turn behind those to earlier requests:
/// no other answer of ours has the status 400 and no content.
final class BrokenRequestAnswer: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    private static let start = Array("HTTP/1.1 400 Bad Request\r\n".utf8)
    private static let noContent = Array("\r\ncontent-length: 0\r\n".utf8)

    private let makeID: @Sendable () -> String

    init(makeID: @escaping @Sendable () -> String) {
        self.makeID = makeID
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .byteBuffer(let buffer) = Self.unwrapOutboundIn(data), Self.isBare(buffer) else {
            context.write(data, promise: promise)
            return
        }
        let id = self.makeID()
        let problem = Problem(status: 400, detail: "The request is no HTTP that this service takes.")
        let reply = WireReply(problem, requestID: id)
        var text = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nX-Request-Id: \(id)\r\n"
        for field in reply.fields { text += "\(field.name.rawName): \(field.value)\r\n" }
        let body = problem.json(requestID: id).text
        text += "Content-Length: \(body.utf8.count)\r\n\r\n" + body
        context.write(Self.wrapOutboundOut(.byteBuffer(ByteBuffer(string: text))), promise: promise)
    }

    private static func isBare(_ buffer: ByteBuffer) -> Bool {
        let bytes = buffer.readableBytesView
        guard bytes.starts(with: Self.start) else { return false }
        return bytes.map { (65...90).contains($0) ? $0 + 32 : $0 }.firstRange(of: Self.noContent) != nil
    }
}

/// Puts ``BrokenRequestAnswer`` and ``LingeringClose`` at the socket's end, where Hummingbird's own configuration cannot.
final class SocketEndSetup: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    private let makeID: @Sendable () -> String

    init(makeID: @escaping @Sendable () -> String) {
        self.makeID = makeID
    }

    func handlerAdded(context: ChannelHandlerContext) {
        let handlers: [any ChannelHandler] = [LingeringClose(), BrokenRequestAnswer(makeID: self.makeID)]
        do {
            try context.pipeline.syncOperations.addHandlers(handlers, position: .first)
        } catch {
            context.fireErrorCaught(error)
        }
    }
}
