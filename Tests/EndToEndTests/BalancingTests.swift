import Foundation
import Support
import Synchronization
import Testing

@Suite("Several targets, end to end", .temporaryDirectory)
struct BalancingTests {
    private static let answering: [OriginServer.Step] = [
        .await("\r\n\r\n"), .send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), .repeat,
    ]

    @Test("a target that is killed and comes back under load costs no idempotent request")
    func killed() async throws {
        let port = try await FreePort.reserve()
        let first = try await OriginServer.start(Self.answering, port: port, keepsBytes: false)
        let second = try await OriginServer.start(Self.answering, keepsBytes: false)
        let deployment = try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            server: {loops: 2}
            upstreams:
              api:
                targets: ["http://127.0.0.1:\(port)", {url: "http://127.0.0.1:\(second.port)", weight: 1}]
                health:
                  active: {path: /health, interval: 50ms, timeout: 1s, healthy_after: 2, unhealthy_after: 2}
                  passive: {failures: 2, ejection: 500ms}
            routes:
              - {name: api, match: {prefix: /}, proxy: api, authentication: none}
            """
        )
        try await deployment.serving { _ in
            let load = SteadyLoad(port: deployment.port, connections: 8)
            async let statuses = load.run()
            try await eventually("both used") { first.receivedCounts.reduce(0, +) > 20_000 }
            await first.stop()
            try await first.closeConnections()
            try await eventually("left alone") { try await !self.isHealthy(port, deployment) }
            let again = try await OriginServer.start(Self.answering, port: port, keepsBytes: false)
            try await eventually("back") { try await self.isHealthy(port, deployment) }
            try await eventually("used again") { again.receivedCounts.reduce(0, +) > 20_000 }
            load.stop()
            let counts = await statuses
            #expect(Set(counts.keys) == [200])
            let retries = try await deployment.metric(#"wonkey_upstream_retries_total{upstream="api"}"#)
            #expect(retries.map { $0 > 0 } == true)
            await again.stop()
        }
        await second.stop()
    }

    private func isHealthy(_ port: Int, _ deployment: Deployment) async throws -> Bool {
        let ready = try await deployment.ready()
        return ready.status == 200 && ready.text.contains(#""127.0.0.1:\#(port)":"healthy""#)
    }

    @Test("a full pool and an open breaker are answered 503 with Retry-After; keys of one value share a target")
    func refusals() async throws {
        let hanging = try await OriginServer.start([.await("never")])
        let targets = try await [
            OriginServer.start(Self.answering), OriginServer.start(Self.answering), OriginServer.start(Self.answering),
        ]
        let dead = try await FreePort.reserve()
        let list = targets.map { "\"http://127.0.0.1:\($0.port)\"" }.joined(separator: ", ")
        let deployment = try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            server: {loops: 1}
            upstreams:
              full: {url: "http://127.0.0.1:\(hanging.port)", connections: 1, pending: 0}
              broken:
                url: "http://127.0.0.1:\(dead)"
                breaker: {requests: 1, failures: 1%, open: 30s}
              hashed: {targets: [\(list)], balance: consistent-hash, hash: "header:X-Customer"}
            routes:
              - {name: full, match: {prefix: /full}, proxy: full, authentication: none}
              - {name: broken, match: {prefix: /broken}, proxy: broken, authentication: none}
              - {name: hashed, match: {prefix: /hashed}, proxy: hashed, authentication: none}
            """
        )
        try await deployment.serving { _ in
            let client = try await RawClient.connect(port: deployment.port)
            try await client.send("GET /full HTTP/1.1\r\nHost: a\r\n\r\n")
            try await eventually("in use") { hanging.connectionCount == 1 }
            try await withTestClient(port: deployment.port) { client in
                let full = try await client.send("GET", "/full")
                #expect([full.status, Int(full.header("Retry-After") ?? "")] == [503, 1])
                #expect(full.text.contains("upstream_overloaded"))
                let first = try await client.send("GET", "/broken")
                #expect(first.status == 502)
                let refused = try await client.send("GET", "/broken")
                #expect([refused.status, Int(refused.header("Retry-After") ?? "")] == [503, 30])
                #expect(refused.text.contains("upstream_circuit_open"))
                for _ in 0..<10 {
                    _ = try await client.send("GET", "/hashed", headers: [("X-Customer", "seven")])
                }
            }
            await client.close()
            #expect(targets.filter { $0.connectionCount > 0 }.count == 1)
            let open = #"wonkey_upstream_target_breakers_open{upstream="broken",target="127.0.0.1:\#(dead)"}"#
            #expect(try await deployment.metric(open) == 1)
            let state = #"{upstream="broken",target="127.0.0.1:\#(dead)",state="healthy"}"#
            #expect(try await deployment.metric("wonkey_upstream_target_state" + state) == 1)
        }
        for origin in targets + [hanging] { await origin.stop() }
    }
}

