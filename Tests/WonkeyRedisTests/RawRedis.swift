import NIOCore
import NIOPosix

@testable import WonkeyRedis

/// A plain connection to Redis that sends one request at a time.
struct RawRedis {
    private let channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let inbound: Inbound

    /// Keeps the parser between two requests.
    private final class Inbound {
        var iterator: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        var reader = ReplyReader()

        init(_ stream: NIOAsyncChannelInboundStream<ByteBuffer>) { self.iterator = stream.makeAsyncIterator() }
    }

    static func withConnection(_ socketPath: String, _ body: (RawRedis) async throws -> Void) async throws {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(unixDomainSocketPath: socketPath) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await channel.executeThenClose { inbound, outbound in
            try await body(RawRedis(channel: channel, outbound: outbound, inbound: Inbound(inbound)))
        }
    }

    func send(_ request: ByteBuffer) async throws -> RedisReply {
        try await self.outbound.write(request)
        while true {
            if let reply = try self.inbound.reader.next() { return reply }
            guard let bytes = try await self.inbound.iterator.next(isolation: nil) else {
                throw ReplyError(message: "closed")
            }
            try self.inbound.reader.feed(bytes)
        }
    }
}

/// A small generator whose seed makes a failing run repeatable.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
