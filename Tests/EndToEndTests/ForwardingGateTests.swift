import Foundation
import Support
import Testing

/// What the gate answers, byte by byte, and that no origin hears of a refused request.
@Suite("The gate's duties, end to end", .temporaryDirectory)
struct ForwardingGateTests {
    struct Row: Sendable {
        var name: String
        var line: String
        /// `KEY`, `REVOKED` stand for keys.
        var fields: String
        var begins: String
        var has: [String] = []
        var lacks: [String] = []
    }

    private static let unknown = "nb_live_0123456789abcdef0123456789abcdef"
    private static let bearer = "Authorization: Bearer KEY"
    private static let challenge = "\r\nWWW-Authenticate: Bearer realm=\"wonkey\""

    /// In order: the limit of two is used up on the way.
    static let rows = [
        Row(
            name: "A4, A5: no credentials",
            line: "GET /x",
            fields: "X: y",
            begins: "HTTP/1.1 401 ",
            has: [challenge + "\r\n", "\r\nCache-Control: no-store\r\n", "application/problem+json"],
            lacks: ["\r\nRateLimit", "error="]
        ),
        Row(
            name: "A2: a key in the query is none",
            line: "GET /x?access_token=KEY",
            fields: "X: y",
            begins: "HTTP/1.1 401 ",
            has: [challenge + "\r\n"]
        ),
        Row(
            name: "A5: another scheme is no credential here",
            line: "GET /x",
            fields: "Authorization: Basic YTpi",
            begins: "HTTP/1.1 401 ",
            has: [challenge + "\r\n"]
        ),
        Row(
            name: "A3: two Authorization lines",
            line: "GET /x",
            fields: bearer + "\r\n" + bearer,
            begins: "HTTP/1.1 400 ",
            has: [challenge + ", error=\"invalid_request\"\r\n"]
        ),
        Row(
            name: "A6: no token68",
            line: "GET /x",
            fields: "Authorization: Bearer a b",
            begins: "HTTP/1.1 400 ",
            has: [challenge + ", error=\"invalid_request\"\r\n"]
        ),
        Row(
            name: "A6: a malformed key",
            line: "GET /x",
            fields: "Authorization: Bearer x",
            begins: "HTTP/1.1 401 ",
            has: [challenge + ", error=\"invalid_token\"\r\n"]
        ),
        Row(
            name: "A6, L10: an unknown key",
            line: "GET /x",
            fields: "Authorization: Bearer \(unknown)",
            begins: "HTTP/1.1 401 ",
            has: [challenge + ", error=\"invalid_token\"\r\n"],
            lacks: ["\r\nRateLimit", unknown]
        ),
        Row(
            name: "A6, L10: a revoked key",
            line: "GET /x",
            fields: "Authorization: Bearer REVOKED",
            begins: "HTTP/1.1 401 ",
            has: [challenge + ", error=\"invalid_token\"\r\n"],
            lacks: ["\r\nRateLimit"]
        ),
        Row(
            name: "A6, A11, L10: a key without the permission",
            line: "GET /scoped",
            fields: bearer,
            begins: "HTTP/1.1 403 ",
            has: [
                challenge + ", error=\"insufficient_scope\", scope=\"images.create\"\r\n",
                "\r\nCache-Control: no-store\r\n",
            ],
            lacks: ["\r\nRateLimit"]
        ),
        Row(
            name: "F21: 405 says what is allowed",
            line: "POST /get",
            fields: bearer + "\r\nContent-Length: 0",
            begins: "HTTP/1.1 405 ",
            has: ["\r\nAllow: GET\r\n"]
        ),
        Row(name: "B13: HEAD is refused without a body", line: "HEAD /x", fields: "X: y", begins: "HTTP/1.1 401 "),
        Row(
            name: "F11: a refusal does not ask for the body",
            line: "POST /x",
            fields: "Expect: 100-continue\r\nContent-Length: 9",
            begins: "HTTP/1.1 401 ",
            lacks: ["100 Continue"]
        ),
        Row(
            name: "A1, L1-L3, L7: a good key, its scheme in any case",
            line: "GET /x",
            fields: "authorization: bEARER KEY",
            begins: "HTTP/1.1 200 ",
            has: [
                "\r\nRateLimit-Policy: \"two\";q=2;w=604800\r\n", "\r\nRateLimit: \"two\";r=1;t=",
                "\r\nRateLimit: \"origin\";r=1\r\n",
            ],
            lacks: ["KEY"]
        ),
        Row(
            name: "L7: an origin's own fields are stripped where that is configured",
            line: "GET /strip",
            fields: bearer,
            begins: "HTTP/1.1 200 ",
            has: ["\r\nRateLimit: \"two\";r=0;t="],
            lacks: ["\"origin\""]
        ),
        Row(
            name: "L8, L9: a used up limit",
            line: "GET /x",
            fields: bearer,
            begins: "HTTP/1.1 429 ",
            has: [
                "\r\nRetry-After: ", "\r\nRateLimit: \"two\";r=0;t=", "\r\nCache-Control: no-store\r\n",
                "\"type\":\"https://iana.org/assignments/http-problem-types#quota-exceeded\"",
                "\"violated-policies\":[\"two\"]",
            ]
        ),
        Row(
            name: "B13: 429 to HEAD has no body",
            line: "HEAD /x",
            fields: bearer,
            begins: "HTTP/1.1 429 ",
            has: ["\r\nRetry-After: "]
        ),
    ]

