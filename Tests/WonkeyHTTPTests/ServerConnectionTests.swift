import Foundation
import NIOCore
import Support
import Testing

@testable import WonkeyHTTP

/// How connections begin, go on and end, over real sockets.
@Suite struct ServerConnectionTests {
    private static let get = "GET /get HTTP/1.1\r\nHost: a\r\n\r\n"

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

    private func wait(for server: HTTPServer, connections count: Int) async throws {
        for _ in 0..<10_000 where server.connectionCount != count { try await Task.sleep(for: .milliseconds(2)) }
        #expect(server.connectionCount == count)
    }

    @Test("a drain closes idle connections, and lets others finish with Connection: close")
    func drain() async throws {
        try await self.run { port, server, exchanges in
            let (idle, busy) = (try await RawClient.connect(port: port), try await RawClient.connect(port: port))
            try await idle.send(Self.get)
            try await exchanges.answer(0)
            #expect(try await !idle.read(through: "done").contains("Connection: close"))
            try await busy.send(Self.get)
            try await exchanges.wait { $0.paths.count == 2 }
            server.beginDraining()
            #expect(try await idle.readToEnd() == "")
            try await exchanges.answer(1)
            let last = try await busy.readToEnd()
            #expect(last.contains("\r\nConnection: close\r\n") && last.hasSuffix("done"))
            let late = try await RawClient.connect(port: port)
            try await late.send(Self.get)
            try await exchanges.answer(2)
            #expect(try await late.readToEnd().contains("\r\nConnection: close\r\n"))
        }
    }

    @Test("a client whose answer began before a drain did not hear of it, and may ask once more")
    func drainWithinAnswer() async throws {
        try await self.run { port, server, exchanges in
            let client = try await RawClient.connect(port: port)
            try await client.send(Self.get)
            try await exchanges.with(0) { exchange in
                exchange.respond(ResponseHead(status: 200), body: .length(4))
                exchange.flush()
            }
            #expect(try await !client.read(through: "\r\n\r\n").contains("Connection: close"))
            async let outcome = server.drain(deadline: .seconds(60), idle: .seconds(60))
            try await exchanges.waitUntilLast(0)
            try await exchanges.with(0) { exchange in
                exchange.write(ByteBuffer(string: "done"))
                exchange.end()
            }
            #expect(try await client.read(through: "done").hasSuffix("done"))
            try await client.send(Self.get)
            try await exchanges.answer(1)
            let last = try await client.readToEnd()
            #expect(last.contains("\r\nConnection: close\r\n") && last.hasSuffix("done"))
            await client.close()
            #expect(await outcome == .finished)
        }
    }

    @Test("a shutdown waits for requests in flight and takes no new connections")
    func shutdown() async throws {
        try await self.run { port, server, exchanges in
            let client = try await RawClient.connect(port: port)
            try await client.send(Self.get)
            try await exchanges.wait { $0.paths.count == 1 }
            async let stopped: Void = server.shutdown(deadline: .seconds(60))
            for _ in 0..<10_000 {
                guard let other = try? await RawClient.connect(port: port) else { break }
                await other.close()
            }
            await #expect(throws: (any Error).self) { try await RawClient.connect(port: port) }
            #expect(server.inFlightCount == 1)
            try await exchanges.answer(0)
            #expect(try await client.readToEnd().hasSuffix("done"))
            await client.close()
            await stopped
            #expect(exchanges.seen.endings == ["finished"])
            #expect(server.connectionCount == 0)
        }
    }

    @Test("a shutdown cuts at its deadline what is still in flight")
    func shutdownDeadline() async throws {
        try await self.run { port, server, exchanges in
            let client = try await RawClient.connect(port: port)
            try await client.send(Self.get)
            try await exchanges.wait { $0.paths.count == 1 }
            await server.shutdown(deadline: .milliseconds(20))
            #expect(try await client.readToEnd() == "")
            try await exchanges.wait { !$0.endings.isEmpty }
            #expect(exchanges.seen.endings == ["shutDown"])
        }
    }

    @Test("a client that closes its sending side is gone, unless it is said to wait for its answer")
    func halfClose() async throws {
        try await self.run { port, _, exchanges in
            let client = try await RawClient.connect(port: port)
            try await client.send(Self.get)
            try await client.finishSending()
            #expect(try await client.readToEnd() == "")
            // The connection ends first, the exchange behind it.
            try await exchanges.wait { !$0.endings.isEmpty }
            #expect(exchanges.seen.endings == ["clientGone"])
        }
        try await self.run {
            $0.halfClose = .answer
        } _: { port, _, exchanges in
            let client = try await RawClient.connect(port: port)
            try await client.send(Self.get)
            try await client.finishSending()
            try await exchanges.waitUntilLast(0)
            try await exchanges.answer(0)
            let answer = try await client.readToEnd()
            #expect(answer.contains("\r\nConnection: close\r\n") && answer.hasSuffix("done"))
            let short = try await RawClient.connect(port: port)
            try await short.send("POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhello")
            try await short.finishSending()
            #expect(try await short.readToEnd() == "", "B9")
            // The connection is closed first, and its handler told then.
            try await exchanges.wait { $0.endings.count == 2 }
            #expect(exchanges.seen.endings == ["finished", "clientGone"])
        }
    }

