import Foundation
import NIOCore
import Support
import Testing

@Suite("Hostile clients, all at once", .temporaryDirectory)
struct HostileClientTests {
    private static let host = "Host: api.example\r\n"
    private static let chunked = "POST /post HTTP/1.1\r\n\(host)Transfer-Encoding: chunked\r\n\r\n"

    private static let attacks = [
        Attack(name: "silent", connections: 60, opening: ""),
        Attack(name: "slow head", connections: 60, opening: "GET / HTTP/1.1\r\n\(host)X-A: ", then: "a"),
        Attack(
            name: "slow body",
            connections: 60,
            opening: "POST /post HTTP/1.1\r\n\(host)Content-Length: 1000000\r\n\r\n",
            then: "b"
        ),
        Attack(name: "slow reading", connections: 12, opening: "GET /big HTTP/1.1\r\n\(host)\r\n", reads: false),
        Attack(
            name: "header flood",
            connections: 20,
            opening: "GET / HTTP/1.1\r\n\(host)",
            then: String(repeating: "X-Flood: \(String(repeating: "f", count: 1_000))\r\n", count: 50),
            every: .milliseconds(5)
        ),
        Attack(
            name: "chunk extensions",
            connections: 20,
            opening: Self.chunked + "1;",
            then: String(repeating: "e", count: 10_000),
            every: .milliseconds(5)
        ),
        Attack(name: "half a chunk", connections: 20, opening: Self.chunked + "ffff\r\nx"),
        Attack(
            name: "pipelining",
            connections: 10,
            opening: "",
            then: String(repeating: "GET / HTTP/1.1\r\n\(host)\r\n", count: 50),
            every: .milliseconds(20),
            reads: false
        ),
        // Beyond what one address may have.
        Attack(name: "connections", connections: 300, opening: ""),
    ]

    @Test("honest clients are served and memory stays bounded while every attack runs at once; then all is as before")
    func all() async throws {
        let upstream = try await FreePort.reserve()
        let deployment = try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            upstreams: {api: {url: "http://127.0.0.1:\(upstream)", connections: 1024, timeouts: {connect: 30s}}}
            routes: [{name: open, match: {prefix: /}, proxy: api, authentication: none}]
            server:
              timeouts: {head: 4s, body: 4s, write: 4s, keep_alive: 8s, linger: 1s}
              rates: {body: 200B, answer: 10KiB}
              connections_per_address: 300
            """
        )
        // A process of its own, so that it has its turns when the attackers here have theirs.
        _ = try await TestVenv.program("python").run(
            [TestVenv.script("plain_server.py"), "\(upstream)"],
            within: .seconds(110)
        ) { server in
            defer { try? server.signal(.kill) }
            #expect(try await server.nextLine() == "ready")
            let outcomes = try await deployment.serving { _ in try await self.attack(deployment) }
            #expect(outcomes.map(\.status) == [0])
        }
    }

    private func attack(_ deployment: Deployment) async throws {
        try await self.honest(deployment, for: .seconds(1))
        let before = try await self.memory(deployment)
        let hostile = HostileClients(port: deployment.port, from: "127.0.0.2")
        let newer = HostileClients(port: deployment.port, from: "127.0.0.3")
        for attack in Self.attacks { hostile.begin(attack) }
        for attack in Attack.http2 { newer.begin(attack) }
        let most = try await self.strain(deployment, for: .seconds(8))
        await hostile.stop()
        await newer.stop()
        let connections = hostile.connections.merging(newer.connections) { $0 + $1 }
        print("hostile clients: \(connections), resident memory from \(before) to at most \(most) MiB")
        #expect(most - before < 128, "from \(before) to \(most) MiB")
        for attack in Self.attacks + Attack.http2 {
            // Every one got to attack; whoever reads notices being thrown out, and came again.
            #expect(connections[attack.name, default: 0] > attack.connections / 2, "\(attack.name)")
        }
        try await self.expectCounted(deployment)
        try await eventually("quiet") { try await deployment.metric("wonkey_http_connections") ?? 9 <= 1 }
        try await eventually("idle") { try await deployment.metric("wonkey_http_requests_in_flight") == 0 }
        try await self.honest(deployment, for: .milliseconds(200))
    }

    /// Is served over and over while the most memory is looked for.
    private func strain(_ deployment: Deployment, for time: Duration) async throws -> Int {
        let end = ContinuousClock.now + time
        var most = 0
        while .now < end {
            try await self.honest(deployment, for: .milliseconds(200))
            most = max(most, try await self.memory(deployment))
        }
        return most
    }

    /// One connection after the other, each with a few requests.
    private func honest(_ deployment: Deployment, for time: Duration) async throws {
        let end = ContinuousClock.now + time
        while .now < end {
            try await withTestClient(port: deployment.port) { client in
                for _ in 0..<5 {
                    let answer = try await client.send("POST", "/honest", body: Array("body".utf8))
                    #expect(answer.status == 200)
                    #expect(answer.text == "hi")
                }
            }
        }
    }

    /// Resident memory in MiB.
    private func memory(_ deployment: Deployment) async throws -> Int {
        Int(try #require(try await deployment.metric("process_resident_memory_bytes")) / 1_048_576)
    }

    private func expectCounted(_ deployment: Deployment) async throws {
        for name in [
            #"wonkey_malformed_requests_total{reason="timed_out"}"#,
            #"wonkey_malformed_requests_total{reason="fields_too_large"}"#,
            #"wonkey_malformed_requests_total{reason="http2_abuse"}"#,
            #"wonkey_http_connections_refused_total{limit="address"}"#,
        ] {
            let count = try #require(try await deployment.metric(name))
            #expect(count > 0, "\(name)")
        }
    }
}
