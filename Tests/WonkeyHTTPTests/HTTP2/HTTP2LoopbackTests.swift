import NIOCore
import Support
import Synchronization
import Testing

@testable import WonkeyHTTP

/// Our server and our upstream side, speaking HTTP/2 to each other over real sockets.
@Suite(.timeLimit(.minutes(2))) struct HTTP2LoopbackTests {
    private func answer(
        tls: ServerTLS?,
        _ change: @escaping @Sendable (inout UpstreamSettings) -> Void,
        _ method: WonkeyHTTP.Method = .get,
        body: Int = 0
    ) async throws -> (answer: String, versions: [HTTPVersion]) {
        let versions = Reports<HTTPVersion>()
        let answer = try await ServerFixture.run(tls: tls, takesHTTP2: true) { exchange in
            VersionHandler(EchoHandler(exchange), versions)
        } _: { port, _ in
            try await UpstreamFixture.run(port: port, change) { fixture in
                try await fixture.answer(method, "/x", framing: body > 0 ? .length(Int64(body)) : .none) {
                    event,
                    recorder in
                    guard event == .ready else { return }
                    recorder.exchange?.write(ByteBuffer(repeating: 0x78, count: body))
                    recorder.exchange?.end()
                }
            }
        }
        return (answer, versions.all)
    }

    @Test("what is spoken is what ALPN settles on, or what is known beforehand")
    func negotiation() async throws {
        let material = try TLSMaterial()
        let both = try material.server(speaking: [.http2, .http1])
        let old = try material.server(speaking: [.http1])
        let cases: [(tls: ServerTLS?, speaks: UpstreamProtocol, version: HTTPVersion)] = [
            (nil, .negotiated, .http11), (nil, .http1, .http11), (nil, .http2, .http2), (both, .negotiated, .http2),
            (both, .http2, .http2), (both, .http1, .http11), (old, .negotiated, .http11),
        ]
        for (tls, speaks, version) in cases {
            let (answer, versions) = try await self.answer(tls: tls) {
                $0.speaks = speaks
                $0.tls = tls == nil ? nil : material.upstream(speaking: speaks)
            }
            #expect(answer == "200 length(7) GET /x:|")
            #expect(versions == [version])
        }
    }

    @Test("a body larger than every window goes up whole")
    func body() async throws {
        let (answer, _) = try await self.answer(tls: nil, { $0.speaks = .http2 }, .post, body: 300_000)
        #expect(answer == "200 length(300008) POST /x:" + String(repeating: "x", count: 300_000) + "|")
    }

    @Test("trailers that are due when there is room again follow the body")
    func trailers() async throws {
        // More than the stream holds, in a frame that fills it and one that leaves it empty at a stroke.
        let size = 16 * 1024 + HTTP2Limits.streamBufferBytesMax / 2 + 1
        let answer = try await ServerFixture.run(takesHTTP2: true) {
            TrailingHandler($0, size)
        } _: { port, _ in
            try await UpstreamFixture.run(port: port, { $0.speaks = .http2 }) { try await $0.answer() }
        }
        #expect(answer == "200 chunked " + String(repeating: "x", count: size) + "|")
    }

    @Test("an upstream that will not speak HTTP/2 is no upstream for who insists")
    func insisting() async throws {
        let origin = try await OriginServer.start([
            .await("\r\n\r\n"), .send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"), .close,
        ])
        try await UpstreamFixture.run(port: origin.port) {
            $0.speaks = .http2
        } _: { fixture async throws in
            #expect(try await fixture.answer() == "!brokenFraming")
        }
        await origin.stop()
    }
}

/// Answers with more bytes than may wait, and with trailers once there is room.
private final class TrailingHandler: RequestHandler {
    private let exchange: ServerExchange
    private let size: Int

    init(_ exchange: ServerExchange, _ size: Int) {
        self.exchange = exchange
        self.size = size
    }

    func headReceived(_ head: RequestHead) {
        self.exchange.respond(ResponseHead(status: 200), body: .chunked)
        self.exchange.write(ByteBuffer(repeating: 0x78, count: self.size))
        self.exchange.flush()
    }

    func writabilityChanged(isWritable: Bool) {
        guard isWritable else { return }
        var trailers = FieldSection()
        trailers.append(name: "x-sum", value: "7")
        self.exchange.end(trailers: trailers)
    }

    func bodyReceived(_ chunk: ByteBuffer) {}
    func bodyEnded() {}
    func bodyFailed(_ fault: BodyFault) {}
    func failed(_ fault: DownstreamFault) {}
    func finished(bytesSent: Int64) {}
}

/// Notes which version a request came in.
private final class VersionHandler: RequestHandler {
    private let handler: EchoHandler
    private let versions: Reports<HTTPVersion>

    init(_ handler: EchoHandler, _ versions: Reports<HTTPVersion>) {
        self.handler = handler
        self.versions = versions
    }

    func headReceived(_ head: RequestHead) {
        self.versions.add(head.version)
        self.handler.headReceived(head)
    }

    func bodyReceived(_ chunk: ByteBuffer) { self.handler.bodyReceived(chunk) }
    func bodyEnded() { self.handler.bodyEnded() }
    func bodyFailed(_ fault: BodyFault) { self.handler.bodyFailed(fault) }
    func writabilityChanged(isWritable: Bool) {}
    func failed(_ fault: DownstreamFault) {}
    func finished(bytesSent: Int64) {}
}
