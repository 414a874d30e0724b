import Foundation
import Support
import Testing

/// Connections that leave HTTP behind.
@Suite("Upgrades, end to end", .temporaryDirectory, .timeLimit(.minutes(5)))
struct UpgradeTests {
    private func deployment(port: Int) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            server: {loops: 1}
            limits: {one: {algorithm: concurrency, limit: 1, lease: 30s, by: key}}
            upstreams:
              api: {url: "http://127.0.0.1:\(port)"}
            routes:
              - {name: open, match: {prefix: /open}, proxy: api, authentication: none, upgrade: {idle: 2s}}
              - {name: locked, match: {prefix: /locked}, proxy: api, limits: [one], upgrade: {protocols: [websocket]}}
              - {name: plain, match: {prefix: /plain}, proxy: api, authentication: none}
            """
        )
    }

    @Test("F20: WebSocket passes both ways, is limited, counted, logged, and closed after silence")
    func webSocket() async throws {
        let upstream = try await FreePort.reserve()
        let deployment = try await self.deployment(port: upstream)
        let key = try await deployment.issueKey()
        try await deployment.serving { _ in
            let outcome = try await TestVenv.program("python").run(
                [TestVenv.script("websocket.py"), "\(deployment.port)", "\(upstream)", key.key],
                within: .seconds(120)
            )
            #expect(outcome.status == 0, "\(outcome.standardError)")
            #expect(
                outcome.standardOutput.split(separator: "\n") == [
                    "exchange: ('hello', True, True)", "slow reader: True", "server closes: 4000 as you wish",
                    "server cuts: without a farewell", "silence: without a farewell", "without a key: 401",
                    "one at a time: (429, 101)", "route without upgrades: 426", "asked for: /open/a?b",
                ]
            )
            try await eventually("closed") { try await deployment.metric("wonkey_tunnels_open") == 0 }
            let total = try await deployment.metric("wonkey_tunnels_total")
            #expect(total == 7)
            try await eventually("logged") { try await deployment.logCount("--status", "101") == 2 }
            let logs = try await deployment.admin("--output", "json", "logs", "--project", "shop", "--status", "101")
            #expect(logs.contains(#""path":"/locked""#))
        }
    }

    @Test("F20: what is not asked for, or not agreed to, is no upgrade")
    func refusals() async throws {
        let answers: [(answer: String, status: String)] = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", "200"),
            ("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n", "502"),
            ("HTTP/1.1 101 Switching Protocols\r\n\r\n", "502"),
        ]
        for (answer, status) in answers {
            let origin = try await OriginServer.start([.await("\r\n\r\n"), .send(answer), .repeat])
            let deployment = try await self.deployment(port: origin.port)
            try await deployment.serving { _ in
                let offer = "Host: a\r\nConnection: Upgrade, close\r\nUpgrade: h2c, websocket\r\n\r\n"
                let client = try await RawClient.connect(port: deployment.port)
                try await client.send("GET /open HTTP/1.1\r\n" + offer)
                #expect(try await client.readToEnd().hasPrefix("HTTP/1.1 \(status) "))
                let seen = try #require(origin.received.first)
                #expect(seen.contains("\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"))
                // No body, a newer version than 1.0, and the field named in Connection: otherwise it is a plain request.
                for request in [
                    "GET /plain HTTP/1.1\r\n" + offer, "GET /open HTTP/1.0\r\n" + offer,
                    "GET /open HTTP/1.1\r\nHost: a\r\nConnection: close\r\nUpgrade: websocket\r\n\r\n",
                ] where status == "200" {
                    let client = try await RawClient.connect(port: deployment.port)
                    try await client.send(request)
                    #expect(try await client.readToEnd().contains(" 200 "))
                }
            }
            #expect(!origin.received.dropFirst().contains { $0.contains("\r\nUpgrade:") })
            await origin.stop()
        }
    }
}
