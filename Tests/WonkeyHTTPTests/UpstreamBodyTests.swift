import NIOCore
import Support
import Testing

@testable import WonkeyHTTP

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

@Suite(.timeLimit(.minutes(1))) struct UpstreamBodyTests {
    @Test(
        "a request body arrives as it is framed, in however many pieces it is written",
        arguments: [
            ("B14: length", .length(6), ["hel", "lo", "!"], "Content-Length: 6\r\n\r\nhello!"),
            (
                "chunked", .chunked, ["hel", "lo!"],
                "Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n3\r\nlo!\r\n0\r\n\r\n"
            ),
            ("chunked and empty", .chunked, [""], "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ] as [(String, BodyFraming, [String], String)]
    )
    func framing(_ name: String, _ framing: BodyFraming, _ pieces: [String], _ expected: String) async throws {
        let end = String(expected.suffix(5))
        let origin = try await OriginServer.start([.await(end), .send(ok), .repeat])
        try await UpstreamFixture.run(port: origin.port) { fixture async throws in
            // Twice: once on a new connection and once on a used one.
            for _ in 0..<2 {
                let answer = try await fixture.answer(.post, framing: framing) { event, recorder in
                    guard event == .ready else { return }
                    for piece in pieces { recorder.exchange?.write(ByteBuffer(string: piece)) }
                    recorder.exchange?.end()
                }
                #expect(answer == "200 length(2) hi|", "\(name)")
            }
        }
        let request = "POST / HTTP/1.1\r\nHost: a\r\n" + expected
        #expect(origin.received == [request + request], "\(name)")
        await origin.stop()
    }

    @Test(
        "B9: a body that is cancelled or breaks its length ends the connection, and nobody is called any more",
        arguments: [(["he"], true), (["he", "llo"], false), (["he"], false)]
    )
    func broken(_ pieces: [String], isCancelled: Bool) async throws {
        let origin = try await OriginServer.start([.await("never")])
        try await UpstreamFixture.run(port: origin.port) { fixture async throws in
            let answer = try await fixture.answer(.post, framing: .length(4)) { event, recorder in
                guard event == .ready else { return }
                for piece in pieces { recorder.exchange?.write(ByteBuffer(string: piece)) }
                if isCancelled { recorder.exchange?.cancel() } else { recorder.exchange?.end() }
                recorder.finish("over")
            }
            #expect(answer == "over")
            #expect(try await fixture.waits { $0.connectionCount == 0 })
        }
        #expect(try await waits { origin.closedCount == 1 })
        #expect(origin.received.allSatisfy { !$0.hasSuffix("hell") })
        await origin.stop()
    }

    @Test("F18: an upstream that answers early and closes gets no more of the body, and its answer counts")
    func earlyAnswer() async throws {
        let refusal = "HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"
        let origin = try await OriginServer.start([.awaitCount(100), .send(refusal)], keepsBytes: false)
        let piece = ByteBuffer(repeating: 0x78, count: 1000)
        try await UpstreamFixture.run(port: origin.port) { fixture async throws in
            let answer = try await fixture.answer(.post, framing: .length(100_000)) { event, recorder in
                switch event {
                case .ready: recorder.exchange?.write(piece)
                // Nobody wants these.
                case .unwanted: for _ in 0..<50 { recorder.exchange?.write(piece) }
                case .informational, .head, .body, .ended, .writable, .failed: break
                }
            }
            #expect(answer == "413 length(2) [unwanted]no|")
            #expect(try await fixture.waits { $0.connectionCount == 0 })
        }
        #expect(try await waits { origin.closedCount == 1 })
        #expect(origin.receivedCounts[0] < 1100)
        await origin.stop()
    }

    @Test(
        "B9: a reset is the upstream's fault wherever it comes",
        arguments: [
            ([.awaitCount(100), .reset], "!closedEarly"),
            ([.awaitCount(100), .send("HTTP/1.1 200 OK\r\nContent-Le"), .reset], "!closedEarly"),
        ] as [([OriginServer.Step], String)]
    )
    func reset(_ script: [OriginServer.Step], _ expected: String) async throws {
        let origin = try await OriginServer.start(script)
        try await UpstreamFixture.run(port: origin.port) { fixture async throws in
            let answer = try await fixture.answer(.post, framing: .chunked) { event, recorder in
                guard event == .ready else { return }
                recorder.exchange?.write(ByteBuffer(repeating: 0x78, count: 100))
            }
            #expect(answer == expected)
        }
        await origin.stop()
    }

    @Test("an upstream that stops reading stops the writing, and is given up after the idle timeout")
    func stalledUpstream() async throws {
        let origin = try await OriginServer.start([.stopReading], keepsBytes: false)
        let piece = ByteBuffer(repeating: 0x78, count: 64 * 1024)
        try await UpstreamFixture.run(port: origin.port) {
            $0.idleTimeout = .milliseconds(100)
        } _: { fixture async throws in
            let answer = try await fixture.answer(.post, framing: .length(1 << 40)) { event, recorder in
                switch event {
                case .ready, .writable(true):
                    // Ends only because the upstream does not read.
                    while let exchange = recorder.exchange, exchange.isWritable { exchange.write(piece) }
                    let buffered = recorder.exchange?.pool?.bufferedBytes ?? 0
                    #expect(buffered > 64 * 1024 && buffered <= 192 * 1024)
                case .informational, .head, .body, .ended, .writable, .unwanted, .failed: break
                }
            }
            #expect(answer == "!idleTimedOut")
        }
        await origin.stop()
    }

    @Test("a receiver that does not take the answer stops the reading of it")
    func slowReceiver() async throws {
        let size = 256 << 20
        let head = "HTTP/1.1 200 OK\r\nContent-Length: \(size)\r\n\r\n"
        let origin = try await OriginServer.start([.await("\r\n\r\n"), .send(head), .flood(size)], keepsBytes: false)
        try await UpstreamFixture.run(port: origin.port) { fixture async throws in
            let answer = try await fixture.answer { event, recorder in
                guard event == .body, recorder.exchange?.isPaused == false else { return }
                recorder.exchange?.pauseReading()
                recorder.finish("paused")
            }
            #expect(answer.hasSuffix("paused"))
            // The origin goes on until the sockets are full.
            var (flooded, calmPolls) = (0, 0)
            while calmPolls < 50 {
                try await Task.sleep(for: .milliseconds(1))
                calmPolls = flooded == origin.floodedCounts[0] ? calmPolls + 1 : 0
                flooded = origin.floodedCounts[0]
                #expect(try await fixture.onLoop { $0.bufferedBytes } <= 128 * 1024)
            }
            #expect(flooded < size)
        }
        await origin.stop()
    }

    @Test("F14: a pause before the head does not take the deadline away")
    func pausedBeforeHead() async throws {
        let origin = try await OriginServer.start([.await("\r\n\r\n"), .send(ok), .await("never")])
        try await UpstreamFixture.run(port: origin.port) {
            $0.responseTimeout = .milliseconds(500)
        } _: { fixture async throws in
            #expect(try await fixture.answer() == "200 length(2) hi|")
            // On a used connection the request is out before the pause.
            let answer = try await fixture.answer(sent: { exchange in
                exchange.pauseReading()
                exchange.resumeReading()
            })
            #expect(answer == "!responseTimedOut")
        }
        await origin.stop()
    }
}
