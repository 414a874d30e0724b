import Foundation
import Support
import Testing

@Suite("Rewriting, end to end", .temporaryDirectory)
struct RewritingEndToEndTests {
    private func deployment(_ upstream: StandInServer) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            limits:
              once: {algorithm: fixed-window, limit: 1, window: 1h, by: key}
            upstreams:
              api: {url: "\(upstream.url)", headers: {X-Upstream: u, X-Both: u}}
            routes:
              - name: orders
                match: {prefix: /v1/orders, methods: [GET, POST]}
                proxy: api
                rewrite:
                  strip_prefix: /v1
                  add_prefix: /internal
                  host: orders.internal
                  request_headers:
                    set: {X-Customer: "{identity.externalId}", X-Key: "{key.id}/{key.name}", X-Both: "{route.name}"}
                    add: {X-Tag: edge}
                    remove: [Cookie]
                  response_headers:
                    set: {X-Request: "{request.method} {request.path}"}
                    remove: [Server]
                cors: {allowed_origins: ["https://app.example.com"]}
              - name: limited
                match: {prefix: /limited}
                proxy: api
                limits: [once]
                cors: {allowed_origins: ["*"]}
              - name: moved
                match: {prefix: /old}
                authentication: none
                redirect: {to: "https://www.example.com/new{request.rest}?{request.query}", status: 307}
              - name: fixed
                match: {path: /fixed}
                authentication: none
                respond: {body: "hi", headers: {X-From: "{client.address}"}}
            """
        )
    }

    @Test("path, host and fields change as configured, and nothing a client claims of itself passes (X5)")
    func rewriting() async throws {
        let upstream = try await StandInServer.start { _ in
            .answer(status: 200, headers: [(name: "Server", value: "up"), (name: "X-Request", value: "up")])
        }
        let deployment = try await self.deployment(upstream)
        let key = try await deployment.issueKey("--external-id", "customer-17")
        let other = try await deployment.issueKey()
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                let claims = [
                    ("X-Customer", "evil"), ("x_key", "evil"), ("Cookie", "c"), ("X-Tag", "mine"), ("X-Both", "c"),
                ]
                let answer = try await client.send("GET", "/v1/orders/a%20b?x=%2F", headers: key.headers + claims)
                #expect(answer.status == 200)
                #expect(answer.header("Server") == nil)
                #expect(
                    answer.headers.filter { $0.name.lowercased() == "x-request" }.map(\.value) == [
                        "GET /v1/orders/a%20b"
                    ]
                )
                #expect(try await client.send("GET", "/v1/orders/2", headers: other.headers + claims).status == 200)
                #expect(try await client.send("GET", "/v1/x/../orders", headers: key.headers).status == 400)
                let moved = try await client.send("GET", "/old//evil.example?a=1")
                #expect(moved.status == 307)
                #expect(moved.header("Location") == "https://www.example.com/new//evil.example?a=1")
                let fixed = try await client.send("GET", "/fixed")
                #expect(fixed.text == "hi")
                #expect(fixed.header("X-From") == "127.0.0.1")
            }
        }
        let request = try #require(upstream.requests.first)
        #expect(request.target == "/internal/orders/a%20b?x=%2F")
        #expect(request.header("Host") == "orders.internal")
        #expect(upstream.requests.map { $0.header("X-Customer") } == ["customer-17", nil])
        #expect(request.header("X-Key") == "\(key.id)/test")
        #expect(request.header("x_key") == nil)
        #expect(request.header("Cookie") == nil)
        #expect(request.header("X-Upstream") == "u")
        #expect(request.headers.filter { $0.name == "X-Both" }.map(\.value) == ["orders"])
        #expect(request.headers.filter { $0.name == "X-Tag" }.map(\.value) == ["mine", "edge"])
        #expect(upstream.requests.count == 2)
        await upstream.shutdown()
    }

    @Test("a page may ask before it has a key, and read what it is refused with")
    func crossOrigin() async throws {
        let upstream = try await StandInServer.start { _ in .answer(status: 200) }
        let deployment = try await self.deployment(upstream)
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                let page = [("Origin", "https://app.example.com")]
                let asks = page + [("Access-Control-Request-Method", "POST")]
                let preflight = try await client.send("OPTIONS", "/v1/orders/1", headers: asks)
                #expect(preflight.status == 204)
                #expect(preflight.header("Access-Control-Allow-Origin") == "https://app.example.com")
                #expect(preflight.header("Access-Control-Allow-Methods") == "GET, POST")
                #expect(preflight.header("Access-Control-Max-Age") == "600")
                // Without the announcement, or for a method nobody takes, it is a request as any other.
                #expect(try await client.send("OPTIONS", "/v1/orders/1", headers: page).status == 405)
                let refused = try await client.send("GET", "/v1/orders/1", headers: page)
                #expect(refused.status == 401)
                #expect(refused.header("Access-Control-Allow-Origin") == "https://app.example.com")
                #expect(refused.header("Vary") == "Origin")
                let other = [("Origin", "https://evil.example")]
                let stranger = try await client.send("GET", "/v1/orders/1", headers: key.headers + other)
                #expect(stranger.status == 200)
                #expect(stranger.header("Access-Control-Allow-Origin") == nil)
                #expect(stranger.header("Vary") == "Origin")
                for expected in [200, 429] {
                    let answer = try await client.send("GET", "/limited", headers: key.headers + other)
                    #expect(answer.status == expected)
                    #expect(answer.header("Access-Control-Allow-Origin") == "*")
                    #expect(answer.header("Access-Control-Expose-Headers")?.contains("RateLimit") == true)
                }
            }
        }
        await upstream.shutdown()
    }
}