    @Test("a Unix socket serves as well, and a stale one is replaced", .temporaryDirectory)
    func unixSocket() async throws {
        let path = try #require(TemporaryDirectory.current).file("socket")
        for _ in 0..<2 {
            try await self.run { _, server, exchanges in
                try await server.bind(unixSocketPath: path)
                let client = try await RawClient.connect(unixSocketPath: path)
                try await client.send(Self.get)
                try await exchanges.with(0) { exchange in
                    let text = "\(exchange.remoteAddress) \(exchange.localAddress)"
                    exchange.respond(ResponseHead(status: 200), bytes: Array(text.utf8))
                }
                #expect(try await client.read(through: "unix unix").hasSuffix("unix unix"))
                await client.close()
            }
        }
    }

    @Test("connections over the limit are closed at once, and let in when others have gone")
    func connectionsMax() async throws {
        try await self.run {
            $0.connectionsMax = 1
        } _: { port, server, exchanges in
            let first = try await RawClient.connect(port: port)
            try await first.send(Self.get)
            try await exchanges.wait { $0.paths.count == 1 }
            let second = try await RawClient.connect(port: port)
            #expect(try await second.readToEnd() == "")
            try await exchanges.answer(0)
            #expect(try await first.read(through: "done").hasSuffix("done"))
            await first.close()
            try await self.wait(for: server, connections: 0)
            let third = try await RawClient.connect(port: port)
            try await third.send(Self.get)
            try await exchanges.answer(1)
            #expect(try await third.read(through: "done").hasSuffix("done"))
            await third.close()
        }
    }

    @Test("an idle connection is closed after its time, before its first request and after it")
    func keepAlive() async throws {
        var limits = ServerLimits()
        limits.keepAliveTimeout = .milliseconds(100)
        try await ServerFixture.run(limits: limits, handler: { EchoHandler($0) }) { port, _ in
            let silent = try await RawClient.connect(port: port)
            #expect(try await silent.readToEnd() == "")
            // A busy machine may take longer to send the request than the time it has: then it is sent again.
            var answer = ""
            for _ in 0..<100 where answer.isEmpty {
                let client = try await RawClient.connect(port: port)
                try? await client.send(Self.get)
                answer = try await client.readToEnd()
            }
            #expect(answer.hasSuffix("\r\n\r\nGET /get:") && !answer.contains("Connection: close"))
        }
    }

    @Test("a connection that had its share of requests is closed with the last answer")
    func requestsMax() async throws {
        try await self.run {
            $0.requestsPerConnectionMax = 2
        } _: { port, _, exchanges in
            let client = try await RawClient.connect(port: port)
            try await client.send(Self.get + Self.get + Self.get)
            try await exchanges.answer(0)
            try await exchanges.answer(1)
            let closes = try await client.readToEnd().components(separatedBy: "HTTP/1.1 ").map {
                $0.contains("Connection: close")
            }
            #expect(closes == [false, false, true])
            #expect(exchanges.seen.paths.count == 2)
        }
    }

    @Test("F17: the next request waits while an answer is streamed")
    func pipelining() async throws {
        try await self.run { port, _, exchanges in
            let client = try await RawClient.connect(port: port)
            try await client.send(Self.get + Self.get)
            try await exchanges.with(0) { exchange in
                exchange.respond(ResponseHead(status: 200), body: .chunked)
                exchange.write(ByteBuffer(string: "first"))
            }
            #expect(try await client.read(through: "first").hasSuffix("5\r\nfirst\r\n"))
            #expect(exchanges.seen.paths.count == 1)
            try await exchanges.with(0) { $0.end() }
            try await exchanges.answer(1)
            let rest = try await client.read(through: "done")
            #expect(rest.hasPrefix("0\r\n\r\nHTTP/1.1 200 OK\r\n"))
            await client.close()
        }
    }

    @Test("F15: an HTTP/1.0 client keeps its connection if it asks for that and the answer has a length")
    func keepAlive10() async throws {
        try await self.run { port, _, exchanges in
            let client = try await RawClient.connect(port: port)
            for index in 0..<2 {
                try await client.send("GET /get HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
                try await exchanges.with(index) { $0.sendInformational(ResponseHead(status: 103)) }
                try await exchanges.answer(index)
                let answer = try await client.read(through: "done")
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
                #expect(answer.contains("\r\nConnection: keep-alive\r\n"))
            }
            await client.close()
        }
    }
}
