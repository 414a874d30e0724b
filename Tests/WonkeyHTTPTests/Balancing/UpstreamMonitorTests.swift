import NIOPosix
import Support
import Synchronization
import Testing
import WonkeyCore

@testable import WonkeyHTTP

@Suite("Watching targets", .timeLimit(.minutes(3)))
struct UpstreamMonitorTests {
    private func name(_ port: Int) -> String { "127.0.0.1:\(port)" }

    @Test("a target that fails in a row is ejected, gets nothing meanwhile, and is back when its time is over")
    func ejection() async throws {
        let sick = try await OriginServer.start(.refusing(502), .refusing(502), .answering("S"))
        let good = try await OriginServer.start(.answering("G"))
        try await BalancerFixture.run(ports: [sick.port, good.port]) {
            $0.balancing.health.passive.failures = 2
            $0.balancing.health.passive.ejection = .seconds(10)
            $0.settings.keepsIdleConnections = false
        } _: { fixture async throws in
            #expect(try await fixture.letters(3) == "-G-")
            #expect(try await waits { fixture.monitor.states[self.name(sick.port)] == .ejected })
            #expect(try await fixture.letters(3) == "GGG")
            #expect(sick.connectionCount == 2)
            fixture.clock.advance(by: .milliseconds(9_999))
            #expect(try await fixture.letters(2) == "GG")
            fixture.clock.advance(by: .milliseconds(1))
            #expect(fixture.monitor.states[self.name(sick.port)] == .healthy)
            #expect(Set(try await fixture.letters(2)) == ["S", "G"])
        }
        await sick.stop()
        await good.stop()
    }

    @Test("the last target is never ejected, and one good answer ends a row of failures")
    func lastTarget() async throws {
        let origin = try await OriginServer.start(.refusing(502))
        try await BalancerFixture.run(ports: [origin.port]) {
            $0.balancing.health.passive.failures = 1
        } _: { fixture async throws in
            #expect(try await fixture.letters(3) == "---")
            #expect(fixture.monitor.states == [self.name(origin.port): .healthy])
        }
        await origin.stop()
        let mixed = try await OriginServer.start(
            .refusing(502),
            .answering("M"),
            .refusing(502),
            .answering("M"),
            .refusing(502),
            .answering("M")
        )
        let other = try await OriginServer.start(.answering("O"))
        try await BalancerFixture.run(ports: [mixed.port, other.port]) {
            $0.balancing.health.passive.failures = 2
            $0.settings.keepsIdleConnections = false
        } _: { fixture async throws in
            #expect(try await fixture.letters(8) == "-OMO-OMO")
            #expect(fixture.monitor.states[self.name(mixed.port)] == .healthy)
        }
        await mixed.stop()
        await other.stop()
    }

