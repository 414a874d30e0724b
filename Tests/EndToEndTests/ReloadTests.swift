import Foundation
import NIOCore
import Support
import Testing

@Suite("Reloading the configuration, end to end", .temporaryDirectory, .redis)
struct ReloadTests {
    private static let generation = "wonkey_config_generation"

    private func deployment(_ upstreams: String, routes: String = "") async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            limits:
              main: {algorithm: fixed-window, limit: 100, window: 1h, by: client-address}
            upstreams:
              \(upstreams)
            routes:
              - {name: api, match: {prefix: /}, proxy: api, authentication: none, limits: [main]}
              - {name: ping, match: {path: /ping}, authentication: none, respond: {body: first}}
              \(routes)
            """
        )
    }

    private static func named(_ name: String) async throws -> StandInServer {
        try await StandInServer.start { _ in .answer(status: 200, body: Array(name.utf8)) }
    }

    @Test("a changed file is taken over as it is saved, without a signal and on a connection that stays open")
    func changed() async throws {
        let (first, second) = (try await Self.named("first"), try await Self.named("second"))
        let deployment = try await self.deployment("api: {url: \"\(first.url)\"}")
        let outcomes = try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                let before = try await client.send("GET", "/x")
                #expect(before.text == "first")
                #expect(before.header("RateLimit-Policy") == #""main";q=100;w=3600"#)
                try deployment.rewrite { text in
                    text.replacingOccurrences(of: first.url, with: second.url)
                        .replacingOccurrences(of: "limit: 100", with: "limit: 50")
                        .replacingOccurrences(of: "body: first", with: "body: second")
                }
                try await eventually("taken over") { try await deployment.metric(Self.generation) == 2 }
                let after = try await client.send("GET", "/x")
                #expect(after.text == "second")
                #expect(after.header("RateLimit-Policy") == #""main";q=50;w=3600"#)
                #expect(try await client.send("GET", "/ping").text == "second")
            }
            let ready = try await deployment.ready()
            let hash = try await deployment.configurationHash()
            #expect(ready.text.contains(#""configuration":{"generation":2,"hash":"\#(hash)"}"#))
            #expect(try await deployment.metric(#"wonkey_config_info{hash="\#(hash)"}"#) == 1)
            #expect(try await deployment.metric("wonkey_config_last_reload_successful") == 1)
        }
        #expect(outcomes.map(\.status) == [0])
        #expect(outcomes[0].standardError.contains("configuration taken over"))
        await first.shutdown()
        await second.shutdown()
    }

    @Test("a faulty file changes nothing; every fault of it is told with its place, and what is mended is taken over")
    func faulty() async throws {
        let origin = try await Self.named("first")
        let deployment = try await self.deployment("api: {url: \"\(origin.url)\"}")
        let outcomes = try await deployment.serving { proxies in
            try deployment.rewrite { text in
                text.replacingOccurrences(of: "limit: 100", with: "limit: lots")
                    .replacingOccurrences(of: "proxy: api", with: "proxy: apu")
                    .replacingOccurrences(of: "body: first", with: "body: second")
            }
            proxies.signal(.hangUp)
            try await eventually("refused") {
                try await deployment.metric(#"wonkey_config_reloads_total{result="failed"}"#) ?? 0 >= 1
            }
            #expect(try await deployment.text("/ping") == "first")
            #expect(try await deployment.text("/x") == "first")
            #expect(try await deployment.metric(Self.generation) == 1)
            #expect(try await deployment.metric("wonkey_config_last_reload_successful") == 0)
            #expect(try await deployment.ready().status == 200)
            try deployment.rewrite { text in
                text.replacingOccurrences(of: "limit: lots", with: "limit: 7")
                    .replacingOccurrences(of: "proxy: apu", with: "proxy: api")
            }
            try await eventually("taken over") { try await deployment.metric(Self.generation) == 2 }
            #expect(try await deployment.text("/ping") == "second")
        }
        #expect(outcomes.map(\.status) == [0])
        let log = outcomes[0].standardError
        let file = deployment.configurations[0]
        #expect(log.contains("\(file):9:42: limits.main.limit: must be a whole number in decimal digits, not 'lots'"))
        #expect(log.contains("\(file):13:44: routes[0].proxy: must name an entry of upstreams"))
        #expect(log.contains("the configuration is faulty and was not taken over"))
        await origin.shutdown()
    }

    @Test("settings that need a restart keep their values and are named once with their places; the rest is taken over")
    func restart() async throws {
        let origin = try await Self.named("first")
        let deployment = try await self.deployment("api: {url: \"\(origin.url)\"}")
        let outcomes = try await deployment.serving { proxies in
            try deployment.rewrite { text in
                text.replacingOccurrences(of: "address: \"127.0.0.1:\(deployment.port)\"", with: "address: 127.0.0.1:1")
                    .replacingOccurrences(of: "rows: 100", with: "rows: 200")
                    .replacingOccurrences(of: "body: first", with: "body: second")
            }
            for generation in 2...3 {
                proxies.signal(.hangUp)
                try await eventually("taken over") {
                    try await deployment.metric(Self.generation) ?? 0 >= Double(generation)
                }
            }
            #expect(try await deployment.text("/ping") == "second")
        }
        #expect(outcomes.map(\.status) == [0])
        let log = outcomes[0].standardError
        let file = deployment.configurations[0]
        #expect(log.components(separatedBy: "settings that need a restart").count == 2)
        #expect(log.contains("listeners[0].address (\(file):3:15), logs.batch.rows (\(file):6:22)"))
        await origin.shutdown()
    }

    @Test("a request ends on the upstream it began with, though that is no longer configured")
    func underWay() async throws {
        let origin = try await OriginServer.start([
            .await("\r\n\r\n"), .send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello"), .await("go"),
            .send("world"),
        ])
        let other = try await Self.named("other")
        let deployment = try await self.deployment("api: {url: \"http://127.0.0.1:\(origin.port)\"}")
        let outcomes = try await deployment.serving { _ in
            let client = try await RawClient.connect(port: deployment.port)
            try await client.send("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
            _ = try await client.read { text, isClosed in isClosed || text.hasSuffix("hello") }
            try deployment.rewrite { text in
                text.replacingOccurrences(of: "http://127.0.0.1:\(origin.port)", with: other.url)
            }
            try await eventually("taken over") { try await deployment.metric(Self.generation) == 2 }
            #expect(try await deployment.text("/x") == "other")
            try await client.send("go")
            let answer = try await client.read { text, isClosed in isClosed || text.hasSuffix("world") }
            #expect(answer.hasSuffix("world"))
            await client.close()
        }
        #expect(outcomes.map(\.status) == [0])
        await origin.stop()
        await other.shutdown()
    }

    @Test("an unchanged upstream keeps what is known of its targets over a reload; a changed one starts anew")
    func health() async throws {
        let good = try await Self.named("good")
        let dead = try await FreePort.reserve()
        let deployment = try await self.deployment(
            """
            api: {targets: ["\(good.url)", "http://127.0.0.1:\(dead)"], health: {passive: {failures: 1, ejection: 1h, ejection_max: 4h}}}
            """
        )
        let state = #"wonkey_upstream_target_state{upstream="api",target="127.0.0.1:\#(dead)",state="ejected"}"#
        let outcomes = try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                for _ in 0..<4 { _ = try await client.send("GET", "/x") }
            }
            try await eventually("ejected") { try await deployment.metric(state) == 1 }
            try deployment.rewrite { $0.replacingOccurrences(of: "limit: 100", with: "limit: 90") }
            try await eventually("taken over") { try await deployment.metric(Self.generation) == 2 }
            #expect(try await deployment.metric(state) == 1)
            let requests = #"wonkey_upstream_target_requests_total{upstream="api",target="127.0.0.1:\#(dead)"}"#
            let before = try await deployment.metric(requests)
            for _ in 0..<4 { #expect(try await deployment.text("/x") == "good") }
            #expect(try await deployment.metric(requests) == before)
            try deployment.rewrite { $0.replacingOccurrences(of: "ejection: 1h", with: "ejection: 2h") }
            try await eventually("taken over") { try await deployment.metric(Self.generation) == 3 }
            #expect(try await deployment.metric(state) == 0)
        }
        #expect(outcomes.map(\.status) == [0])
        await good.shutdown()
    }

    @Test("a limit in shadow tells what it would refuse and refuses nothing, until the file says otherwise")
    func shadow() async throws {
        let redis = try #require(RedisServer.current)
        let deployment = try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "\(redis.url)", timeout: 1s}
            limits:
              wide: {algorithm: fixed-window, limit: 100, window: 1h, by: client-address}
              tried: {algorithm: token-bucket, limit: 2, window: 1h, by: client-address, shadow: true}
            routes:
              - {name: ping, match: {path: /ping}, authentication: none, respond: {body: pong}, limits: [wide, tried]}
            """
        )
        let outcomes = try await deployment.serving { _ in
            try await withTestClient(port: deployment.port) { client in
                for index in 1...5 {
                    let answer = try await client.send("GET", "/ping")
                    #expect(answer.status == 200)
                    #expect(answer.header("RateLimit-Policy") == #""wide";q=100;w=3600"#)
                    #expect(answer.header("RateLimit")?.hasPrefix(#""wide";r=\#(100 - index);"#) == true)
                }
            }
            #expect(try await deployment.metric(#"wonkey_limit_shadow_refusals_total{limit="tried"}"#) == 3)
            #expect(try await deployment.metric(#"wonkey_limit_refusals_total{limit="tried"}"#) == 0)
            try deployment.rewrite { $0.replacingOccurrences(of: ", shadow: true", with: "") }
            try await eventually("taken over") { try await deployment.metric(Self.generation) == 2 }
            try await withTestClient(port: deployment.port) { client in
                let answer = try await client.send("GET", "/ping")
                #expect(answer.status == 429)
            }
        }
        #expect(outcomes.map(\.status) == [0])
    }
}

extension Deployment {
    /// Replaces the configuration file of a proxy at once, as an editor does.
    func rewrite(proxy index: Int = 0, _ change: (String) -> String) throws {
        let file = self.configurations[index]
        let text = change(try String(contentsOfFile: file, encoding: .utf8))
        try text.write(toFile: file, atomically: true, encoding: .utf8)
    }

    /// The body of an answer on a connection of its own.
    func text(_ path: String) async throws -> String {
        try await withTestClient(port: self.port) { client in try await client.send("GET", path).text }
    }

    /// The beginning of the configuration file's SHA-256.
    func configurationHash() async throws -> String {
        let outcome = try await BuiltProduct(path: "/usr/bin/sha256sum").run([self.configurations[0]])
        return String(outcome.standardOutput.prefix(12))
    }
}
