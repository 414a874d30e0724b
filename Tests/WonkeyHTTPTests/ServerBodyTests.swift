import NIOCore
import Support
import Testing

@testable import WonkeyHTTP

/// Bodies that are large, slow, unread or unwanted, over real sockets.
@Suite struct ServerBodyTests {
    private func run(
        _ change: (inout ServerLimits) -> Void = { _ in },
        _ body: (_ port: Int, _ server: HTTPServer, _ exchanges: ManualExchanges) async throws -> Void
    ) async throws {
        var limits = ServerLimits()
        change(&limits)
        let exchanges = ManualExchanges()
        try await ServerFixture.run(limits: limits, handler: { ManualHandler($0, exchanges) }) { port, server in
            try await body(port, server, exchanges)
        }
    }

    private static func post(_ path: String, length: Int) -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n"
    }

    private static func bytes(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 0x78, count: count) }

    @Test("B10: a small body that nobody read is dropped, and the connection stays")
    func smallUnread() async throws {
        try await self.run { port, _, exchanges in
            let client = try await RawClient.connect(port: port)
            try await client.send(Self.post("/a", length: 50_000))
            try await exchanges.answer(0)
            #expect(try await !client.read(through: "done").contains("Connection: close"))
            try await client.send(Self.bytes(50_000))
            try await client.send("GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
            try await exchanges.answer(1)
            #expect(try await client.read(through: "done").hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(exchanges.seen.paths == ["/a", "/b"])
            await client.close()
        }
    }

    @Test(
        "B10, F16: the client gets the whole answer although it still sends a body that nobody reads",
        arguments: ["Content-Length: 900000", "Transfer-Encoding: chunked"]
    )
    func largeUnread(_ framing: String) async throws {
        try await self.run {
            $0.lingerTimeout = .seconds(60)
        } _: { port, server, exchanges in
            let client = try await RawClient.connect(port: port)
            try await client.send("POST /a HTTP/1.1\r\nHost: a\r\n\(framing)\r\n\r\n")
            if framing.hasPrefix("T") { try await client.send("dbba0\r\n") }
            try await exchanges.answer(0)
            let sent = Task { try? await client.send(Self.bytes(899_000)) }
            let answer = try await client.readToEnd()
            #expect(answer.contains("\r\nConnection: close\r\n") && answer.hasSuffix("\r\n\r\ndone"))
            await sent.value
            await client.close()
            #expect(exchanges.seen.bodyBytes == 0)
        }
    }

    @Test("F16: lingering ends by itself, whether the client sends without end or not at all")
    func lingering() async throws {
        try await self.run {
            $0.lingerTimeout = .milliseconds(50)
        } _: { port, server, exchanges in
            let silent = try await RawClient.connect(port: port)
            try await silent.send(Self.post("/a", length: 1_000_000))
            try await exchanges.answer(0)
            #expect(try await silent.readToEnd().hasSuffix("done"))
            for _ in 0..<10_000 where server.connectionCount > 0 { try await Task.sleep(for: .milliseconds(2)) }
            #expect(server.connectionCount == 0)
            await silent.close()
        }
        try await self.run {
            $0.lingerTimeout = .seconds(600)
        } _: { port, server, exchanges in
            let endless = try await RawClient.connect(port: port)
            try await endless.send(Self.post("/a", length: 1 << 40))
            try await exchanges.answer(0)
            await #expect(throws: (any Error).self) {
                for _ in 0..<1_000 { try await endless.send(Self.bytes(1 << 20)) }
            }
            await endless.close()
        }
    }

    @Test("a client that does not take its answer is given up")
    func writeTimeout() async throws {
        try await self.run {
            $0.writeIdleTimeout = .milliseconds(100)
        } _: { port, _, exchanges in
            let client = try await RawClient.connect(port: port, reads: false)
            try await client.send("GET /get HTTP/1.1\r\nHost: a\r\n\r\n")
            try await exchanges.with(0) { $0.respond(ResponseHead(status: 200), bytes: Self.bytes(64 << 20)) }
            try await exchanges.wait { !$0.endings.isEmpty }
            #expect(exchanges.seen.endings == ["writeTimedOut"])
            await client.close()
        }
    }

    @Test("while a handler pauses, the body stays in the sockets; resumed, it arrives whole")
    func backPressure() async throws {
        let length = 32 << 20
        try await self.run { port, _, exchanges in
            let client = try await RawClient.connect(port: port)
            try await client.send(Self.post("/read/paused", length: length))
            let sent = Task { try await client.send(Self.bytes(length)) }
            try await exchanges.wait { $0.bodyBytes > 0 }
            // Each round gives the paused connection's event loop turns in which it could read.
            let other = try await RawClient.connect(port: port)
            for index in 1...20 {
                try await other.send("GET /get HTTP/1.1\r\nHost: a\r\n\r\n")
                try await exchanges.answer(index)
                _ = try await other.read(through: "done")
            }
            await other.close()
            #expect(exchanges.seen.bodyBytes <= 64 << 10)
            try await exchanges.with(0) { exchange in
                #expect(exchange.bytesReceived <= 64 << 10 + 1_000)
                exchange.resumeBody()
            }
            try await exchanges.wait { $0.endings.contains("body") }
            try await sent.value
            #expect(exchanges.seen.bodyBytes == length)
            try await exchanges.answer(0)
            #expect(try await client.read(through: "done").hasSuffix("done"))
            await client.close()
        }
    }

    @Test("a body that stops arriving is answered with 408")
    func slowBody() async throws {
        try await self.run {
            $0.bodyIdleTimeout = .milliseconds(50)
        } _: { port, _, exchanges in
            let client = try await RawClient.connect(port: port)
            try await client.send(Self.post("/read", length: 10) + "hello")
            let answer = try await client.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 408 Request Timeout\r\n"))
            #expect(answer.contains("\r\nConnection: close\r\n"))
            #expect(exchanges.seen.endings == ["timedOut", "finished"])
        }
    }

    @Test("F11: a refusal needs no body, and the client that waited may not go on")
    func refusedExpectation() async throws {
        try await self.run { port, _, exchanges in
            let client = try await RawClient.connect(port: port)
            try await client.send("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
            try await exchanges.answer(0)
            let answer = try await client.readToEnd()
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.contains("\r\nConnection: close\r\n"))
            #expect(exchanges.seen.bodyBytes == 0)
            let unknown = try await RawClient.connect(port: port)
            try await unknown.send("POST /a HTTP/1.1\r\nHost: a\r\nExpect: tea\r\nContent-Length: 5\r\n\r\n")
            #expect(try await unknown.readToEnd().hasPrefix("HTTP/1.1 417 Expectation Failed\r\n"))
        }
    }
}
