import NIOCore
import NIOPosix
import Support
import Synchronization
import Testing

@testable import WonkeyHTTP

private let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
private let answering: [OriginServer.Step] = [.await("\r\n\r\n"), .send(ok), .repeat]
private let silent: [OriginServer.Step] = [.await("never")]

@Suite(.timeLimit(.minutes(3))) struct UpstreamPoolTests {
    @Test("F12: a POST never goes out on a connection the upstream has closed")
    func closedAfterEachAnswer() async throws {
        let origin = try await OriginServer.start([.await("\r\n\r\nhi"), .send(ok), .close])
        let count = 50
        try await UpstreamFixture.run(port: origin.port) { fixture async throws in
            for number in 1...count {
                let answer = try await fixture.answer(.post, "/\(number)", framing: .length(2)) { event, recorder in
                    guard event == .ready else { return }
                    recorder.exchange?.write(ByteBuffer(string: "hi"))
                    recorder.exchange?.end()
                }
                #expect(answer == "200 length(2) hi|")
                #expect(try await waits { origin.closedCount == number })
            }
        }
        let expected = (1...count).map { "POST /\($0) HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" }
        #expect(origin.received == expected)
        await origin.stop()
    }

    @Test("a request that is given up in the turn it was sent in leaves no trace: its connection serves the next")
    func givenUpAtOnce() async throws {
        let origin = try await OriginServer.start(answering)
        try await UpstreamFixture.run(port: origin.port) { fixture async throws in
            #expect(try await fixture.answer() == "200 length(2) hi|")
            let idleCount = try await fixture.onLoop { pool in
                pool.send(.request(.get, "/given-up", .none), receiver: Recorder { _ in }).cancel()
                return pool.idleCount
            }
            #expect(idleCount == 1)
            #expect(try await fixture.answer(.get, "/next") == "200 length(2) hi|")
        }
        #expect(origin.received == ["GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /next HTTP/1.1\r\nHost: a\r\n\r\n"])
        await origin.stop()
    }

    @Test("B12: an idle connection ends as soon as the upstream closes it or speaks unasked")
    func idleConnections() async throws {
        for last in [OriginServer.Step.close, .reset, .send("HTTP/1.1 200 OK\r\n\r\n")] {
            let origin = try await OriginServer.start([.await("\r\n\r\n"), .send(ok), last])
            try await UpstreamFixture.run(port: origin.port) { fixture async throws in
                #expect(try await fixture.answer(.head) == "200 length(2) |")
                #expect(try await fixture.waits { $0.connectionCount == 0 && $0.idleCount == 0 })
            }
            await origin.stop()
        }
    }

    @Test("a pool that lets nobody wait still makes the connections it may")
    func nobodyWaits() async throws {
        let origin = try await OriginServer.start(answering)
        try await UpstreamFixture.run(port: origin.port) {
            $0.pendingMax = 0
        } _: { fixture async throws in
            #expect(try await fixture.answer() == "200 length(2) hi|")
            #expect(try await fixture.answer() == "200 length(2) hi|")
        }
        await origin.stop()
    }

    @Test("whoever was needed at once is kept for the next time")
    func manyIdle() async throws {
        let origin = try await OriginServer.start(answering)
        let count = 200
        try await UpstreamFixture.run(port: origin.port) { fixture async throws in
            let answers = try await fixture.loop.flatSubmit {
                let answers = (0..<count).map { _ in
                    let promise = fixture.loop.makePromise(of: String.self)
                    let recorder = Recorder { promise.succeed($0) }
                    recorder.exchange = fixture.send(.request(.get, "/", .none), to: recorder)
                    recorder.isSendOver = true
                    return promise.futureResult
                }
                return EventLoopFuture.whenAllSucceed(answers, on: fixture.loop)
            }.get()
            #expect(Set(answers) == ["200 length(2) hi|"])
            #expect(try await fixture.waits { $0.idleCount == count })
            #expect(origin.closedCount == 0)
        }
        await origin.stop()
    }

    @Test("an idle connection is closed after its time, and at once where none is kept")
    func idleExpiry() async throws {
        let origin = try await OriginServer.start(answering)
        try await UpstreamFixture.run(port: origin.port) {
            $0.keepAliveIdleMax = .milliseconds(40)
        } _: { fixture async throws in
            #expect(try await fixture.answer() == "200 length(2) hi|")
            #expect(try await fixture.waits { $0.connectionCount == 0 })
        }
        #expect(try await waits { origin.closedCount == 1 })
        try await UpstreamFixture.run(port: origin.port) {
            $0.keepsIdleConnections = false
        } _: { fixture async throws in
            #expect(try await fixture.answer() == "200 length(2) hi|")
            #expect(try await fixture.waits { $0.connectionCount == 0 })
        }
        await origin.stop()
    }

    @Test("F14: where all connections are in use, a request waits for one, but not long and not in a long queue")
    func overloaded() async throws {
        let origin = try await OriginServer.start(silent)
        try await UpstreamFixture.run(port: origin.port) {
            $0.connectionsMax = 1
            $0.pendingMax = 1
            $0.connectTimeout = .seconds(1)
        } _: { fixture async throws in
            async let running = fixture.answer()
            #expect(try await fixture.waits { $0.connectionCount == 1 && $0.pendingCount == 0 })
            async let waiting = fixture.answer()
            #expect(try await fixture.waits { $0.pendingCount == 1 })
            #expect(try await fixture.answer() == "!overloaded")
            let second = try await waiting
            #expect(second == "!overloaded")
            #expect(origin.connectionCount == 1)
            await origin.stop()
            try await origin.closeConnections()
            let first = try await running
            #expect(first == "!closedEarly")
        }
    }

    @Test("a request that waited gets the connection another one has left")
    func queue() async throws {
        let origin = try await OriginServer.start(answering)
        try await UpstreamFixture.run(port: origin.port) {
            $0.connectionsMax = 1
        } _: { fixture async throws in
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<50 { group.addTask { try await fixture.answer() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == Array(repeating: "200 length(2) hi|", count: 50))
        }
        #expect(origin.connectionCount == 1)
        await origin.stop()
    }

    @Test("F14: requests whose connections are never made fail for that reason, however long the queue")
    func blackHole() async throws {
        let hole = try await BlackHole.open()
        try await UpstreamFixture.run(port: hole.port) {
            $0.connectTimeout = .milliseconds(60)
            $0.connectionsMax = 1
        } _: { fixture async throws in
            let answers = try await withThrowingTaskGroup(of: String.self) { group in
                for _ in 0..<4 { group.addTask { try await fixture.answer() } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(answers == Array(repeating: "!connectTimedOut", count: 4))
        }
        try await hole.close()
    }

    @Test("F14: an upstream that is not there is unreachable, and says so only after the call")
    func unreachable() async throws {
        let origin = try await OriginServer.start(silent)
        let port = origin.port
        await origin.stop()
        let label = String(repeating: "x", count: 64)
        let targets: [UpstreamTarget] = [
            .tcp(host: "127.0.0.1", port: port), .unix(path: "/nonexistent/socket"),
            // No name: a label has at most 63 characters.
            .tcp(host: "\(label).invalid", port: 80),
        ]
        for target in targets {
            try await UpstreamFixture.run(to: target) { fixture async throws in
                #expect(try await fixture.answer(.post, framing: .chunked) == "!unreachable")
                #expect(try await fixture.onLoop { $0.connectionCount } == 0)
            }
        }
    }

    @Test("an upstream may listen on a Unix socket, and close there as well")
    func unixSocket() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.file("o")
        let origin = try await OriginServer.start([.await("\r\n\r\n"), .send(ok), .close], path: path)
        try await UpstreamFixture.run(to: .unix(path: path)) { fixture async throws in
            for count in 1...3 {
                #expect(try await fixture.answer(.post) == "200 length(2) hi|")
                #expect(try await waits { origin.closedCount == count })
            }
        }
        await origin.stop()
    }

    @Test("at shutdown running exchanges end, waiting ones fail, and idle connections close")
    func shutdown() async throws {
        let slow: [OriginServer.Step] = [.await("0123"), .send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhi")]
        let origin = try await OriginServer.start(slow + [.await("go"), .send("ho"), .await("never")])
        try await UpstreamFixture.run(port: origin.port) {
            $0.connectionsMax = 1
        } _: { fixture async throws in
            async let running = fixture.answer(.post, framing: .length(6)) { event, recorder in
                switch event {
                case .ready: fixture.whenSomebodyWaits { recorder.exchange?.write(ByteBuffer(string: "0123")) }
                case .body where !recorder.text.hasSuffix("hiho"):
                    fixture.shutDown()
                    recorder.exchange?.write(ByteBuffer(string: "go"))
                    recorder.exchange?.end()
                case .informational, .head, .body, .ended, .writable, .unwanted, .failed: break
                }
            }
            #expect(try await fixture.waits { $0.connectionCount == 1 })
            async let waiting = fixture.answer()
            let answers = try await [running, waiting]
            #expect(answers == ["200 length(4) hiho|", "!shutDown"])
            #expect(try await fixture.answer() == "!shutDown")
            #expect(try await fixture.waits { $0.connectionCount == 0 })
        }
        await origin.stop()
    }
}

/// A listener whose queue is full: connections to it are neither accepted nor refused.
private struct BlackHole {
    private let listener: any Channel
    private let fillers: [any Channel]

    var port: Int { self.listener.localAddress?.port ?? 0 }

    static func open() async throws -> BlackHole {
        let group = MultiThreadedEventLoopGroup.singleton
        let listener = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1)
            .serverChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        var fillers: [any Channel] = []
        let bootstrap = ClientBootstrap(group: group).connectTimeout(.milliseconds(200))
        while fillers.count < 16, let address = listener.localAddress,
            let filler = try? await bootstrap.connect(to: address).get()
        {
            fillers.append(filler)
        }
        return BlackHole(listener: listener, fillers: fillers)
    }

    func close() async throws {
        for filler in self.fillers { try await filler.close() }
        try await self.listener.close()
    }
}
