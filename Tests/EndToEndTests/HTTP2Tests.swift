import Foundation
import Support
import Testing

/// HTTP/2 and gRPC, spoken by implementations that are not ours.
@Suite("HTTP/2, end to end", .temporaryDirectory, .timeLimit(.minutes(5)))
struct HTTP2Tests {
    private func deployment(_ upstreams: String, _ routes: String, _ rest: String = "") async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            \(rest)
            upstreams:
            \(upstreams)
            routes:
            \(routes)
            """
        )
    }

    /// What a script printed, line by line.
    private func lines(_ script: String, _ arguments: String...) async throws -> [String] {
        let outcome = try await TestVenv.program("python").run(
            [TestVenv.script(script)] + arguments,
            within: .seconds(200)
        )
        #expect(outcome.status == 0, "\(outcome.standardError)")
        return outcome.standardOutput.split(separator: "\n").map(String.init)
    }

    /// Runs a server until `body` is through with it.
    private func serving(
        _ script: String,
        _ arguments: String...,
        body: @escaping @Sendable (RunningProgram) async throws -> Void
    ) async throws {
        _ = try await TestVenv.program("python").run([TestVenv.script(script)] + arguments, within: .seconds(250)) {
            program in
            defer { try? program.signal(.kill) }
            #expect(try await program.nextLine() == "ready")
            try await body(program)
        }
    }

    @Test("RFC 9113: what is right is passed on, what is wrong is refused, what is too much ends the connection")
    func clients() async throws {
        let upstream = try await FreePort.reserve()
        let deployment = try await self.deployment(
            "  api: {url: \"http://127.0.0.1:\(upstream)\"}",
            "  - {name: api, match: {prefix: /}, proxy: api, authentication: none}",
            "server: {loops: 1, body_limit: 40000B}"
        )
        try await deployment.serving { _ in
            let lines = try await self.lines("http2_client.py", "\(deployment.port)", "\(upstream)")
            #expect(lines == Self.expected)
            let malformed = try await deployment.metric(#"wonkey_malformed_requests_total{reason="http2_abuse"}"#)
            #expect(malformed == 6)
        }
    }

    private static let expected =
        [
            "GET: 200 328 bytes", "what is passed on: [':status', 'content-length', 'x-up']", "HEAD: 200", "204: 204",
            "304: 304", "POST: 5", "length kept: ['5']", "authority is Host: ['a.test:99']",
            "Host without authority: ['b.test']", "crumbs: ['a=1; b=2']", "Via: ['2.0 wonkey']", "te: ['trailers']",
            "hints: 103 200 ok", #"answer's trailers: 200 hi trailers {"x-sum": "7"}"#, "request's trailers: (3, [])",
            "expectation: 100 then 200", "early answer: 200 early RST NO_ERROR",
            "broken off: 200 half RST INTERNAL_ERROR",
            "50 at once: True", "window of 0: 200 then 300000 bytes", "body too large: 413 201 bytes",
            "path in reserve: 400 173 bytes", "CONNECT: 501 116 bytes", "OPTIONS *: *",
            "40 KiB of fields: 431 151 bytes",
            "120 KiB of fields: GOAWAY PROTOCOL_ERROR closed", "120 fields: 431 151 bytes",
        ]
        + [
            "upper case", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te: gzip",
            "length too long", "length too short", "length without body", "no path", "empty path", "path without slash",
            "path with space", "no method", "two methods", "late pseudo-header", "unknown pseudo-header",
            "Host of somebody else",
        ].map { $0 + ": RST PROTOCOL_ERROR" } + ["bad Host: 400 128 bytes"]
        + [
            "line feed in a value", "NUL in a value", "space before a value", "space behind a value", "space in a name",
        ].map { $0 + ": RST PROTOCOL_ERROR" } + ["101 streams: GOAWAY PROTOCOL_ERROR closed"]
        + [
            "rapid reset", "ping flood", "settings flood", "continuation flood", "empty data flood", "malformed flood",
        ].map { $0 + ": GOAWAY ENHANCE_YOUR_CALM" } + [
            "data on no stream: GOAWAY PROTOCOL_ERROR", "large frame: GOAWAY FRAME_SIZE_ERROR",
            "afterwards: 5",
        ]

    @Test("an upstream that speaks h2c is multiplexed, and its faults are told as they are")
    func upstreams() async throws {
        let upstream = try await FreePort.reserve()
        let deployment = try await self.deployment(
            "  api: {url: \"http://127.0.0.1:\(upstream)\", protocol: h2c, timeouts: {response: 2s}}",
            "  - {name: api, match: {prefix: /}, proxy: api, authentication: none}",
            "server: {loops: 1}"
        )
        let expected = [
            "/": "200 ok", "/refused": "200 ok", "/goaway": "200 ok", "/reset": "502 upstream_closed",
            "/close": "502 upstream_closed", "/silent": "504 upstream_timeout", "/trailers": "200 hi",
            "/trailers-only": "200 ", "/hints": "200 ok", "/upper": "502 upstream_invalid",
            "/no-status": "502 upstream_invalid", "/slow": "200 ok",
        ]
        try await self.serving("http2_server.py", "\(upstream)") { _ in
            try await deployment.serving { _ in
                for (path, expected) in expected.sorted(by: { $0.key < $1.key }) {
                    let answer = try await withTestClient(port: deployment.port) { try await $0.send("GET", path) }
                    #expect("\(answer.status) \(answer.code ?? answer.text)" == expected, "\(path)")
                }
                try await self.bodies(deployment.port)
            }
        }
    }

    /// Bodies go up whole, or stop where nobody wants them, and come down as they are.
    private func bodies(_ port: Int) async throws {
        let large = [UInt8](repeating: 0x78, count: 1_000_000)
        let echo = try await withTestClient(port: port) { try await $0.send("POST", "/echo", body: large) }
        #expect(echo.text == "1000000")
        let early = try await withTestClient(port: port) { try await $0.send("POST", "/early", body: large) }
        #expect(early.text == "early")
        let seen = try await withTestClient(port: port) { try await $0.send("POST", "/fields", body: [0x78]) }.text
        for pair in [
            #"[":method", "POST"]"#, #"[":path", "/fields"]"#, #"[":scheme", "http"]"#, #"["via", "1.1 wonkey"]"#,
        ] {
            #expect(seen.contains(pair))
        }
        for name in ["\"host\"", "\"connection\"", "\"transfer-encoding\"", "\"te\""] { #expect(!seen.contains(name)) }
        // One that is answered badly takes no other on its connection along.
        async let slow = withTestClient(port: port) { try await $0.send("GET", "/slow") }
        let broken = try await withTestClient(port: port) { try await $0.send("GET", "/upper") }
        #expect(try await slow.status == 200 && broken.status == 502)
        // More at once than one connection of this upstream takes.
        let statuses = await load(ports: [port], connections: 20, requests: 2, path: "/slow", headers: [])
        #expect(statuses == [200: 40])
    }

    @Test("gRPC calls of every shape pass, and what is refused here is refused with a gRPC status")
    func grpc() async throws {
        let upstream = try await FreePort.reserve()
        let away = try await FreePort.reserve()
        let deployment = try await self.deployment(
            """
              grpc: {url: "http://127.0.0.1:\(upstream)", protocol: h2c}
              away: {url: "http://127.0.0.1:\(away)", protocol: h2c}
            """,
            """
              - {name: open, match: {prefix: /open.Echo}, proxy: grpc, authentication: none}
              - {name: locked, match: {prefix: /locked.Echo}, proxy: grpc, limits: [two]}
              - {name: away, match: {prefix: /away.Echo}, proxy: away, authentication: none}
            """,
            "limits: {two: {algorithm: fixed-window, limit: 2, window: 24h, by: key}}"
        )
        let key = try await deployment.issueKey()
        try await self.serving("grpc_server.py", "\(upstream)") { _ in
            try await deployment.serving { _ in
                let lines = try await self.lines("grpc_client.py", "\(deployment.port)", key.key)
                let patterns = Self.calls
                #expect(lines.count == patterns.count)
                for (line, expected) in zip(lines, patterns) { #expect(line.hasPrefix(expected), "\(line)") }
                try await eventually("logged") { try await deployment.logCount("--status", "429") == 1 }
                // A stream may end before the socket has taken its answer: no fault of anybody's.
                let faults = #"wonkey_http_request_faults_total{route="open",fault="downstream"}"#
                #expect(try await deployment.metric(faults) == 0)
            }
        }
    }

    private static let calls = [
        "unary: ('echo hi', [('x-trail', 't')])", "server streams: ['0', '1', '2', '3', '4']",
        "client streams: 300000", "both stream: ['got 0', 'got 1', 'got 2']", "300 at once: True", "3 MB: 3000005",
        "upstream's status: NOT_FOUND nö such thing", "unknown method: UNIMPLEMENTED Method not found!",
        "status behind data: (['half'], 'DATA_LOSS lost')", "no key: UNAUTHENTICATED Send your API key",
        "key: b'echo a'", "key again: b'echo a'", "over the limit: RESOURCE_EXHAUSTED A limit is used up.",
        "no route: UNIMPLEMENTED Nothing is served", "upstream away: UNAVAILABLE The API behind this proxy is away.",
    ]

    @Test("a proxy that stops says goodbye and still answers what was asked")
    func goodbye() async throws {
        let upstream = try await FreePort.reserve()
        let deployment = try await self.deployment(
            "  api: {url: \"http://127.0.0.1:\(upstream)\", protocol: h2c}",
            "  - {name: api, match: {prefix: /}, proxy: api, authentication: none}"
        )
        try await self.serving("http2_server.py", "\(upstream)") { _ in
            try await deployment.serving { proxies in
                let python = try TestVenv.program("python")
                let outcome = try await python.run(
                    [TestVenv.script("http2_goodbye.py"), "\(deployment.port)"],
                    within: .seconds(60)
                ) { program async throws in
                    #expect(try await program.nextLine() == "waiting")
                    proxies.signal(.terminate)
                    #expect(try await program.nextLine() == "GOAWAY 2147483647 NO_ERROR")
                    #expect(try await program.nextLine() == "PING")
                    #expect(try await program.nextLine() == "late 200")
                    #expect(try await program.nextLine() == "GOAWAY 3 NO_ERROR")
                    #expect(try await program.nextLine() == "first 200")
                    #expect(try await program.nextLine() == "closed")
                }
                #expect(outcome.status == 0, "\(outcome.standardError)")
            }
        }
    }
}

extension TestResponse {
    /// The `code` of a problem document; `nil` for what is none.
    fileprivate var code: String? {
        let object = try? JSONSerialization.jsonObject(with: Data(self.body)) as? [String: Any]
        return object?["code"] as? String
    }
}
