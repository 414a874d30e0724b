import Foundation
import NIOCore
import Support
import Testing

/// Requests with one fault each, and what they must be answered.
enum Corpus {
    struct Row: Sendable {
        var name: String
        var request: String
        var status: Int
    }

    private static func row(_ name: String, _ request: String, _ status: Int) -> Row {
        Row(name: name, request: request, status: status)
    }

    private static func get(_ fields: String) -> String { "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n" }

    private static func path(_ path: String) -> String { "GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n" }

    private static func repeated(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

    /// Faults of the head: the origin must not even be connected to.
    static let heads =
        Corpus.startLines + Corpus.fields + Corpus.targets + Corpus.framing

    private static let startLines = [
        row("R2: bare CR in the start-line", "GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        row("R3: bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400),
        row("R3: bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400),
        row("R4: many empty lines", repeated("\r\n", 9) + get("X: y"), 400),
        row("R5: white space first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
        row("R5: fold of the start-line", "GET / HTTP/1.1\r\n\tX: y\r\nHost: a\r\n\r\n", 400),
        row("R6: no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        row("R6: two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        row("R6: space at the end", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
        row("R6: no version", "GET /\r\nHost: a\r\n\r\n", 400),
        row("R6: lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400),
        row("R6: version of two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
        row("R6: TLS", "\u{16}\u{03}\u{01}\u{02}\r\n\r\n", 400),
        row("R7: method too long", repeated("A", 33) + " / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
        row("R7: target too long", "GET /" + repeated("a", 20_000) + " HTTP/1.1\r\nHost: a\r\n\r\n", 414),
        row("R17: what begins as HTTP/2 does", "PRI * HTTP/2.0\r\n\r\nSM\r\n\rX", 505),
        row("R17: other major", "GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505),
    ]

    private static let fields = [
        row("R2: bare CR", get("X: a\rb"), 400),
        row("R2: bare CR hides a field", get("X: a\rContent-Length: 5"), 400),
        row("R3: bare LF hides a field", get("X: a\nTransfer-Encoding: chunked"), 400),
        row("R8: no Host", "GET / HTTP/1.1\r\nX: y\r\n\r\n", 400),
        row("R8: two Hosts", get("Host: a"), 400),
        row("R8: empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 400),
        row("R8: Host list", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
        row("R8: user in Host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
        row("R8: path in Host", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        row("R8: port", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400),
        row("R11: space before colon", get("X : a"), 400),
        row("R11: space before the colon of a framing field", get("Transfer-Encoding : chunked"), 400),
        row("R12: obs-fold", get("X: a\r\n b"), 400),
        row("R12: obs-fold of a framing field", get("Transfer-Encoding:\r\n chunked"), 400),
        row("R13: NUL", get("X: a\0b"), 400),
        row("R13: control byte", get("X: a\u{01}b"), 400),
        row("R13: DEL", get("X: a\u{7F}b"), 400),
        row("R14: empty name", get(": a"), 400),
        row("R14: no colon", get("X"), 400),
        row("R14: no token", get("X(: a"), 400),
        row("R14: not ASCII", get("Xü: a"), 400),
        row("R15: too many", get((0..<101).map { "X: \($0)" }.joined(separator: "\r\n")), 431),
        row("R15: one too large", get("X: " + repeated("a", 40_000)), 431),
        row(
            "R15: together too large",
            get((0..<40).map { "X\($0): " + repeated("a", 1_000) }.joined(separator: "\r\n")),
            431
        ),
        row("F11: other expectation", get("Expect: tea"), 417),
    ]

    private static let targets = [
        row("R9: other scheme", path("ftp://a/"), 400),
        row("R9: absolute-form without authority", path("http:///x"), 400),
        row("R9: absolute-form with user", path("http://u@a/x"), 400),
        row("R10: CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 501),
        row("R10: asterisk with GET", path("*"), 400),
        row("R10: authority-form", path("a:80"), 400),
        row("R10: fragment", path("/a#b"), 400),
        row("R1: not ASCII", path("/ü"), 400),
        row("R19: NUL", path("/%00"), 400),
        row("R19: slash", path("/a%2Fb"), 400),
        row("R19: backslash", path("/a%5cb"), 400),
        row("R19: root left", path("/a/../../b"), 400),
        row("R19: root left in disguise", path("/%2e%2e/b"), 400),
        row("R19: dots with parameter", path("/a/..;x/b"), 400),
    ]

    private static let framing = [
        row("B1: both", get("Content-Length: 1\r\nTransfer-Encoding: chunked"), 400),
        row("B1: both reversed", get("Transfer-Encoding: chunked\r\nContent-Length: 1"), 400),
        row("B2: chunked not last", get("Transfer-Encoding: chunked, gzip"), 400),
        row("B2: unknown", get("Transfer-Encoding: gzip, chunked"), 501),
        row("B2: no chunked", get("Transfer-Encoding: gzip"), 400),
        row("B3: twice", get("Transfer-Encoding: chunked, chunked"), 400),
        row("B3: identity", get("Transfer-Encoding: identity"), 400),
        row("B3: two lines", get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400),
        row("B3: parameter", get("Transfer-Encoding: chunked;q=1"), 400),
        row("B3: vertical tab", get("Transfer-Encoding: \u{0B}chunked"), 400),
        row("B3: no-break space", get("Transfer-Encoding: \u{A0}chunked"), 400),
        row("B3: quoted", get("Transfer-Encoding: \"chunked\""), 400),
        row("B3: x-chunked", get("Transfer-Encoding: xchunked"), 400),
        row("B3: empty", get("Transfer-Encoding:"), 400),
        row("B4: HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        row("B5: plus", get("Content-Length: +5"), 400),
        row("B5: minus", get("Content-Length: -5"), 400),
        row("B5: hex", get("Content-Length: 0x5"), 400),
        row("B5: underscore", get("Content-Length: 1_0"), 400),
        row("B5: space", get("Content-Length: 1 0"), 400),
        row("B5: empty", get("Content-Length:"), 400),
        row("B5: overflow", get("Content-Length: 9223372036854775808"), 400),
        row("B5: overflow to small", get("Content-Length: 18446744073709551621"), 400),
        row("B6: equal list", get("Content-Length: 5, 5"), 400),
        row("B6: different list", get("Content-Length: 5, 6"), 400),
        row("B6: two equal lines", get("Content-Length: 5\r\nContent-Length: 5"), 400),
        row("B6: two different lines", get("Content-Length: 0\r\nContent-Length: 44"), 400),
        row("B15: too large by its length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n", 413),
    ]

    private static func chunked(_ body: String) -> String {
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\(body)"
    }

    /// Faults of a chunked body: the origin may have the head, but never the end of the body.
    static let bodies = [
        row("B7: 0x", chunked("0x5\r\nhello\r\n"), 400),
        row("B7: plus", chunked("+5\r\nhello\r\n"), 400),
        row("B7: minus", chunked("-5\r\nhello\r\n"), 400),
        row("B7: space after the size", chunked("5 \r\nhello\r\n"), 400),
        row("B7: space before the size", chunked(" 5\r\nhello\r\n"), 400),
        row("B7: no size", chunked("\r\nhello\r\n"), 400),
        row("B7: no digit", chunked("g\r\nhello\r\n"), 400),
        row("B7: overflow", chunked("10000000000000005\r\nhello\r\n"), 400),
        row("R3: bare LF after the size", chunked("5\nhello\r\n"), 400),
        row("R3: bare LF after the data", chunked("5\r\nhello\n0\r\n\r\n"), 400),
        row("R3: bare LF in an extension", chunked("5;a\nb\r\nhello\r\n"), 400),
        row("B7: longer than its size", chunked("5\r\nhelloX\r\n"), 400),
        row("B7: extension too long", chunked("5;" + repeated("a", 1_100) + "\r\nhello\r\n"), 400),
        row("B8: broken trailer", chunked("5\r\nhello\r\n0\r\nbad trailer\r\n\r\n"), 400),
        row("R3: bare LF in the trailers", chunked("5\r\nhello\r\n0\r\nX: a\n\r\n"), 400),
        row("B15: too large as it streams", chunked("3ff\r\n" + repeated("a", 1_023) + "\r\n0\r\n\r\n"), 413),
    ]

    /// Sent behind each faulty request; must never arrive anywhere.
    static let smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"
}

@Suite("Framing, end to end", .temporaryDirectory)
struct FramingTests {
    private func deployment(_ origin: OriginServer) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            server: {loops: 1, body_limit: 1000B}
            upstreams:
              api: {url: "http://127.0.0.1:\(origin.port)"}
            routes:
              - {name: api, match: {prefix: /}, proxy: api, authentication: none}
            """
        )
    }

    /// Sends `request` and what would be smuggled behind it, and checks the one answer that may come.
    private func refused(_ row: Corpus.Row, port: Int) async throws {
        let client = try await RawClient.connect(port: port)
        try await client.send(row.request + Corpus.smuggled)
        let answer = try await client.readToEnd()
        await client.close()
        let name = Comment(rawValue: row.name)
        #expect(answer.hasPrefix("HTTP/1.1 \(row.status) "), name)
        #expect(answer.contains("\r\nContent-Type: application/problem+json\r\n"), name)
        #expect(answer.contains("\r\nConnection: close\r\n"), name)
        // One head and one body.
        #expect(answer.components(separatedBy: "\r\n\r\n").count == 2, name)
        #expect(answer.contains("\"status\":\(row.status)"), name)
    }

    @Test("R1–R19, B1–B7, B15: a malformed request is refused, the connection closed, and no origin hears of it")
    func malformed() async throws {
        let origin = try await OriginServer.start([.await("\r\n\r\n"), .send("HTTP/1.1 204 N\r\n\r\n"), .repeat])
        let deployment = try await self.deployment(origin)
        try await deployment.serving { _ in
            for row in Corpus.heads {
                try await self.refused(row, port: deployment.port)
                #expect(origin.connectionCount == 0, Comment(rawValue: row.name))
            }
            for row in Corpus.bodies {
                let before = origin.connectionCount
                try await self.refused(row, port: deployment.port)
                for seen in origin.received.dropFirst(before) {
                    #expect(!seen.contains("\r\n0\r\n\r\n"), Comment(rawValue: row.name))
                    #expect(!seen.contains("smuggled"), Comment(rawValue: row.name))
                }
            }
            // What had to be refused did not cost the connection of a good request.
            let good = try await withTestClient(port: deployment.port) { try await $0.send("GET", "/good").status }
            #expect(good == 204)
        }
        #expect(origin.received.filter { $0.contains("smuggled") } == [])
        await origin.stop()
    }

    @Test("B9, R16: a request that never becomes whole is never whole at the origin")
    func incomplete() async throws {
        let origin = try await OriginServer.start([.await("/good"), .send("HTTP/1.1 204 N\r\n\r\n"), .repeat])
        let deployment = try await self.deployment(origin)
        try await deployment.serving { _ in
            for (name, request) in [
                ("B9: short body", "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello"),
                (
                    "B9: unterminated body",
                    "POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
                ),
            ] {
                let before = origin.connectionCount
                let client = try await RawClient.connect(port: deployment.port)
                try await client.send(request)
                try await eventually("forwarded: \(name)") {
                    origin.received.dropFirst(before).contains { $0.contains("hello") }
                }
                await client.close()
                try await eventually("given up: \(name)") {
                    try await deployment.metric("wonkey_http_requests_in_flight") == 0
                }
                #expect(origin.received.allSatisfy { !$0.contains("\r\n0\r\n\r\n") }, Comment(rawValue: name))
            }
            let partial = try await RawClient.connect(port: deployment.port)
            try await partial.send("GET /partial HTTP/1.1\r\nHost: a\r\nX: y\r\n")
            let good = try await withTestClient(port: deployment.port) { try await $0.send("GET", "/good").status }
            #expect(good == 204)
            #expect(origin.received.allSatisfy { !$0.contains("/partial") }, "R16")
            await partial.close()
        }
        await origin.stop()
    }

    private static let long = "/" + String(repeating: "a", count: 8_000)
    private static let validHeads: [(name: String, request: String, line: String, ending: String)] = [
        ("R4: empty line first", "\r\nGET /r4 HTTP/1.1\r\nHost: a", "GET /r4 HTTP/1.1\r\nHost: a\r\n", ""),
        ("R7: unknown method", "BREW /r7 HTTP/1.1\r\nHost: a", "BREW /r7 HTTP/1.1\r\nHost: a\r\n", ""),
        ("R7: 8000 octets", "GET \(long) HTTP/1.1\r\nHost: a", "GET \(long) HTTP/1.1\r\nHost: a\r\n", ""),
        ("R9: absolute-form", "GET http://B:81/x?y HTTP/1.1\r\nHost: a", "GET /x?y HTTP/1.1\r\nHost: b:81\r\n", ""),
        ("R10: asterisk-form", "OPTIONS * HTTP/1.1\r\nHost: a", "OPTIONS * HTTP/1.1\r\nHost: a\r\n", ""),
        ("R17: 1.9", "GET /r17 HTTP/1.9\r\nHost: a", "GET /r17 HTTP/1.1\r\nHost: a\r\n", ""),
        (
            "R19: bytes of the path", "GET /a;x=1/./b/../%7Ec//%c3?q=%2F&r=/../ HTTP/1.1\r\nHost: a",
            "GET /a;x=1/./b/../%7Ec//%c3?q=%2F&r=/../ HTTP/1.1\r\nHost: a\r\n", ""
        ),
        ("F15: HTTP/1.0 without Host", "GET /f15 HTTP/1.0", "GET /f15 HTTP/1.1\r\nHost: ", ""),
    ]
    private static let validBodies: [(name: String, request: String, line: String, ending: String)] = [
        (
            "B5: leading zeros", "POST /b5 HTTP/1.1\r\nHost: a\r\nContent-Length: 0007\r\n\r\n<end>\r\n",
            "POST /b5 HTTP/1.1\r\nHost: a\r\n", "\r\nContent-Length: 7\r\n\r\n<end>\r\n"
        ),
        (
            "B7: extensions are dropped",
            "POST /b7 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: CHUNKED\r\n\r\n5;a=\"b\"\r\n<end>\r\n0\r\n\r\n",
            "POST /b7 HTTP/1.1\r\nHost: a\r\n", "\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<end>\r\n0\r\n\r\n"
        ),
        (
            "B8: trailers are dropped",
            "POST /b8 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<end>\r\n0\r\nHost: evil\r\n\r\n",
            "POST /b8 HTTP/1.1\r\nHost: a\r\n", "\r\n5\r\n<end>\r\n0\r\n\r\n"
        ),
        (
            "B14: GET with a body", "GET /b14 HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n<end>\r\n",
            "GET /b14 HTTP/1.1\r\nHost: a\r\n", "\r\nContent-Length: 7\r\n\r\n<end>\r\n"
        ),
        (
            "B14: the body looks like a request",
            "DELETE /b14 HTTP/1.1\r\nHost: a\r\nContent-Length: 24\r\n\r\nGET /x HTTP/1.1\r\n<end>\r\n",
            "DELETE /b14 HTTP/1.1\r\nHost: a\r\n", "\r\n\r\nGET /x HTTP/1.1\r\n<end>\r\n"
        ),
    ]

    static let valid =
        validHeads.map { row in
            (
                name: row.name, request: row.request + "\r\nX-End: <end>\r\nConnection: close\r\n\r\n", line: row.line,
                ending: row.ending
            )
        } + validBodies

    @Test("R4, R7, R9, R17, R19, B7, B8, B14: a valid request arrives, byte for byte where it must")
    func valid() async throws {
        let origin = try await OriginServer.start(
            [.await("<end>"), .await("\r\n"), .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), .repeat]
        )
        let deployment = try await self.deployment(origin)
        try await deployment.serving { _ in
            for (name, request, line, ending) in Self.valid {
                let before = origin.received.map(\.utf8.count)
                let client = try await RawClient.connect(port: deployment.port)
                try await client.send(request)
                let answer = try await client.read(through: "ok")
                await client.close()
                try await eventually("whole at the origin: \(name)") { origin.received.joined().hasSuffix(ending) }
                let seen = origin.received.enumerated().map { index, text in
                    String(decoding: text.utf8.dropFirst(index < before.count ? before[index] : 0), as: UTF8.self)
                }.joined()
                #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"), Comment(rawValue: name))
                #expect(seen.hasPrefix(line), Comment(rawValue: name))
                #expect(seen.hasSuffix(ending), Comment(rawValue: name))
                #expect(seen.components(separatedBy: " HTTP/1.1\r\nHost: ").count == 2, Comment(rawValue: name))
            }
        }
        await origin.stop()
    }
}
