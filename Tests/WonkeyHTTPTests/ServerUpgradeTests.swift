import NIOCore
import Support
import Testing

@testable import WonkeyHTTP

/// Connections that leave HTTP, on the server's side.
@Suite(.timeLimit(.minutes(2))) struct ServerUpgradeTests {
    @Test("F20: bytes go both ways after a 101, and silence is nobody's fault, not even after a stall")
    func tunnel() async throws {
        let exchanges = ManualExchanges()
        var limits = ServerLimits()
        limits.bodyIdleTimeout = .milliseconds(50)
        limits.writeBufferBytesMax = 16 * 1024
        let size = 8 << 20
        try await ServerFixture.run(limits: limits) {
            ManualHandler($0, exchanges)
        } _: { port, _ in
            let client = try await RawClient.connect(port: port)
            try await client.send("GET /t HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\nearly")
            try await exchanges.with(0) { exchange in
                var head = ResponseHead(status: 101)
                head.fields.append(.upgrade, "x")
                exchange.upgrade(head)
                // More than the socket takes before the client reads.
                exchange.write(ByteBuffer(repeating: 0x61, count: size))
            }
            try await exchanges.wait { $0.bodyBytes == 5 }
            let head = try await client.read(through: "\r\n\r\n")
            #expect(head.hasPrefix("HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"))
            try await client.count(upTo: size)
            // Bodies that do not come tell that the time in which one must has passed, again and again.
            for round in 1...3 {
                let late = try await RawClient.connect(port: port)
                try await late.send("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n")
                #expect(try await late.readToEnd().hasPrefix("HTTP/1.1 408 "))
                try await exchanges.wait { $0.endings.count(where: { $0 == "timedOut" }) == round }
            }
            try await client.send("late")
            try await exchanges.wait { $0.bodyBytes == 9 }
            try await exchanges.with(0) { $0.end() }
            _ = try await client.readToEnd()
            try await exchanges.wait { $0.endings.count == 7 }
            #expect(
                exchanges.seen.endings.sorted() == [
                    "finished", "finished", "finished", "finished", "timedOut", "timedOut", "timedOut",
                ]
            )
        }
    }

    @Test(
        "what a client offers counts only on an HTTP/1.1 request without a body that names it in Connection",
        arguments: [
            ("GET", HTTPVersion.http11, ["Upgrade": "websocket", "Connection": "keep-alive, Upgrade"], "websocket"),
            ("GET", .http11, ["Upgrade": "h2c, WebSocket/13, other", "Connection": "upgrade"], "WebSocket/13"),
            ("GET", .http11, ["Upgrade": "websocket"], nil), ("GET", .http11, ["Connection": "upgrade"], nil),
            ("GET", .http11, ["Upgrade": "h2c", "Connection": "upgrade"], nil),
            ("GET", .http10, ["Upgrade": "websocket", "Connection": "upgrade"], nil),
            ("GET", .http2, ["Upgrade": "websocket", "Connection": "upgrade"], nil),
        ] as [(String, HTTPVersion, [String: String], String?)]
    )
    func offers(method: String, version: HTTPVersion, fields: [String: String], expected: String?) {
        var section = FieldSection()
        for (name, value) in fields { section.append(name: name, value: value) }
        let heads = [BodyFraming.none, .length(1)].map { framing in
            RequestHead(
                method: Method(method),
                target: RequestTarget(origin: "/"),
                version: version,
                host: "a",
                fields: section,
                framing: framing
            )
        }
        #expect(UpgradeOffer.chosen(from: heads[0], allowed: ["websocket"]) == expected)
        #expect(UpgradeOffer.chosen(from: heads[1], allowed: ["websocket"]) == nil)
    }
}
