import Support
import Testing
import WonkeyCore

@testable import WonkeyHTTP

@Suite("Retries on other targets", .timeLimit(.minutes(3)))
struct RetryTests {
    @Test("F12: what was never sent goes to another target, whatever its method", arguments: [Method.get, .post])
    func refusedConnection(method: WonkeyHTTP.Method) async throws {
        let origin = try await OriginServer.start(.answering("A"))
        let dead = try await FreePort.reserve()
        try await BalancerFixture.run(ports: [dead, origin.port]) { fixture async throws in
            #expect(try await fixture.answer(method, framing: .length(2), body: ["hi"]) == "200 A|")
            #expect(fixture.metric(#"retries_total{upstream="api"}"#) == "1")
            let target = #"{upstream="api",target="127.0.0.1:\#(dead)"}"#
            #expect(fixture.metric("target_failures_total" + target) == "1")
        }
        await origin.stop()
    }

    @Test(
        "F12: a request that broke off before its answer is repeated if it is idempotent, never otherwise",
        arguments: [
            (.get, "200 A|"), (.head, "200 |"), (.put, "200 A|"), (.delete, "200 A|"), (.post, "!closedEarly"),
            (.patch, "!closedEarly"), (.other("LIST"), "!closedEarly"),
        ] as [(WonkeyHTTP.Method, String)]
    )
    func reset(method: WonkeyHTTP.Method, expected: String) async throws {
        let broken = try await OriginServer.start(.resetting)
        let origin = try await OriginServer.start(.answering("A"))
        try await BalancerFixture.run(ports: [broken.port, origin.port]) { fixture async throws in
            #expect(try await fixture.answer(method) == expected)
        }
        #expect(broken.connectionCount == 1)
        #expect(origin.connectionCount == (expected.hasPrefix("200") ? 1 : 0))
        await broken.stop()
        await origin.stop()
    }

    @Test("a body that was read once is sent again, up to its bound")
    func replayedBody() async throws {
        let broken = try await OriginServer.start([.await("\r\n\r\nhello"), .reset])
        let origin = try await OriginServer.start([
            .await("\r\n\r\nhello"), .send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nA"),
        ])
        try await BalancerFixture.run(ports: [broken.port, origin.port]) { fixture async throws in
            let answer = try await fixture.answer(.put, framing: .length(11), body: ["hello", " ", "world"])
            #expect(answer == "200 A|")
            #expect(origin.received.first?.hasSuffix("\r\n\r\nhello world") == true)
        }
        await broken.stop()
        await origin.stop()
        let large = String(repeating: "x", count: 70_000)
        let taking = try await OriginServer.start([.await("\r\n\r\nx"), .awaitCount(60_000), .reset])
        let other = try await OriginServer.start(.answering("A"))
        try await BalancerFixture.run(ports: [taking.port, other.port]) { fixture async throws in
            #expect(try await fixture.answer(.put, framing: .length(70_000), body: [large]) == "!closedEarly")
        }
        #expect(other.connectionCount == 0)
        await taking.stop()
        await other.stop()
    }

    @Test(
        "nothing is repeated after a byte of an answer went to the client",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhi", "200 hi!closedEarly"),
            ("HTTP/1.1 103 Early Hints\r\n\r\n", "(103)!closedEarly"),
        ]
    )
    func begun(sent: String, expected: String) async throws {
        let broken = try await OriginServer.start([.await("\r\n\r\n"), .send(sent), .close])
        let origin = try await OriginServer.start(.answering("A"))
        try await BalancerFixture.run(ports: [broken.port, origin.port]) { fixture async throws in
            #expect(try await fixture.answer() == expected)
        }
        #expect(origin.connectionCount == 0)
        await broken.stop()
        await origin.stop()
    }

    @Test("a status that says so is tried elsewhere if configured; the last attempt's answer is passed on")
    func statuses() async throws {
        let busy = try await OriginServer.start(.refusing(503))
        let origin = try await OriginServer.start(.answering("A"))
        try await BalancerFixture.run(ports: [busy.port, origin.port]) { fixture async throws in
            #expect(try await fixture.answer() == "503 |")
        }
        try await BalancerFixture.run(ports: [busy.port, origin.port]) {
            $0.balancing.retries.causes = [.status]
        } _: { fixture async throws in
            #expect(try await fixture.answer() == "200 A|")
            let posts = try await [fixture.answer(.post), fixture.answer(.post)]
            #expect(posts.sorted() == ["200 A|", "503 |"])
        }
        try await BalancerFixture.run(ports: [busy.port]) {
            $0.balancing.retries.causes = [.status]
            $0.balancing.retries.attempts = 3
        } _: { fixture async throws in
            #expect(try await fixture.answer() == "503 |")
            #expect(fixture.metric(#"retries_total{upstream="api"}"#) == "2")
        }
        await busy.stop()
        await origin.stop()
    }

    @Test("a budget that is used up stops retries, and is counted")
    func budget() async throws {
        let dead = try await FreePort.reserve()
        try await BalancerFixture.run(ports: [dead]) {
            $0.balancing.retries.budgetPercent = 10
            $0.balancing.breaker = nil
        } _: { fixture async throws in
            for _ in 0..<20 { #expect(try await fixture.answer() == "!unreachable") }
            // Ten are lent, and twenty requests earn two.
            #expect(fixture.metric(#"retries_total{upstream="api"}"#) == "12")
            #expect(fixture.metric(#"retries_refused_total{upstream="api"}"#) == "8")
        }
    }
}
