import Logging
import NIOCore
import NIOPosix
import Support
import Testing

@testable import WonkeyHTTP

/// Collects what an upstream answers.
private final class Collector: UpstreamReceiver {
    private var text = ""
    private let promise: EventLoopPromise<String>

    init(_ promise: EventLoopPromise<String>) { self.promise = promise }

    func connectionReady() {}
    func informationalReceived(_ head: ResponseHead) { self.text += "(\(head.status))" }
    func headReceived(_ head: ResponseHead, framing: BodyFraming) { self.text += "\(head.status) \(framing) " }
    func bodyReceived(_ chunk: ByteBuffer) { self.text += String(buffer: chunk) }
    func ended(trailers: FieldSection?) { self.promise.succeed(self.text + "|") }
    func failed(_ fault: UpstreamFault) { self.promise.succeed(self.text + "!\(fault)") }
    func writabilityChanged(isWritable: Bool) {}
    func requestBodyUnwanted() {}
}

@Suite struct UpstreamTests {
    /// Sends the methods one after the other through one pool and returns what came of each.
    private func answers(_ methods: [Method], port: Int, _ change: (inout UpstreamSettings) -> Void = { _ in })
        async throws
        -> [String]
    {
        var settings = UpstreamSettings(target: .tcp(host: "127.0.0.1", port: port))
        change(&settings)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let pool = try await loop.submit { [settings] in
            NIOLoopBound(
                UpstreamPool(
                    eventLoop: loop,
                    settings: settings,
                    logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() }
                ),
                eventLoop: loop
            )
        }.get()
        var answers: [String] = []
        for method in methods {
            answers.append(
                try await loop.flatSubmit {
                    let promise = loop.makePromise(of: String.self)
                    let bytes = ByteBuffer(string: "\(method.text) / HTTP/1.1\r\nHost: a\r\n\r\n")
                    let head = OutgoingHead(bytes: bytes, method: method, framing: .none)
                    _ = pool.value.send(head, receiver: Collector(promise))
                    return promise.futureResult
                }.get()
            )
        }
        try await loop.submit { pool.value.shutdown() }.get()
        return answers
    }

    private static let hints = String(repeating: "(103)", count: 32)

    private static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

    @Test(
        "an upstream's answer is passed on, or its fault named",
        arguments: [
            ("length", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200 length(2) hi|"),
            ("chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n", "200 chunked hi|"),
            ("until close", "HTTP/1.0 200 OK\r\n\r\nhi", "200 chunked hi|"),
            ("F10: 1xx", "HTTP/1.1 103 E\r\n\r\n" + ok, "(103)200 length(2) hi|"),
            (
                "B9: short", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi",
                "200 length(3) hi!closedEarly"
            ),
            (
                "B9: unterminated", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n",
                "200 chunked hi!closedEarly"
            ),
            (
                "B11: two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nhi",
                "!brokenFraming"
            ),
            (
                "B11: length and coding",
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nhi", "!brokenFraming"
            ),
            ("R11: space before colon", "HTTP/1.1 200 OK\r\nX : y\r\n\r\n", "!brokenFraming"),
            ("R12: fold", "HTTP/1.1 200 OK\r\nX: y\r\n z\r\n\r\n", "!brokenFraming"),
            ("B11: no HTTP", "SSH-2.0-x\r\n\r\n", "!brokenFraming"),
            ("F10: 100", "HTTP/1.1 100 C\r\n\r\n" + ok, "(100)200 length(2) hi|"),
            ("B13: 204", "HTTP/1.1 204 No\r\nContent-Length: 9\r\n\r\n", "204 none |"),
            ("B13: 304", "HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n", "304 length(9) |"),
            ("F13: unknown status", "HTTP/1.1 799 Odd\r\nContent-Length: 2\r\n\r\nhi", "799 length(2) hi|"),
            ("B12: bytes behind", ok + "HTTP/1.1 200 EVIL\r\n\r\n", "200 length(2) hi|"),
            ("B11: endless 1xx", String(repeating: "HTTP/1.1 103 E\r\n\r\n", count: 33) + ok, hints + "!brokenFraming"),
            (
                "B11: too many fields", "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 201) + "\r\n",
                "!brokenFraming"
            ),
            ("101 unasked", "HTTP/1.1 101 S\r\n\r\n", "!brokenFraming"),
            ("B9: nothing", "", "!closedEarly"),
        ]
    )
    func answer(_ name: String, _ answer: String, _ expected: String) async throws {
        for step in [OriginServer.Step.send(answer), .drip(answer)] {
            let origin = try await OriginServer.start([.await("\r\n\r\n"), step, .close])
            #expect(try await self.answers([.get], port: origin.port) == [expected], "\(name)")
            await origin.stop()
        }
    }

    @Test("B11: a head without end is broken")
    func hugeHead() async throws {
        let head = "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 70_000)
        let origin = try await OriginServer.start([.await("\r\n\r\n"), .send(head)])
        #expect(try await self.answers([.get], port: origin.port) == ["!brokenFraming"])
        await origin.stop()
    }

    @Test("connections are kept, HEAD has no body, and unasked bytes end a connection (B12, B13)")
    func reuse() async throws {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n"
        let origin = try await OriginServer.start(
            [
                .await("\r\n\r\n"), .send(head), .await("\r\n\r\n"),
                .send(UpstreamTests.ok + "HTTP/1.1 200 EVIL\r\n\r\n"),
            ],
            [.await("\r\n\r\n"), .send(UpstreamTests.ok)]
        )
        let answers = try await self.answers([.head, .get, .get], port: origin.port)
        #expect(answers == ["200 length(9) |", "200 length(2) hi|", "200 length(2) hi|"])
        #expect(origin.connectionCount == 2)
        await origin.stop()
    }

    @Test("F12: on a stale connection an idempotent request is sent once more, a POST is not")
    func stale() async throws {
        let once: [OriginServer.Step] = [.await("\r\n\r\n"), .send(UpstreamTests.ok), .await("\r\n\r\n"), .close]
        let origin = try await OriginServer.start(once, once)
        let answers = try await self.answers([.get, .get, .post], port: origin.port)
        #expect(answers == ["200 length(2) hi|", "200 length(2) hi|", "!closedEarly"])
        #expect(origin.connectionCount == 2)
        await origin.stop()
    }

    @Test("F14: silence is told apart from refusal")
    func silence() async throws {
        let origin = try await OriginServer.start([.await("never")])
        let port = origin.port
        let silent = try await self.answers([.get], port: port) { $0.responseTimeout = .milliseconds(50) }
        #expect(silent == ["!responseTimedOut"])
        await origin.stop()
        #expect(try await self.answers([.get], port: port) == ["!unreachable"])
    }
}
