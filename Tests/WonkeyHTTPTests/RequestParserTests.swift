import NIOCore
import Testing

@testable import WonkeyHTTP

/// What a parser made of some bytes, in a form that can be compared.
private enum Parsed: Equatable {
    case incomplete
    case head(String, host: String, framing: BodyFraming, keepsAlive: Bool, rest: String)
    case malformed(Int, MalformedRequest.Reason)

    /// Feeds `text` in pieces cut at the offsets.
    init(_ text: String, cutAt cuts: [Int] = [], limits: ServerLimits = ServerLimits()) {
        var parser = RequestParser(limits: limits)
        var input = ByteBuffer()
        let bytes = Array(text.utf8)
        var start = 0
        self = .incomplete
        for end in cuts + [bytes.count] {
            input.writeBytes(bytes[start..<end])
            start = end
            switch parser.parse(&input) {
            case .incomplete: continue
            case .malformed(let fault):
                self = .malformed(fault.status, fault.reason)
                return
            case .head(let head, _):
                self = .head(
                    "\(head.method.text) \(head.target.path)\(head.target.query.map { "?" + $0 } ?? "")",
                    host: head.host,
                    framing: head.framing,
                    keepsAlive: head.keepsAlive,
                    rest: String(buffer: input) + String(decoding: bytes[end...], as: UTF8.self)
                )
                return
            }
        }
    }
}

@Suite struct RequestParserTests {
    private static func get(_ fields: String) -> String { "GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n" }