    @Test("checks take a target out of use and back, by status, silence and refused connections")
    func checks() async throws {
        let origin = try await OriginServer.start(
            .refusing(500),
            [.await("never")],
            .answering("A"),
            .answering("A"),
            .answering("A")
        )
        let dead = try await FreePort.reserve()
        var check = ActiveCheck(path: "/healthz")
        check.timeout = .milliseconds(200)
        check.unhealthyAfter = 2
        check.healthyAfter = 2
        let prober = HTTPProber(
            group: MultiThreadedEventLoopGroup.singleton,
            upstream: BalancedUpstream(name: "api", targets: [], settings: UpstreamSettings(target: .unix(path: ""))),
            check: check,
            host: nil
        )
        try await BalancerFixture.run(ports: [origin.port, dead], prober: prober) { [check] in
            $0.balancing.health.active = check
        } _: { fixture async throws in
            var seen: [[TargetState?]] = []
            for _ in 0..<4 {
                await fixture.monitor.check()
                let states = fixture.monitor.states
                seen.append([states[self.name(origin.port)], states[self.name(dead)]])
            }
            #expect(
                seen == [
                    [.healthy, .healthy], [.unhealthy, .unhealthy], [.unhealthy, .unhealthy], [.healthy, .unhealthy],
                ]
            )
            let expected = "GET /healthz HTTP/1.1\r\nHost: \(self.name(origin.port))\r\n"
            #expect(origin.received.allSatisfy { $0.hasPrefix(expected) })
            #expect(try await fixture.letters(2) == "AA")
        }
        await origin.stop()
    }

    @Test("while every target is unhealthy, all are tried")
    func allUnhealthy() async throws {
        let origin = try await OriginServer.start(.answering("A"))
        let other = try await OriginServer.start(.answering("B"))
        try await BalancerFixture.run(ports: [origin.port, other.port], prober: FailingProber()) {
            $0.balancing.health.active = ActiveCheck(path: "/")
        } _: { fixture async throws in
            for _ in 0..<3 { await fixture.monitor.check() }
            #expect(Set(fixture.monitor.states.values) == [.unhealthy])
            #expect(try await fixture.letters(4) == "ABAB")
        }
        await origin.stop()
        await other.stop()
    }

    @Test("a target that is back begins with a small share, which grows to the whole")
    func slowStart() async throws {
        let origin = try await OriginServer.start(.answering("A"))
        let other = try await OriginServer.start(.answering("B"))
        let resolver = ScriptedResolver()
        resolver.announce([origin.port])
        try await BalancerFixture.run(ports: [80], resolver: resolver) {
            $0.targets[0].place = .tcp(host: "api.test", port: 80)
            $0.discovery = .services(every: .seconds(30))
            $0.balancing.health.slowStart = .seconds(10)
        } _: { fixture async throws in
            _ = await fixture.monitor.resolve()
            #expect(try await fixture.letters(2) == "AA")
            resolver.announce([origin.port, other.port])
            _ = await fixture.monitor.resolve()
            #expect(try await fixture.letters(22).count { $0 == "B" } == 2)
            fixture.clock.advance(by: .seconds(10))
            #expect(try await fixture.letters(20).count { $0 == "B" } == 10)
        }
        await origin.stop()
        await other.stop()
    }

    @Test("names are resolved again as often as their time to live says, at most; what fails changes nothing")
    func resolving() async throws {
        let first = try await OriginServer.start(.answering("A"))
        let second = try await OriginServer.start(.answering("B"))
        let resolver = ScriptedResolver()
        try await BalancerFixture.run(ports: [80], resolver: resolver) {
            $0.targets[0].place = .tcp(host: "api.test", port: 80)
            $0.discovery = .services(every: .seconds(30))
        } _: { fixture async throws in
            #expect(try await fixture.answer() == "!unreachable")
            #expect(await fixture.monitor.resolve() == .seconds(5))
            resolver.announce([first.port], timeToLive: .seconds(7))
            #expect(await fixture.monitor.resolve() == .seconds(7))
            #expect(try await fixture.letters(2) == "AA")
            resolver.announce([second.port], timeToLive: .seconds(300))
            #expect(await fixture.monitor.resolve() == .seconds(30))
            #expect(try await fixture.letters(2) == "BB")
            #expect(try await waits { first.closedCount == first.connectionCount })
            resolver.services.withLock { $0 = nil }
            #expect(await fixture.monitor.resolve() == .seconds(5))
            resolver.announce([second.port], timeToLive: .zero)
            #expect(await fixture.monitor.resolve() == .seconds(1))
            #expect(try await fixture.letters(1) == "B")
            #expect(second.connectionCount == 1)
        }
        await first.stop()
        await second.stop()
    }

    @Test("every address of a name is a target, under the name's own Host; addresses need no resolver")
    func addresses() async throws {
        let resolver = ScriptedResolver()
        let found = ["10.0.0.2", "10.0.0.1", "2001:db8::1"].compactMap { IPAddress($0) }
        resolver.addresses.withLock { $0 = Resolution(found) }
        try await BalancerFixture.run(ports: [80], resolver: resolver) {
            $0.targets = [
                TargetDefinition(place: .tcp(host: "api.test", port: 81), weight: 3, authority: "api.test:81"),
                TargetDefinition(place: .tcp(host: "10.0.0.9", port: 82), authority: "10.0.0.9:82"),
                TargetDefinition(place: .unix(path: "/s"), authority: "localhost"),
            ]
            $0.discovery = .addresses(every: .seconds(30))
        } _: { fixture async throws in
            #expect(await fixture.monitor.resolve() == .seconds(30))
            let entries = fixture.monitor.table.entries.map { "\($0.name) \($0.definition.weight)" }
            #expect(entries == ["10.0.0.1:81 3", "10.0.0.2:81 3", "[2001:db8::1]:81 3", "10.0.0.9:82 1", "unix:/s 1"])
            #expect(fixture.monitor.table.entries[0].definition.authority == "api.test:81")
        }
    }

    @Test("SRV records are targets, the best priority first, with weights scaled to at most a hundred in each")
    func services() async throws {
        let resolver = ScriptedResolver()
        let records = [
            ServiceRecord(host: "a.test", port: 80, priority: 1, weight: 1_000),
            ServiceRecord(host: "b.test", port: 81, priority: 1, weight: 0),
            ServiceRecord(host: "d.test", port: 83, priority: 20, weight: 9),
            ServiceRecord(host: "c.test", port: 82, priority: 2, weight: 9),
        ]
        resolver.services.withLock { $0 = Resolution(records, timeToLive: .seconds(9)) }
        try await BalancerFixture.run(ports: [80], resolver: resolver) {
            $0.targets[0].place = .tcp(host: "_http._tcp.test", port: 80)
            $0.discovery = .services(every: .seconds(30))
        } _: { fixture async throws in
            #expect(await fixture.monitor.resolve() == .seconds(9))
            let targets = fixture.monitor.table.entries.map(\.definition)
            #expect(
                targets.map { "\($0.priority) \($0.place) \($0.weight) \($0.authority)" } == [
                    "1 a.test:80 100 a.test", "1 b.test:81 1 b.test:81", "2 c.test:82 9 c.test:82",
                    "20 d.test:83 9 d.test:83",
                ]
            )
        }
    }

    @Test("run resolves and checks at once and then in its intervals, until cancelled")
    func running() async throws {
        let resolver = ScriptedResolver()
        resolver.announce([1])
        let prober = CountingProber()
        try await BalancerFixture.run(ports: [80], resolver: resolver, prober: prober) {
            $0.targets[0].place = .tcp(host: "api.test", port: 80)
            $0.discovery = .services(every: .milliseconds(1))
            var check = ActiveCheck(path: "/")
            check.interval = .milliseconds(1)
            $0.balancing.health.active = check
        } _: { fixture async throws in
            let monitor = fixture.monitor
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await monitor.run() }
                _ = try? await waits { prober.count.load(ordering: .relaxed) > 2 }
                group.cancelAll()
            }
            #expect(prober.count.load(ordering: .relaxed) > 2)
        }
    }
}

private struct FailingProber: TargetProber {
    func probe(_ target: TargetDefinition) async -> HealthStateMachine.CheckOutcome { .failed }
}

private final class CountingProber: TargetProber {
    let count = Atomic<Int>(0)

    func probe(_ target: TargetDefinition) async -> HealthStateMachine.CheckOutcome {
        self.count.add(1, ordering: .relaxed)
        return .passed
    }
}
