import NIOCore
import NIOPosix
import Support
import Testing

@testable import WonkeyHTTP

private let mebibyte = 1 << 20

@Suite(.timeLimit(.minutes(1))) struct UpstreamStreamingTests {
    @Test(
        "64 MiB go through to the upstream and back unharmed, and little of them is held",
        arguments: [true, false],
        [true, false]
    )
    func bothWays(isChunked: Bool, isEncrypted: Bool) async throws {
        let size = 64 * mebibyte
        let meter = Meter()
        let tls = isEncrypted ? try TLSMaterial() : nil
        try await ServerFixture.run(tls: tls?.server) {
            Echo($0)
        } _: { originPort, _ in
            try await ServerFixture.run(
                tls: tls?.server,
                handler: { PassThrough($0, to: originPort, meter) { $0.tls = tls?.upstream } }
            ) { port, _ in
                let framing = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: \(size)"
                let received = try await PatternClient.exchange(
                    port: port,
                    head: "POST / HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n",
                    size: size,
                    isChunked: isChunked,
                    tls: tls?.client
                )
                #expect(received == size)
            }
        }
        #expect(meter.uploaded == size && meter.downloaded == size)
        #expect(meter.heldMax <= 512 * 1024)
    }

    @Test("an upstream that does not read stops the reading of the client's body", arguments: [true, false])
    func stalledUpstream(isEncrypted: Bool) async throws {
        let tls = isEncrypted ? try TLSMaterial() : nil
        let script: [OriginServer.Step] = [.await("\r\n\r\n"), .stopReading]
        let origin = try await OriginServer.start(script, tls: tls?.origin, keepsBytes: false)
        let meter = Meter()
        let answer = try await ServerFixture.run(
            tls: tls?.server,
            handler: {
                PassThrough($0, to: origin.port, meter) { settings in
                    settings.tls = tls?.upstream
                    settings.idleTimeout = .milliseconds(150)
                }
            },
            { port, _ in
                let client = try await RawClient.connect(port: port, tls: tls?.client)
                try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(1 << 40)\r\n\r\n")
                let piece = ByteBuffer(repeating: 0x78, count: mebibyte)
                let sending = Task { while true { try await client.send(piece) } }
                let answer = try await client.read { text, isClosed in isClosed || text.contains("\r\n\r\n") }
                sending.cancel()
                await client.close()
                _ = await sending.result
                return answer
            }
        )
        #expect(answer.hasPrefix("HTTP/1.1 504 "))
        #expect(meter.heldMax <= 512 * 1024 && meter.blockedUploadMax <= 128 * 1024)
        await origin.stop()
    }

    @Test("a client that does not read stops the reading of the upstream's body", arguments: [true, false])
    func stalledClient(isEncrypted: Bool) async throws {
        let tls = isEncrypted ? try TLSMaterial() : nil
        let size = 1 << 40
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"
        let script: [OriginServer.Step] = [.await("\r\n\r\n"), .send(head), .flood(size)]
        let origin = try await OriginServer.start(script, tls: tls?.origin, keepsBytes: false)
        let meter = Meter()
        var limits = ServerLimits()
        limits.writeIdleTimeout = .milliseconds(150)
        try await ServerFixture.run(limits: limits, tls: tls?.server) {
            PassThrough($0, to: origin.port, meter) { $0.tls = tls?.upstream }
        } _: { port, _ in
            let client = try await RawClient.connect(port: port, reads: false, tls: tls?.client)
            try await client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            // The client is given up, and the upstream's connection with it.
            #expect(try await waits { origin.closedCount == 1 })
            await client.close()
        }
        #expect(meter.downloaded > 0)
        #expect(meter.heldMax <= 512 * 1024 && meter.blockedDownloadMax <= 128 * 1024)
        await origin.stop()
    }
}

/// Sends each piece of the body back as it comes.
private final class Echo: RequestHandler {
    private let exchange: ServerExchange
    private var framing = BodyFraming.none

    init(_ exchange: ServerExchange) { self.exchange = exchange }

    func headReceived(_ head: RequestHead) {
        self.framing = head.framing
        self.exchange.readBody()
    }

    func bodyReceived(_ chunk: ByteBuffer) {
        // Not earlier: a body not asked for before the answer begins is dropped.
        if !self.exchange.hasBegunAnswer { self.exchange.respond(ResponseHead(status: 200), body: self.framing) }
        self.exchange.write(chunk)
        if !self.exchange.isWritable { self.exchange.pauseBody() }
    }

