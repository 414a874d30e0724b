import NIOCore
import Support
import Synchronization
import Testing
import WonkeyCore

@testable import WonkeyHTTP

@Suite("Spreading requests over targets", .timeLimit(.minutes(3)))
struct UpstreamBalancerTests {
    /// Runs `body` with origins that answer with A, B, C and D.
    private func withOrigins(
        _ count: Int,
        _ body: ([OriginServer]) async throws -> Void
    ) async throws {
        var origins: [OriginServer] = []
        for letter in ["A", "B", "C", "D"].prefix(count) {
            origins.append(try await OriginServer.start(.answering(letter)))
        }
        try await body(origins)
        for origin in origins { await origin.stop() }
    }

    @Test("round robin follows the weights")
    func roundRobin() async throws {
        try await self.withOrigins(2) { origins in
            try await BalancerFixture.run(ports: origins.map(\.port)) {
                $0.targets[0].weight = 2
            } _: { fixture async throws in
                #expect(try await fixture.letters(6) == "ABAABA")
                let name = #"target_requests_total{upstream="api",target="127.0.0.1:\#(origins[0].port)"}"#
                #expect(fixture.metric(name) == "4")
            }
        }
    }

    @Test("least requests leaves out a target that is busy, until its requests end")
    func leastRequests() async throws {
        let slow = try await OriginServer.start([.await("never")], .answering("S"))
        let quick = try await OriginServer.start(.answering("Q"))
        try await BalancerFixture.run(ports: [slow.port, quick.port]) {
            $0.balancing.policy = .leastRequests
        } _: { fixture async throws in
            let hanging = try await fixture.begin()
            #expect(try await waits { slow.connectionCount == 1 })
            #expect(try await fixture.letters(3) == "QQQ")
            try await hanging.cancel()
            #expect(try await fixture.letters(2) == "SQ")
        }
        await slow.stop()
        await quick.stop()
    }

    @Test("targets that name themselves get their own Host")
    func names() async throws {
        try await self.withOrigins(2) { origins in
            try await BalancerFixture.run(ports: origins.map(\.port)) {
                $0.namesTargets = true
            } _: { fixture async throws in
                let head = try ForwardedRequest.head(
                    from: RequestHead(method: .get, target: RequestTarget(origin: "/x"), host: "client"),
                    rules: ForwardingRules(hostPolicy: .upstream("first")),
                    context: ForwardingContext(
                        client: ClientAddress(ip: "1.2.3.4"),
                        peer: PeerAddress(ip: "unix", port: 0),
                        requestID: "r"
                    )
                )
                let named = String(buffer: head.naming("other:81").bytes)
                #expect(named == String(buffer: head.bytes).replacing("Host: first\r\n", with: "Host: other:81\r\n"))
                #expect(String(buffer: head.naming("a").naming("third").bytes).contains("\r\nHost: third\r\n"))
                #expect(try await fixture.letters(2) == "AB")
            }
        }
    }

    @Test("requests of one key stay on one target; when one leaves, only its own move, and they come back with it")
    func consistentHash() async throws {
        try await self.withOrigins(3) { origins in
            let resolver = ScriptedResolver()
            resolver.announce(origins.map(\.port))
            let keys = (0..<60).map { "key_\($0)" }
            try await BalancerFixture.run(ports: [80], resolver: resolver) {
                $0.targets[0].place = .tcp(host: "api.test", port: 80)
                $0.discovery = .services(every: .seconds(30))
                $0.balancing.policy = .consistentHash
            } _: { fixture async throws in
                _ = await fixture.monitor.resolve()
                let before = try await fixture.letters(60, keys: keys)
                #expect(Set(before) == ["A", "B", "C"])
                #expect(try await fixture.letters(60, keys: keys) == before)
                resolver.announce([origins[0].port, origins[2].port])
                _ = await fixture.monitor.resolve()
                let without = try await fixture.letters(60, keys: keys)
                #expect(zip(before, without).allSatisfy { $0 == $1 || $0 == "B" })
                #expect(!without.contains("B"))
                resolver.announce(origins.map(\.port).reversed())
                _ = await fixture.monitor.resolve()
                #expect(try await fixture.letters(60, keys: keys) == before)
            }
        }
    }

    @Test("all targets full: 503 at once; a waiting request whose client leaves gives up its place")
    func pending() async throws {
        let origin = try await OriginServer.start([.await("never")])
        try await BalancerFixture.run(ports: [origin.port]) {
            $0.settings.connectionsMax = 1
            $0.settings.pendingMax = 1
        } _: { fixture async throws in
            let pending = #"pending{upstream="api"}"#
            let running = try await fixture.begin()
            #expect(try await waits { origin.connectionCount == 1 })
            #expect(try await waits { fixture.metric(pending) == "0" })
            let waiting = try await fixture.begin()
            #expect(fixture.metric(pending) == "1")
            #expect(try await fixture.answer() == "!overloaded")
            try await waiting.cancel()
            #expect(fixture.metric(pending) == "0")
            let next = try await fixture.begin()
            #expect(fixture.metric(pending) == "1")
            try await next.cancel()
            try await running.cancel()
        }
        await origin.stop()
    }

    @Test("a breaker opens after failures, tells when to come back, and closes after good probes")
    func breaker() async throws {
        let origin = try await OriginServer.start(.refusing(503), .refusing(503), .answering("A"))
        try await BalancerFixture.run(ports: [origin.port]) {
            var breaker = BreakerSettings()
            breaker.requests = 4
            breaker.open = .milliseconds(4_500)
            breaker.probes = 2
            $0.balancing.breaker = breaker
            $0.settings.keepsIdleConnections = false
        } _: { fixture async throws in
            let open = #"target_breakers_open{upstream="api",target="127.0.0.1:\#(origin.port)"}"#
            #expect(try await fixture.answer() == "503 |")
            #expect(try await fixture.answer() == "503 |")
            #expect(try await fixture.letters(1) == "A")
            #expect(fixture.metric(open) == "0")
            #expect(try await fixture.letters(1) == "A")
            #expect(fixture.metric(open) == "1")
            #expect(try await fixture.answer() == "!circuitOpen(retryAfterSeconds: 5)")
            fixture.clock.advance(by: .seconds(4))
            #expect(try await fixture.answer() == "!circuitOpen(retryAfterSeconds: 1)")
            fixture.clock.advance(by: .seconds(1))
            #expect(try await fixture.letters(2) == "AA")
            #expect(fixture.metric(open) == "0")
        }
        await origin.stop()
    }

    @Test("at shutdown running requests end and new ones are refused")
    func shutdown() async throws {
        let origin = try await OriginServer.start([.await("\r\n\r\n"), .await("never")])
        try await BalancerFixture.run(ports: [origin.port]) { fixture async throws in
            let running = try await fixture.begin()
            #expect(try await waits { origin.receivedCounts.first ?? 0 > 0 })
            try await fixture.onLoop { $0.shutdown() }
            #expect(try await fixture.answer() == "!shutDown")
            try await origin.closeConnections()
            #expect(try await running.result.get() == "!closedEarly")
        }
        await origin.stop()
    }
}
