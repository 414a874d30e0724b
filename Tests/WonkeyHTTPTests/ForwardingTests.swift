import NIOCore
import Testing
import WonkeyCore

@testable import WonkeyHTTP

@Suite struct ForwardingTests {
    private static func parse(_ text: String) throws -> RequestHead {
        var parser = RequestParser(limits: ServerLimits())
        var input = ByteBuffer(string: text)
        guard case .head(let head, _) = parser.parse(&input) else { throw ParseFailure() }
        return head
    }

    private struct ParseFailure: Error {}

    private static let rules = {
        var rules = ForwardingRules(hostPolicy: .upstream("up:3000"), pseudonym: "wk")
        rules.forwardedStyle = .xForwarded
        rules.injected = [(name: FieldName("X-Api-Key"), value: "s3cret")]
        rules.identityNames = [FieldName("X-WonKey-Key-Id")]
        return rules
    }()

    private func forward(
        _ text: String,
        rules: ForwardingRules = ForwardingTests.rules,
        client: ClientAddress = ClientAddress(ip: "192.0.2.7"),
        authorization: ForwardingContext.Authorization = .ours
    ) throws -> String {
        var context = ForwardingContext(
            client: client,
            peer: PeerAddress(ip: "192.0.2.7", port: 5),
            requestID: "r1",
            identity: [(name: FieldName("X-WonKey-Key-Id"), value: "key_1")]
        )
        context.authorization = authorization
        return String(
            buffer: try ForwardedRequest.head(from: ForwardingTests.parse(text), rules: rules, context: context).bytes
        )
    }

    private static let tail =
        "Via: 1.1 wk\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: http\r\nX-Forwarded-Host: a\r\n"
        + "X-Request-Id: r1\r\nX-WonKey-Key-Id: key_1\r\nX-Api-Key: s3cret\r\n"

    @Test(
        "a forwarded request keeps what is the client's and loses what ends here",
        arguments: [
            (
                "F8: path and query byte for byte", "GET /a%20b//c?x=%2F HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /a%20b//c?x=%2F", ""
            ),
            (
                "F4: order", "GET / HTTP/1.1\r\nHost: a\r\nB: 1\r\nA: 2\r\nb: 3\r\n\r\n", "GET /",
                "B: 1\r\nA: 2\r\nb: 3\r\n"
            ),
            ("F13: other methods", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "BREW /", ""),
            (
                "F1: nominated fields",
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Hop, cookie\r\nX-Hop: 1\r\nCookie: c\r\nKeep: 1\r\n\r\n",
                "GET /", "Keep: 1\r\n"
            ),
            (
                "F2: hop-by-hop fields",
                "GET / HTTP/1.1\r\nHost: a\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\nUpgrade: websocket\r\nTrailer: x\r\n\r\n",
                "GET /", ""
            ),
            (
                "F3: nominated protected fields",
                "GET / HTTP/1.1\r\nHost: a\r\nConnection: Host, Via, X-Forwarded-For, X-WonKey-Key-Id, X-Api-Key\r\n\r\n",
                "GET /", ""
            ),
            (
                "F3: a nominated Via stays", "GET / HTTP/1.1\r\nHost: a\r\nConnection: Via\r\nVia: 1.1 other\r\n\r\n",
                "GET /", "Via: 1.1 other\r\n"
            ),
            (
                "X3, X5: claims are dropped",
                "GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nForwarded: for=1.1.1.1\r\nx-wonkey-key-id: evil\r\nX-Request-Id: z\r\nX-Api-Key: mine\r\nAuthorization: Bearer k\r\n\r\n",
                "GET /", ""
            ),
            (
                "R18: underscores",
                "GET / HTTP/1.1\r\nHost: a\r\nX_Forwarded_For: 1\r\nX_WonKey_Key_Id: 1\r\nX-Api_Key: 1\r\nmy_field: ok\r\n\r\n",
                "GET /", "my_field: ok\r\n"
            ),
            (
                "F7: Max-Forwards", "OPTIONS * HTTP/1.1\r\nHost: a\r\nMax-Forwards: 3\r\n\r\n", "OPTIONS *",
                "Max-Forwards: 2\r\n"
            ),
            (
                "white space around a value is not kept", "GET / HTTP/1.1\r\nHost: a\r\nA:1\r\nB:  2 \r\n\r\n", "GET /",
                "A: 1\r\nB: 2\r\n"
            ),
        ]
    )
    func fields(_ name: String, _ request: String, _ line: String, _ kept: String) throws {
        let sent = try self.forward(request)
        #expect(sent == "\(line) HTTP/1.1\r\nHost: up:3000\r\n\(kept)\(ForwardingTests.tail)\r\n", "\(name)")
    }

    @Test("credentials meant for the upstream are forwarded, unless the proxy has its own")
    func authorization() throws {
        let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: Authorization\r\nAuthorization: Basic YTpi\r\n\r\n"
        let line = "\r\nAuthorization: Basic YTpi\r\n"
        #expect(try self.forward(request, authorization: .upstreams).contains(line))
        #expect(try !self.forward(request, authorization: .ours).contains("Basic"))
        var rules = ForwardingTests.rules
        rules.injected = [(name: .authorization, value: "Bearer own")]
        let injected = try self.forward(request, rules: rules, authorization: .upstreams)
        #expect(injected.contains("\r\nAuthorization: Bearer own\r\n") && !injected.contains("Basic"))
    }