    func writabilityChanged(isWritable: Bool) {
        if isWritable { self.exchange.resumeBody() } else { self.exchange.pauseBody() }
    }

    func bodyEnded() { self.exchange.end() }
    func bodyFailed(_ fault: BodyFault) { self.exchange.abort() }
    func failed(_ fault: DownstreamFault) {}
    func finished(bytesSent: Int64) {}
}

/// Sends a body with a pattern and checks that the same pattern comes back.
private final class PatternClient: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// A prime length, so that no piece can stand in another's place; twice, so that slices need not wrap.
    private static let period = 65_537
    private static let pattern = ByteBuffer(bytes: (0..<2 * period).map { UInt8(truncatingIfNeeded: $0 % period * 31) })

    private let head: String
    private let size: Int
    private let isChunked: Bool
    private let promise: EventLoopPromise<Int>
    private var sent = 0
    private var received = 0
    private var input = ByteBuffer()
    private var decoder: BodyDecoder?

    init(head: String, size: Int, isChunked: Bool, _ promise: EventLoopPromise<Int>) {
        self.head = head
        self.size = size
        self.isChunked = isChunked
        self.promise = promise
    }

    /// Makes the exchange and returns how many bytes came back as they were sent.
    static func exchange(
        port: Int,
        head: String,
        size: Int,
        isChunked: Bool,
        tls: ClientSecurity?
    ) async throws -> Int {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = loop.makePromise(of: Int.self)
        let channel = try await ClientBootstrap(group: loop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                if let tls { try channel.pipeline.syncOperations.addHandler(tls.makeHandler()) }
                let client = PatternClient(head: head, size: size, isChunked: isChunked, promise)
                try channel.pipeline.syncOperations.addHandler(client)
            }
        }.connect(host: "127.0.0.1", port: port).get()
        let received = try await promise.futureResult.get()
        try await channel.close()
        return received
    }

    private static func piece(at offset: Int, _ count: Int) -> ByteBuffer? {
        pattern.getSlice(at: offset % period, length: count)
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(self.wrapOutboundOut(ByteBuffer(string: self.head)), promise: nil)
        self.sendOn(context)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) { self.sendOn(context) }

    private func sendOn(_ context: ChannelHandlerContext) {
        while self.sent < self.size, context.channel.isWritable {
            let count = min(40_000, self.size - self.sent)
            guard let piece = PatternClient.piece(at: self.sent, count) else { return }
            self.sent += count
            if self.isChunked { self.write("\(String(count, radix: 16))\r\n", context) }
            context.write(self.wrapOutboundOut(piece), promise: nil)
            if self.isChunked { self.write(self.sent == self.size ? "\r\n0\r\n\r\n" : "\r\n", context) }
            context.flush()
        }
    }

    private func write(_ text: String, _ context: ChannelHandlerContext) {
        context.write(self.wrapOutboundOut(ByteBuffer(string: text)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var bytes = self.unwrapInboundIn(data)
        self.input.writeBuffer(&bytes)
        if self.decoder == nil { self.readHead() }
        while var decoder = self.decoder {
            let part = decoder.next(&self.input)
            self.decoder = decoder
            switch part {
            case .incomplete:
                self.input.discardReadBytes()
                return
            case .data(let chunk):
                guard self.accept(chunk) else { return self.end() }
            case .end, .malformed: return self.end()
            }
        }
    }

    /// Compares in pieces that the pattern is long enough for.
    private func accept(_ chunk: ByteBuffer) -> Bool {
        var rest = chunk
        while let piece = rest.readSlice(length: min(rest.readableBytes, PatternClient.period)), piece.readableBytes > 0
        {
            guard piece == PatternClient.piece(at: self.received, piece.readableBytes) else { return false }
            self.received += piece.readableBytes
        }
        return true
    }

    private func readHead() {
        let view = self.input.readableBytesView
        guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
        self.input.moveReaderIndex(to: end.upperBound)
        self.decoder =
            self.isChunked
            ? BodyDecoder(chunked: ChunkedDecoder(trailerBytesMax: 0, trailerCountMax: 0))
            : BodyDecoder(length: Int64(self.size))
    }

    private func end() {
        self.decoder = nil
        self.promise.succeed(self.received)
    }

    func channelInactive(context: ChannelHandlerContext) { self.promise.succeed(self.received) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
