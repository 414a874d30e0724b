import NIOCore
import Testing
import WonkeyCore

@testable import WonkeyHTTP

@Suite("Rewriting of forwarded requests")
struct RewritingTests {
    private func forward(
        _ text: String,
        _ change: (inout ForwardingRules) -> Void,
        identity: [(name: FieldName, value: String)] = []
    ) throws -> OutgoingHead {
        var limits = ServerLimits()
        limits.suspiciousPaths = .pass
        var parser = RequestParser(limits: limits)
        var input = ByteBuffer(string: text)
        guard case .head(let head, _) = parser.parse(&input) else { throw TestFailure() }
        var rules = ForwardingRules(hostPolicy: .upstream("up:3000"), pseudonym: "wk")
        rules.forwardedStyle = .none
        change(&rules)
        let client = ClientAddress(ip: "192.0.2.7")
        let context = ForwardingContext(
            client: client,
            peer: PeerAddress(ip: "192.0.2.7", port: 5),
            requestID: "r1",
            identity: identity
        )
        return try ForwardedRequest.head(from: head, rules: rules, context: context)
    }

    private struct TestFailure: Error {}

    @Test(
        "a prefix is taken off at a slash, another put on, and the rest stays byte for byte",
        arguments: [
            ("/v1", "", "/v1/a%20b;x?q=%2F", "/a%20b;x?q=%2F"), ("/v1", "", "/v1", "/"), ("/v1", "", "/v1?q", "/?q"),
            ("/v1", "", "/v1/", "/"), ("/v1", "/api", "/v1", "/api"), ("/v1", "/api/", "/v1/x", "/api/x"),
            ("/v1/", "/api", "/v1/x/", "/api/x/"), ("", "/api", "/x?y", "/api/x?y"), ("", "/api", "/", "/api/"),
            ("/v1", "/v2", "/%761/x", "/v2/x"), ("/v1", "/v2", "/v%31//y..z/...;a", "/v2//y..z/...;a"),
            ("/", "", "/x", "/x"),
        ]
    )
    func path(strip: String, add: String, target: String, expected: String) throws {
        let head = try self.forward("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.path = PathRewrite(strip: strip, add: add)
        }
        #expect(String(buffer: head.bytes).hasPrefix("GET \(expected) HTTP/1.1\r\n"))
    }

    @Test(
        "a path that comes to the prefix by a detour, or might leave the new one, is refused",
        arguments: [
            "/x/../v1/y", "//v1/y", "/v10/y", "/v", "/", "/./v1", "/v1/../v1/x", "/v1/%2e%2E/v1/x", "/v1/x/..",
            "/v1/.;a/x",
            "/v1/a%2f..%2fx", "/v1/..%5cx", "/v1/.",
        ]
    )
    func detour(target: String) {
        #expect(throws: ForwardingRefusal.prefixNotFound) {
            try self.forward("GET \(target) HTTP/1.1\r\nHost: a\r\n\r\n") {
                $0.path = PathRewrite(strip: "/v1", add: "/v2")
            }
        }
    }

    @Test("an asterisk is no path")
    func asterisk() throws {
        let head = try self.forward("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n") {
            $0.path = PathRewrite(strip: "/v1", add: "/v2")
        }
        #expect(String(buffer: head.bytes).hasPrefix("OPTIONS * HTTP/1.1\r\n"))
    }

    @Test("reserved fields are the proxy's alone, whether it knows their names or not, in either spelling (X5)")
    func reserved() throws {
        let text =
            "GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: me\r\nuser_agent: me\r\nX-Customer: evil\r\nx_customer: evil\r\n"
            + "Keep: 1\r\nCookie: c\r\nConnection: X-Customer\r\n\r\n"
        let names = ["User-Agent", "X-Customer", "Cookie"].map { FieldName($0) }
        let head = try self.forward(
            text,
            { $0.reserve(names) },
            identity: [(name: FieldName("X-Customer"), value: "c1"), (name: FieldName("User-Agent"), value: "wk")]
        )
        #expect(
            String(buffer: head.bytes)
                == "GET / HTTP/1.1\r\nHost: up:3000\r\nKeep: 1\r\nVia: 1.1 wk\r\nX-Request-Id: r1\r\n"
                + "X-Customer: c1\r\nUser-Agent: wk\r\n\r\n"
        )
    }

    @Test("a fixed host is the same for every target")
    func host() throws {
        let head = try self.forward("GET / HTTP/1.1\r\nHost: a\r\n\r\n") { $0.hostPolicy = .fixed("in.example") }
        #expect(String(buffer: head.naming("target:1").bytes).hasPrefix("GET / HTTP/1.1\r\nHost: in.example\r\n"))
    }
}