    @Test(
        "a valid request is read the same however its bytes are split",
        arguments: [
            "GET /a?b=c HTTP/1.1\r\nHost: Example.com:80\r\nAccept: */*\r\n\r\n",
            "\r\n\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length:  5 \r\n\r\nhello",
            "PUT /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\nConnection: close\r\n\r\n0\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\nb\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
        ]
    )
    func everySplit(_ text: String) {
        let whole = Parsed(text)
        #expect(whole != .incomplete)
        for cut in 1..<text.utf8.count { #expect(Parsed(text, cutAt: [cut]) == whole, "cut at \(cut)") }
        #expect(Parsed(text, cutAt: Array(1..<text.utf8.count)) == whole)
    }

    @Test("R4: empty lines before a request are overlooked, a line break after it belongs to the next")
    func emptyLines() {
        let expected = Parsed.head("GET /", host: "a", framing: .none, keepsAlive: true, rest: "\r\nrest")
        #expect(Parsed("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\nrest") == expected)
    }

    @Test(
        "a malformed request is refused with its status",
        arguments: [
            ("R2: bare CR", get("X: a\rb"), 400),
            ("R2: bare CR in the start-line", "GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("R3: bare LF", "GET / HTTP/1.1\nHost: a\n\n", 400),
            ("R5: white space first", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
            ("R6: no target", "GET HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("R6: two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("R6: no version", "GET /\r\nHost: a\r\n\r\n", 400),
            ("R6: lower-case version", "GET / http/1.1\r\nHost: a\r\n\r\n", 400),
            ("R7: method too long", String(repeating: "A", count: 33) + " / HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("R7: target too long", "GET /" + String(repeating: "a", count: 20_000), 414),
            ("R8: no Host", "GET / HTTP/1.1\r\n\r\n", 400), ("R8: two Hosts", get("Host: a"), 400),
            ("R8: empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 400),
            ("R8: Host list", "GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400),
            ("R8: user in Host", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
            ("R8: port", "GET / HTTP/1.1\r\nHost: a:x\r\n\r\n", 400),
            ("R8: port too large", "GET / HTTP/1.1\r\nHost: a:65536\r\n\r\n", 400),
            ("R10: CONNECT", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", 501),
            ("R10: asterisk with GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("R10: authority-form", "GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("R11: space before colon", get("X : a"), 400), ("R12: obs-fold", get("X: a\r\n b"), 400),
            ("R13: NUL", get("X: a\0b"), 400), ("R13: DEL", get("X: a\u{7F}b"), 400),
            ("R14: empty name", get(": a"), 400), ("R14: no colon", get("X"), 400), ("R14: name", get("X(: a"), 400),
            ("R15: too many", get((0..<101).map { "X: \($0)" }.joined(separator: "\r\n")), 431),
            ("R15: too large", get("X: " + String(repeating: "a", count: 40_000)), 431),
            ("R17: other major", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
            ("R19: NUL", "GET /%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("R19: slash", "GET /a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("R19: backslash", "GET /a%5cb HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("R19: root left", "GET /a/../../b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("R19: encoded root left", "GET /%2e%2e/b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("R19: dots with parameter", "GET /a/..;x/b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
            ("B1: both", get("Content-Length: 1\r\nTransfer-Encoding: chunked"), 400),
            ("B1: both reversed", get("Transfer-Encoding: chunked\r\nContent-Length: 1"), 400),
            ("B2: chunked not last", get("Transfer-Encoding: chunked, gzip"), 400),
            ("B2: unknown", get("Transfer-Encoding: gzip, chunked"), 501),
            ("B3: twice", get("Transfer-Encoding: chunked, chunked"), 400),
            ("B3: identity", get("Transfer-Encoding: identity"), 400),
            ("B3: two lines", get("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"), 400),
            ("B3: parameter", get("Transfer-Encoding: chunked;q=1"), 400),
            ("B3: vertical tab", get("Transfer-Encoding: \u{0B}chunked"), 400),
            ("B3: quoted", get("Transfer-Encoding: \"chunked\""), 400), ("B3: empty", get("Transfer-Encoding:"), 400),
            ("B4: HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            ("B5: plus", get("Content-Length: +5"), 400), ("B5: minus", get("Content-Length: -5"), 400),
            ("B5: hex", get("Content-Length: 0x5"), 400),
            ("B5: underscore", get("Content-Length: 1_0"), 400), ("B5: space", get("Content-Length: 1 0"), 400),
            ("B5: empty", get("Content-Length:"), 400),
            ("B5: overflow", get("Content-Length: 9223372036854775808"), 400),
            ("B6: equal list", get("Content-Length: 5, 5"), 400),
            ("B6: two lines", get("Content-Length: 5\r\nContent-Length: 5"), 400),
            ("F11: other expectation", get("Expect: tea"), 417),
        ]
    )
    func malformed(_ name: String, _ text: String, _ status: Int) {
        guard case .malformed(let found, _) = Parsed(text) else {
            Issue.record("\(name) was not refused")
            return
        }
        #expect(found == status, "\(name)")
    }

    @Test(
        "R9: the authority of an absolute-form target wins over Host",
        arguments: [
            ("GET http://B.example:81/x?y HTTP/1.1", "GET /x?y", "b.example:81"),
            ("GET http://b HTTP/1.1", "GET /", "b"), ("GET HTTPS://b?q HTTP/1.1", "GET /?q", "b"),
            ("OPTIONS * HTTP/1.1", "OPTIONS *", "a"),
            ("GET http://[2001:DB8::1]:80/ HTTP/1.1", "GET /", "[2001:db8::1]:80"),
        ]
    )
    func absoluteForm(_ line: String, _ expected: String, _ host: String) {
        #expect(
            Parsed("\(line)\r\nHost: a\r\n\r\n")
                == .head(expected, host: host, framing: .none, keepsAlive: true, rest: "")
        )
    }

    @Test(
        "R17: a higher minor version is 1.1; the version and Connection decide whether the connection stays",
        arguments: [
            ("HTTP/1.9", "X: y", true), ("HTTP/1.1", "Connection: x, Close", false), ("HTTP/1.0", "X: y", false),
            ("HTTP/1.0", "Connection: Keep-Alive", true), ("HTTP/1.0", "Connection: keep-alive, close", false),
        ]
    )
    func persistence(_ version: String, _ field: String, _ keepsAlive: Bool) {
        #expect(
            Parsed("GET / \(version)\r\nHost: a\r\n\(field)\r\n\r\n")
                == .head("GET /", host: "a", framing: .none, keepsAlive: keepsAlive, rest: "")
        )
    }

    @Test(
        "R19: routes match one normalised copy of the path",
        arguments: [
            ("/a/b", "/a/b"), ("/%61/%7Eb", "/a/~b"), ("//a///b/", "/a/b/"), ("/a/./b/../c", "/a/c"),
            ("/a/b/..", "/a/"), ("/a;x=1/b", "/a;x=1/b"), ("/a%20b", "/a%20b"), ("/%c3%a4", "/%C3%A4"),
            ("/a/%2e/b", "/a/b"),
        ]
    )
    func normalised(_ path: String, _ expected: String) throws {
        #expect(try PathNormalizer.normalize(path, policy: .reject) == expected)
    }

    @Test("R19: with the policy pass, suspicious paths keep their encoding and never leave the root")
    func passed() throws {
        #expect(try PathNormalizer.normalize("/../a%2fb%00", policy: .pass) == "/a%2Fb%00")
    }
}

@Suite struct ChunkedDecoderTests {
    private enum Decoded: Equatable {
        case incomplete(String)
        case end(String, trailers: [String], rest: String)
        case malformed

        init(_ text: String, cutAt cuts: [Int] = []) {
            var decoder = ChunkedDecoder(trailerBytesMax: 1000, trailerCountMax: 10)
            var (input, body, start) = (ByteBuffer(), "", 0)
            let bytes = Array(text.utf8)
            for end in cuts + [bytes.count] {
                input.writeBytes(bytes[start..<end])
                start = end
                reading: while true {
                    switch decoder.next(&input) {
                    case .incomplete: break reading
                    case .data(let chunk): body += String(buffer: chunk)
                    case .malformed:
                        self = .malformed
                        return
                    case .end(let trailers):
                        let lines = trailers?.lines.map { "\($0.name)=\($0.value)" } ?? []
                        let rest = String(buffer: input) + String(decoding: bytes[end...], as: UTF8.self)
                        self = .end(body, trailers: lines, rest: rest)
                        return
                    }
                }
            }
            self = .incomplete(body)
        }
    }

    @Test("B7: a chunked body is decoded the same however its bytes are split")
    func everySplit() {
        let text = "5;a=\"b\"\r\nhello\r\nA\r\n0123456789\r\n0\r\nX-T: v\r\n\r\nGET"
        let expected = Decoded.end("hello0123456789", trailers: ["X-T=v"], rest: "GET")
        #expect(Decoded(text) == expected)
        for cut in 1..<text.utf8.count { #expect(Decoded(text, cutAt: [cut]) == expected, "cut at \(cut)") }
        #expect(Decoded(text, cutAt: Array(1..<text.utf8.count)) == expected)
    }

    @Test(
        "B7: broken chunked coding is refused",
        arguments: [
            "0x5\r\nhello\r\n", "+5\r\nhello\r\n", "5 \r\nhello\r\n", " 5\r\nhello\r\n", "\r\n", "g\r\n",
            "5\nhello\r\n",
            "5\r\nhelloX\r\n", "5\r\nhello\n", "5\r\nhello\rX", "5;a\nb\r\n", "1000000000000000\r\n", "-1\r\n",
            "0\r\nbad header\r\n\r\n", "0\r\nX: a\n\r\n",
            "5;" + String(repeating: "a", count: 1100) + "\r\nhello\r\n0\r\n\r\n",
        ]
    )
    func broken(_ text: String) {
        #expect(Decoded(text) == .malformed)
    }
}