    @Test("A1–A11, L1–L10, F11, F21: refusals say why, and only admitted requests reach the origin, without the key")
    func rows() async throws {
        let origin = try await OriginServer.start(
            [
                .await("\r\n\r\n"),
                .send("HTTP/1.1 200 OK\r\nRateLimit: \"origin\";r=1\r\nContent-Length: 2\r\n\r\nok"), .repeat,
            ]
        )
        let deployment = try await self.deployment(origin)
        let key = try await deployment.issueKey()
        let revoked = try await deployment.issueKey()
        try await deployment.admin("key", "revoke", revoked.id, "--yes")
        let outcomes = try await deployment.serving { _ in
            var problems: [String] = []
            for row in Self.rows {
                let request = "\(row.line) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(row.fields)\r\n\r\n"
                    .replacingOccurrences(of: "KEY", with: key.key).replacingOccurrences(
                        of: "REVOKED",
                        with: revoked.key
                    )
                let client = try await RawClient.connect(port: deployment.port)
                try await client.send(request)
                let answer = try await client.readToEnd()
                await client.close()
                let name = Comment(rawValue: "\(row.name): \(answer)")
                #expect(answer.hasPrefix(row.begins), name)
                for text in row.has { #expect(answer.contains(text), name) }
                for text in row.lacks + [key.key, revoked.key] { #expect(!answer.contains(text), name) }
                if row.line.hasPrefix("HEAD") { #expect(answer.hasSuffix("\r\n\r\n"), name) }
                if row.name.hasPrefix("A6, L10") { problems.append(Self.withoutIdentity(answer)) }
                if row.name.hasPrefix("L8") { Self.checkTimes(answer) }
            }
            #expect(problems.count == 2 && problems[0] == problems[1], "A8: unknown and revoked keys read alike")
        }
        let seen = origin.received.joined()
        #expect(seen.components(separatedBy: "\r\nHost: ").count == 3, "only the two admitted requests")
        #expect(seen.components(separatedBy: "\r\nAuthorization: Bearer upstream-secret\r\n").count == 3)
        #expect(seen.components(separatedBy: "\r\nX-WonKey-Key-Id: \(key.id)\r\n").count == 3)
        for text in [seen, outcomes[0].standardError, try await deployment.admin("logs", "--project", "shop")] {
            #expect(!text.contains(key.key) && !text.contains(revoked.key), "A10")
        }
        await origin.stop()
    }

    /// L5: `Retry-After` is not earlier than `t`.
    private static func checkTimes(_ answer: String) {
        let retryAfter = answer.firstMatch(of: /\r\nRetry-After: (\d+)\r\n/).flatMap { Int($0.1) } ?? 0
        let reset = answer.firstMatch(of: /\r\nRateLimit: "two";r=0;t=(\d+)/).flatMap { Int($0.1) } ?? .max
        #expect(retryAfter >= 1 && retryAfter >= reset, "L5, L8")
    }

    private static func withoutIdentity(_ answer: String) -> String {
        answer.replacing(/[0-9a-f]{8}-[0-9a-f-]{27}/, with: "ID").replacing(/\r\nDate: [^\r]*/, with: "")
    }

    private func deployment(_ origin: OriginServer) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            server: {loops: 1}
            limits:
              two: {algorithm: fixed-window, limit: 2, window: 7d, by: key}
            upstreams:
              api: {url: "http://127.0.0.1:\(origin.port)", headers: {Authorization: Bearer upstream-secret}}
            routes:
              - {name: scoped, match: {path: /scoped}, proxy: api, limits: [two], permissions: [images.create]}
              - {name: get, match: {path: /get, methods: [GET]}, proxy: api, limits: [two]}
              - {name: strip, match: {path: /strip}, proxy: api, limits: [two], upstream_rate_limit: strip}
              - {name: api, match: {path: /x}, proxy: api, limits: [two]}
            """
        )
    }

    @Test("F14: an upstream with no room answers 503 with Retry-After, and later requests are served")
    func overloaded() async throws {
        let origin = try await OriginServer.start([.await("<go>"), .send(ForwardingRow.ok), .repeat])
        let deployment = try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            server: {loops: 1}
            upstreams:
              api: {url: "http://127.0.0.1:\(origin.port)", connections: 1, pending: 1, timeouts: {connect: 60s}}
            routes:
              - {name: api, match: {prefix: /}, proxy: api, authentication: none}
            """
        )
        try await deployment.serving { _ in
            var clients: [RawClient] = []
            // The first has the connection, the second waits for it, the third finds no room.
            for index in 1...3 {
                let client = try await RawClient.connect(port: deployment.port)
                try await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\n")
                clients.append(client)
                guard index < 3 else { break }
                try await eventually("in flight") {
                    try await deployment.metric("wonkey_http_requests_in_flight") == Double(index)
                }
            }
            let refused = try await clients[2].read(through: "}")
            #expect(refused.hasPrefix("HTTP/1.1 503 ") && refused.contains("\r\nRetry-After: 1\r\n"), "F14")
            for client in clients.prefix(2) {
                try await client.send("<go>")
                #expect(try await client.read(through: "ok").hasPrefix("HTTP/1.1 200 OK\r\n"), "F14")
            }
            for client in clients { await client.close() }
        }
        await origin.stop()
    }
}