    @Test("a body is framed by the proxy, with the client's length or chunked")
    func framing() throws {
        let post = "POST / HTTP/1.1\r\nHost: a\r\n"
        let start = "POST / HTTP/1.1\r\nHost: up:3000\r\n\(ForwardingTests.tail)"
        #expect(try self.forward(post + "Content-Length: 5\r\n\r\n") == start + "Content-Length: 5\r\n\r\n")
        #expect(
            try self.forward(post + "Transfer-Encoding: chunked\r\n\r\n") == start
                + "Transfer-Encoding: chunked\r\n\r\n"
        )
        #expect(try self.forward(post + "\r\n") == start + "Content-Length: 0\r\n\r\n")
    }

    @Test(
        "a request that must not be forwarded is refused",
        arguments: [
            ("GET / HTTP/1.1\r\nHost: a\r\nVia: 1.0 x, HTTP/1.1 WK (c)\r\n\r\n", ForwardingRefusal.loop),
            ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", .methodNotAllowed),
            ("OPTIONS / HTTP/1.1\r\nHost: a\r\nMax-Forwards: 0\r\n\r\n", .maxForwardsReached),
        ]
    )
    func refused(_ text: String, _ refusal: ForwardingRefusal) {
        #expect(throws: refusal) { try self.forward(text) }
    }

    @Test("X1, X2, X4: Forwarded and X-Forwarded-* tell the same chain, IPv6 quoted and bracketed")
    func forwarded() throws {
        var rules = ForwardingTests.rules
        rules.forwardedStyle = .both
        let client = ClientAddress(ip: "2001:db8::1", chain: ["2001:db8::1"], scheme: "https", host: "pub.example:8443")
        let sent = try self.forward("GET / HTTP/1.1\r\nHost: a\r\n\r\n", rules: rules, client: client)
        #expect(sent.contains("X-Forwarded-For: 2001:db8::1, 192.0.2.7\r\n"))
        #expect(sent.contains("X-Forwarded-Proto: https\r\nX-Forwarded-Host: pub.example:8443\r\n"))
        #expect(
            sent.contains(
                "Forwarded: for=\"[2001:db8::1]\";host=\"pub.example:8443\";proto=https, for=192.0.2.7\r\n"
            )
        )
    }

    @Test(
        "X3, X4: the client is the first untrusted address from the right",
        arguments: [
            ("198.51.100.1", "X-Forwarded-For: 1.1.1.1", ClientAddress(ip: "198.51.100.1")),
            (
                "10.0.0.1", "X-Forwarded-For: 6.6.6.6, 1.1.1.1, 10.0.0.9",
                ClientAddress(ip: "1.1.1.1", chain: ["1.1.1.1", "10.0.0.9"])
            ),
            (
                "10.0.0.1", "Forwarded: for=\"[2001:db8::1]:4711\";proto=HTTPS;host=h",
                ClientAddress(ip: "2001:db8::1", chain: ["2001:db8::1"], scheme: "https", host: "h")
            ),
            (
                "10.0.0.1", "Forwarded: for=unknown, for=10.0.0.2",
                ClientAddress(ip: "10.0.0.2", chain: ["unknown", "10.0.0.2"])
            ),
            ("10.0.0.1", "X: y", ClientAddress(ip: "10.0.0.1")),
        ]
    )
    func client(_ peer: String, _ field: String, _ expected: ClientAddress) throws {
        let head = try ForwardingTests.parse("GET / HTTP/1.1\r\nHost: a\r\n\(field)\r\n\r\n")
        let trusted = try #require(AddressRange("10.0.0.0/8"))
        let found = ClientAddress.resolve(peer: PeerAddress(ip: peer, port: 1), fields: head.fields, trusted: [trusted])
        #expect(found == expected)
    }

    @Test("F1, F2, F4: a response loses hop-by-hop fields and keeps each Set-Cookie line")
    func response() throws {
        let text =
            "HTTP/1.1 299 Odd\r\nSet-Cookie: a=1\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 1\r\nSet-Cookie: b=2\r\n"
            + "Content-Length: 0\r\nServer: s\r\n\r\n"
        var parser = ResponseParser(headBytesMax: 1000, fieldCountMax: 20)
        var input = ByteBuffer(string: text)
        guard case .head(let received) = parser.parse(&input, method: .get) else { throw ParseFailure() }
        let lines = ForwardedResponse.head(from: received.head).fields.lines.map { "\($0.name)=\($0.value)" }
        #expect(lines == ["Set-Cookie=a=1", "Set-Cookie=b=2", "Server=s"])
        #expect(received.head.status == 299)
    }

    @Test("a problem document escapes its text and says where it came from")
    func problem() {
        let problem = ProblemDocument(
            status: 429,
            detail: "a\"\\\n\u{1}",
            members: [(name: "n", value: .array([.integer(1)]))]
        )
        #expect(
            String(decoding: problem.json(), as: UTF8.self)
                == #"{"type":"about:blank","title":"Too Many Requests","status":429,"detail":"a\"\\\n\u0001","n":[1],"source":"wonkey"}"#
        )
    }

    @Test(
        "dates are written as HTTP wants them",
        arguments: [
            (0, "Thu, 01 Jan 1970 00:00:00 GMT"), (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
            (1_709_210_096, "Thu, 29 Feb 2024 12:34:56 GMT"),
        ]
    )
    func date(_ seconds: Int64, _ text: String) {
        #expect(HTTPDate.text(seconds: seconds) == text)
    }
}