extension BalancingTests {
    /// An nginx with three servers that speak HTTP/2 over TLS and answer their name and what they were asked for.
    private func configuration(of ports: [Int], _ directory: TemporaryDirectory) throws -> String {
        let leaf = try CertificateAuthority()
        _ = try leaf.write(to: directory)
        let files = try leaf.issue(["localhost"]).write(to: directory, "nginx")
        let servers = zip(["A", "B", "C"], ports).map { name, port in
            """
            server {
                listen 127.0.0.1:\(port) ssl http2;
                ssl_certificate \(files.certificate);
                ssl_certificate_key \(files.privateKey);
                location /health { return \(name == "A" ? "200" : "204"); }
                location / { return 200 "\(name) $server_protocol $http_host $ssl_server_name"; }
            }
            """
        }
        let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map {
            "\($0)_temp_path \(directory.path)/\($0);"
        }
        let text = """
            daemon off;
            worker_processes 1;
            pid \(directory.path)/nginx.pid;
            events { worker_connections 256; }
            http { access_log off; \(temporary.joined(separator: " ")) \(servers.joined(separator: "\n")) }

            """
        let file = directory.file("nginx.conf")
        try text.write(toFile: file, atomically: true, encoding: .utf8)
        return file
    }

    @Test("targets that speak HTTP/2 over TLS are checked, shared by weight, and stood in for by the next priority")
    func multiplexed() async throws {
        let directory = try #require(TemporaryDirectory.current)
        let dead = try await FreePort.reserve()
        let ports = [try await FreePort.reserve(), try await FreePort.reserve(), try await FreePort.reserve()]
        let file = try self.configuration(of: ports, directory)
        let deployment = try await Deployment(
            in: directory,
            """
            counters: {url: "memory:"}
            server: {loops: 1}
            upstreams:
              api:
                targets:
                  - {url: "https://localhost:\(ports[0])", weight: 2}
                  - {url: "https://localhost:\(ports[1])"}
                  - {url: "https://localhost:\(ports[2])", priority: 1}
                protocol: h2
                preserve_host: false
                tls: {ca: DIRECTORY/ca.pem}
                health: {active: {path: /health, interval: 50ms, status: 200-299}}
              spare:
                targets:
                  - {url: "https://localhost:\(dead)"}
                  - {url: "https://localhost:\(ports[2])", priority: 1}
                protocol: h2
                preserve_host: false
                tls: {ca: DIRECTORY/ca.pem}
            routes:
              - {name: spare, match: {prefix: /spare}, proxy: spare, authentication: none}
              - {name: api, match: {prefix: /}, proxy: api, authentication: none}
            """
        )
        _ = try await BuiltProduct(path: "/usr/sbin/nginx").run(
            ["-c", file, "-e", "stderr", "-p", directory.path],
            within: .seconds(120)
        ) { nginx in
            try await deployment.serving { _ in
                try await withTestClient(port: deployment.port) { client in
                    try await eventually("nginx") { try await client.send("GET", "/").status == 200 }
                    var answers: [String: Int] = [:]
                    for _ in 0..<30 { answers[try await client.send("GET", "/").text, default: 0] += 1 }
                    let (first, second) = ("localhost:\(ports[0])", "localhost:\(ports[1])")
                    #expect(
                        answers == [
                            "A HTTP/2.0 \(first) localhost": 20, "B HTTP/2.0 \(second) localhost": 10,
                        ]
                    )
                    for _ in 0..<4 {
                        let spare = try await client.send("GET", "/spare")
                        #expect([spare.text] == ["C HTTP/2.0 localhost:\(ports[2]) localhost"])
                    }
                }
            }
            try nginx.signal(.terminate)
        }
    }
}

/// Sends GET requests over several connections until it is stopped.
private final class SteadyLoad: Sendable {
    private let port: Int
    private let connections: Int
    private let isStopped = Atomic<Bool>(false)

    init(port: Int, connections: Int) {
        self.port = port
        self.connections = connections
    }

    func stop() { self.isStopped.store(true, ordering: .relaxed) }

    /// How often each status came; 0 stands for connections that ended without an answer.
    func run() async -> [Int: Int] {
        await withTaskGroup(of: [Int: Int].self) { group in
            for _ in 0..<self.connections {
                group.addTask {
                    let counts = Mutex<[Int: Int]>([:])
                    do {
                        try await withTestClient(port: self.port) { client in
                            while !self.isStopped.load(ordering: .relaxed) {
                                let status = try await client.send("GET", "/").status
                                counts.withLock { $0[status, default: 0] += 1 }
                            }
                        }
                    } catch {
                        counts.withLock { $0[0, default: 0] += 1 }
                    }
                    return counts.withLock(\.self)
                }
            }
            return await group.reduce(into: [:]) { sum, counts in sum.merge(counts, uniquingKeysWith: +) }
        }
    }
}
