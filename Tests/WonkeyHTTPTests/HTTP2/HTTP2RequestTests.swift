import NIOCore
import NIOHPACK
import Testing

@testable import WonkeyHTTP

/// Header sections become heads, or are refused; no sockets.
@Suite struct HTTP2RequestTests {
    private static let pseudo = [
        (":method", "GET"), (":scheme", "https"), (":authority", "Api.Test:8443"), (":path", "/a?b"),
    ]

    private func outcome(
        _ fields: [(String, String)] = [],
        replacing pseudo: [String: String] = [:],
        endsStream: Bool = true,
        _ change: (inout ServerLimits) -> Void = { _ in }
    ) -> String {
        var limits = ServerLimits()
        change(&limits)
        let first = Self.pseudo.map { ($0.0, pseudo[$0.0] ?? $0.1) }.filter { !$0.1.isEmpty }
        let headers = HPACKHeaders(first + fields)
        switch HTTP2Request.read(headers, endsStream: endsStream, limits: limits) {
        case .malformed: return "malformed"
        case .refused(let fault): return "\(fault.status) \(fault.reason.rawValue)"
        case .head(let head, _):
            let lines = head.fields.lines.map { "\($0.name)=\($0.value)" }.joined(separator: ",")
            return "\(head.method.text) \(head.target.path) \(head.host) \(head.framing) [\(lines)]"
        }
    }

    @Test("a section becomes the head HTTP/1.1 would have had")
    func heads() {
        #expect(self.outcome() == "GET /a api.test:8443 none [host=Api.Test:8443]")
        #expect(
            self.outcome([("x-a", "1"), ("cookie", "a=1"), ("x-a", "2"), ("cookie", "b=2")])
                == "GET /a api.test:8443 none [host=Api.Test:8443,x-a=1,x-a=2,cookie=a=1; b=2]"
        )
        #expect(self.outcome(endsStream: false) == "GET /a api.test:8443 chunked [host=Api.Test:8443]")
        #expect(
            self.outcome([("content-length", "3")], replacing: [":method": "POST"], endsStream: false)
                == "POST /a api.test:8443 length(3) [host=Api.Test:8443,content-length=3]"
        )
        #expect(
            self.outcome([("host", "b.test")], replacing: [":authority": ""]) == "GET /a b.test none [host=b.test]"
        )
        #expect(self.outcome([("x", "")]).hasSuffix("x=]"))
    }

    @Test(
        "what cannot be a request is malformed, what can be answered is",
        arguments: [
            ("malformed", [("host", "other.test")], [:]), ("malformed", [("x", " a")], [:]),
            ("malformed", [("x", "a\t")], [:]), ("malformed", [], [":path": "a"]), ("malformed", [], [":path": "/a b"]),
            ("malformed", [], [":path": "/a#b"]), ("malformed", [], [":path": "*"]),
            ("malformed", [("cookie", "a=1"), ("cookie", " b=2")], [:]),
            ("malformed", [("cookie", "a=1\t"), ("cookie", "b=2")], [:]),
            ("malformed", [], [":method": "GE T"]), ("malformed", [], [":scheme": "ftp"]),
            ("501 connect", [], [":method": "CONNECT"]),
            ("501 method_too_long", [], [":method": String(repeating: "A", count: 33)]),
            ("400 host", [], [":authority": "user@host"]), ("400 host", [], [":authority": ""]),
            ("400 suspicious_path", [], [":path": "/%2e%2e"]), ("400 framing", [("content-length", "+1")], [:]),
            ("417 expectation", [("expect", "magic")], [:]),
        ] as [(String, [(String, String)], [String: String])]
    )
    func refused(expected: String, fields: [(String, String)], pseudo: [String: String]) {
        #expect(self.outcome(fields, replacing: pseudo) == expected)
    }

    @Test("an empty method is none")
    func emptyMethod() {
        let headers = HPACKHeaders([(":method", "")] + Self.pseudo.dropFirst())
        guard case .malformed = HTTP2Request.read(headers, endsStream: true, limits: ServerLimits()) else {
            Issue.record("not malformed")
            return
        }
    }

    @Test("a length of 0 on a stream that stays open is not yet the end for an upstream")
    func lengthOfNothing() {
        let fields = [("content-length", "0")]
        #expect(self.outcome(fields, endsStream: false).contains(" chunked "))
        #expect(self.outcome(fields, endsStream: true).contains(" none "))
    }

    @Test("the bounds of HTTP/1.1 hold")
    func bounds() {
        let large = String(repeating: "x", count: 1_000)
        #expect(self.outcome([("x", large)], { $0.fieldSectionBytesMax = 1_000 }) == "431 fields_too_large")
        #expect(self.outcome([("a", ""), ("b", "")], { $0.fieldCountMax = 2 }) == "431 fields_too_large")
        #expect(
            self.outcome(replacing: [":path": "/" + large], { $0.requestLineBytesMax = 1_000 }) == "414 target_too_long"
        )
    }

    @Test("a client's first bytes tell whether it speaks HTTP/2", arguments: 0...24)
    func preface(count: Int) {
        let text = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)
        #expect(self.match(Array(text.prefix(count))) == (count == 24 ? .yes : .incomplete))
        #expect(self.match(text + text) == .yes)
        guard count > 0 else { return }
        var wrong = Array(text.prefix(count))
        wrong[count - 1] ^= 1
        #expect(self.match(wrong) == .no)
    }

    private func match(_ bytes: [UInt8]) -> HTTP2Preface.Match { HTTP2Preface.match(bytes.span) }

    @Test("an upstream's head says by pseudo-header fields what HTTP/1.1 says otherwise")
    func outgoing() throws {
        let text =
            "POST /a?b HTTP/1.1\r\nHost: a.test\r\nX-Up: 1\r\nTransfer-Encoding: chunked\r\nTE: trailers\r\nConnection: TE\r\n\r\n"
        let head = OutgoingHead(bytes: ByteBuffer(string: text), method: .post, framing: .chunked)
        let headers = try #require(HTTP2OutgoingRequest.headers(head, scheme: "https"))
        #expect(
            headers.map { "\($0.name)=\($0.value)" } == [
                ":method=POST", ":scheme=https", ":authority=a.test", ":path=/a?b", "x-up=1", "te=trailers",
            ]
        )
    }
}
