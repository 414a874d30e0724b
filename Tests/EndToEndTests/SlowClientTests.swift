import Support
import Testing

/// Clients that stall, end early or vanish.
@Suite("Slow and half-closed clients, end to end", .temporaryDirectory, .timeLimit(.minutes(5)))
struct SlowClientTests {
    private func lines(_ subject: String, _ server: String) async throws -> [String] {
        let upstream = try await FreePort.reserve()
        let deployment = try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            server: {\(server)}
            upstreams: {api: {url: "http://127.0.0.1:\(upstream)"}}
            routes: [{name: api, match: {prefix: /}, proxy: api, authentication: none}]
            """
        )
        let lines = OneShot<[String]>()
        try await deployment.serving { _ in
            let outcome = try await LoadScript.run(
                "slow_clients.py",
                "\(deployment.port)",
                "\(upstream)",
                subject,
                "16"
            )
            await lines.set(outcome.lines)
        }
        return try #require(await lines.value)
    }

    @Test("slow readers are cut off and their upstreams freed, steady ones are not, and vanished ones are looked for")
    func reading() async throws {
        let lines = try await self.lines("reading", "timeouts: {write: 1s, dead_peer: 16s}, rates: {answer: 10KiB}")
        #expect(
            lines == [
                "never reads: freed, cut off", "reads a trickle: freed, it took some", "reads steadily: whole",
                "never reads over HTTP/2: freed", "window of 0: reset, the connection serves on",
                "window of 0, upstream: freed", "window opens by a trickle: reset, the connection serves on",
                "window opens by a trickle, upstream: freed",
                "window opens steadily: whole, the connection serves on",
                "steady over HTTP/2: whole", "vanished clients: probed in time",
            ]
        )
    }

    @Test("a client that closes its sending side behind a request is gone, unless server.half_close says otherwise")
    func halfClose() async throws {
        let common = [
            "end within a body: nothing end", "its upstream: freed",
        ]
        let rest = [
            "end before a request: nothing end", "end within a head: nothing end",
            "upstream's end behind its answer: 200 then 200", "upstream's end before its answer: 502 then 200",
        ]
        let cancelled = try await self.lines("cancel", "half_close: cancel")
        #expect(
            cancelled == ["end behind a request: nothing end", "its upstream: freed", "end behind a body: nothing end"]
                + common + ["end behind two requests: nothing end"] + rest
        )
        let answered = try await self.lines("answer", "half_close: answer")
        #expect(
            answered == [
                "end behind a request: 200 close whole end", "its upstream: answered",
                "end behind a body: 200 close whole end",
            ] + common + ["end behind two requests: 200 close whole end"] + rest
        )
    }
}

private actor OneShot<Value: Sendable> {
    private(set) var value: Value?

    func set(_ value: Value) { self.value = value }
}
