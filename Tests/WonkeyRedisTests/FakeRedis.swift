import NIOCore
import NIOPosix
import Support

@testable import WonkeyRedis

/// How a fake Redis answers counts and scripts; it greets as it should, unless it is silent.
enum FakeBehaviour: Sendable {
    /// A decision, one byte at a time.
    case drip
    case answer(String)
    /// Accepts and says nothing.
    case silent
}

/// Runs `body` with settings that lead to a fake Redis on a Unix socket.
func withFakeRedis(_ behaviour: FakeBehaviour, _ body: (RedisSettings) async throws -> Void) async throws {
    try await withTemporaryDirectory { directory in
        let path = directory.file("fake.sock")
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(FakeRedisHandler(behaviour))
                }
            }
            .bind(unixDomainSocketPath: path).get()
        var settings = try RedisSettings(url: "unix:\(path)")
        settings.timeout = .seconds(10)
        settings.connectTimeout = .seconds(10)
        do {
            try await body(settings)
        } catch {
            try await server.close()
            throw error
        }
        try await server.close()
    }
}

private final class FakeRedisHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let behaviour: FakeBehaviour
    private var reader = ReplyReader()

    init(_ behaviour: FakeBehaviour) { self.behaviour = behaviour }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do {
            // A request is an array of strings, so the reader of replies understands it.
            try self.reader.feed(self.unwrapInboundIn(data))
            while let request = try self.reader.next() { self.answer(request, context) }
        } catch {
            context.close(promise: nil)
        }
    }

    private func answer(_ request: RedisReply, _ context: ChannelHandlerContext) {
        guard case .array(let arguments) = request, case .bulk(let name) = arguments.first else { return }
        switch (String(decoding: name, as: UTF8.self), self.behaviour) {
        case (_, .silent): break
        case ("PING", _): self.write("+PONG\r\n", context)
        case ("SCRIPT", _): self.write("$40\r\n\(String(repeating: "a", count: 40))\r\n", context)
        case (_, .answer(let text)): self.write(text, context)
        case ("INCR", .drip): self.drip(":999993\r\n", context)
        case ("PTTL", .drip): self.drip(":60000\r\n", context)
        case (_, .drip): self.drip("*4\r\n:1\r\n:7\r\n:60000\r\n:0\r\n", context)
        }
    }

    private func drip(_ text: String, _ context: ChannelHandlerContext) {
        for byte in text.utf8 {
            context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(bytes: [byte])), promise: nil)
        }
    }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }
}
