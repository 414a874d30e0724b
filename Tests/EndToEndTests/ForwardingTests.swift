import Foundation
import NIOCore
import Support
import Testing

@Suite("Forwarding, end to end", .temporaryDirectory)
struct ForwardingTests {
    /// One deployment in which row n is served by upstream n below `/n`, at the port of `origins`.
    private func deployment(_ origins: [(port: Int, timeout: String)]) async throws -> Deployment {
        let upstreams = origins.enumerated().map { index, origin in
            """
              u\(index):
                url: "http://127.0.0.1:\(origin.port)"
                timeouts: {connect: 30s, response: \(origin.timeout)}
                headers: {Authorization: Bearer upstream-secret, X-Injected: "yes"}
            """
        }
        let routes = origins.indices.map { index in
            "  - {name: r\(index), match: {prefix: /\(index)}, proxy: u\(index), authentication: none}"
        }
        return try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            server: {loops: 1, body_limit: 1000000B}
            upstreams:
            \(upstreams.joined(separator: "\n"))
            routes:
            \(routes.joined(separator: "\n"))
            """
        )
    }

    @Test("F1–F15, F20–F22, X3, X5, R18, B8–B13: each side sees what it must, and nothing else")
    func rows() async throws {
        let rows = ForwardingRow.requestFields + ForwardingRow.responses + ForwardingRow.others
        var origins: [OriginServer?] = []
        var ports: [Int] = []
        for row in rows {
            guard let script = row.script else {
                let url = try await StandInServer.unusedURL()
                ports.append(try #require(Int(url.split(separator: ":").last ?? "")))
                origins.append(nil)
                continue
            }
            let origin = try await OriginServer.start(script)
            ports.append(origin.port)
            origins.append(origin)
        }
        let deployment = try await self.deployment(zip(ports, rows).map { (port: $0, timeout: $1.timeout) })
        let servers = origins
        try await deployment.serving { _ in
            for (index, row) in rows.enumerated() {
                let client = try await RawClient.connect(port: deployment.port)
                try await client.send(row.request.replacingOccurrences(of: "PATH", with: "/\(index)/x?y"))
                let answer = try await client.readToEnd()
                await client.close()
                #expect(row.faults(answer: answer, received: servers[index]?.received ?? []) == [])
            }
        }
        for origin in origins { await origin?.stop() }
    }

    /// A client that looks at more than one answer, or at what the origin does meanwhile.
    struct Conversation: Sendable {
        /// Begins with the duties it shows.
        var name: String
        fileprivate var script: [OriginServer.Step]
        fileprivate var keepsBytes = true
        /// Gets the proxy's port, the path below which the origin is reached, and the origin.
        fileprivate var run: @Sendable (Int, String, OriginServer) async throws -> Void
    }

    static let conversations = [
        Conversation(
            name: "F11, B15: a body is asked for, unless its length refuses it",
            script: [.await("hello"), .send(ForwardingRow.ok), .repeat],
            run: expectContinue
        ),
        Conversation(
            name: "F19: what arrives is held back by nobody",
            script: [
                .await("\r\n\r\n"),
                .send(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n5\r\ndata:\r\n"
                ),
            ],
            run: stream
        ),
        Conversation(
            name: "F18, B10: an origin that answers early and closes gets no more of the body",
            script: [
                .await("\r\n\r\n"), .send("HTTP/1.1 403 No\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno"),
            ],
            keepsBytes: false,
            run: earlyAnswer
        ),
        Conversation(
            name: "B12: bytes that nobody asked for end the connection",
            script: [
                .await("\r\n\r\n"),
                .send(ForwardingRow.ok + "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nleak"),
            ],
            run: unasked
        ),
        Conversation(
            name: "F16, F17: pipelined requests are answered in order, up to the last",
            script: [.await("\r\n\r\n"), .send(ForwardingRow.ok), .repeat],
            run: pipeline
        ),
    ]

    @Test("F11, F16–F19, B10, B12, B15: conversations go on as they must")
    func conversations() async throws {
        var origins: [OriginServer] = []
        for conversation in Self.conversations {
            origins.append(try await OriginServer.start(conversation.script, keepsBytes: conversation.keepsBytes))
        }
        let deployment = try await self.deployment(origins.map { (port: $0.port, timeout: "30s") })
        try await deployment.serving { [origins] _ in
            for (index, conversation) in Self.conversations.enumerated() {
                try await conversation.run(deployment.port, "/\(index)", origins[index])
            }
        }
        for origin in origins { await origin.stop() }
    }

    @Sendable
    private static func expectContinue(_ port: Int, _ path: String, _ origin: OriginServer) async throws {
        let client = try await RawClient.connect(port: port)
        try await client.send(
            "POST \(path) HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\nConnection: close\r\n\r\n"
        )
        #expect(try await client.read(through: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n", "F11")
        try await client.send("hello")
        #expect(try await client.readToEnd().hasPrefix("HTTP/1.1 200 OK\r\n"), "F11")
        #expect(!origin.received.joined().lowercased().contains("expect"), "F11")
        await client.close()
        let refused = try await RawClient.connect(port: port)
        try await refused.send(
            "POST \(path) HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000001\r\n\r\n"
        )
        #expect(try await refused.readToEnd().hasPrefix("HTTP/1.1 413 Content Too Large\r\n"), "F11, B15")
        await refused.close()
    }

    /// The origin never ends its answer: what arrives was held back by nobody.
    @Sendable
    private static func stream(_ port: Int, _ path: String, _ origin: OriginServer) async throws {
        let client = try await RawClient.connect(port: port)
        try await client.send("GET \(path) HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try await client.read(through: "data:").hasSuffix("\r\n\r\n5\r\ndata:\r\n"), "F19")
        await client.close()
    }

    @Sendable
    private static func earlyAnswer(_ port: Int, _ path: String, _ origin: OriginServer) async throws {
        let client = try await RawClient.connect(port: port)
        try await client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbegin")
        #expect(try await client.read(through: "no").hasPrefix("HTTP/1.1 403 No\r\n"), "F18")
        let before = origin.receivedCounts
        // Whether the proxy reads it or closes: it must not reach an origin that answered and closes.
        try? await client.send(String(repeating: "x", count: 100_000))
        _ = try await client.readToEnd()
        await client.close()
        #expect(origin.receivedCounts == before, "F18, B10")
    }

    @Sendable
    private static func unasked(_ port: Int, _ path: String, _ origin: OriginServer) async throws {
        for number in 1...2 {
            let client = try await RawClient.connect(port: port)
            try await client.send("GET \(path) HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let answer = try await client.readToEnd()
            #expect(answer.hasSuffix("\r\n\r\nok"), "B12")
            await client.close()
            // The unasked bytes end the connection; only then may the next request tell that it was not reused.
            try await eventually("closed") { origin.closedCount >= number }
        }
        #expect(origin.connectionCount == 2, "B12")
    }

    @Sendable
    private static func pipeline(_ port: Int, _ path: String, _ origin: OriginServer) async throws {
        let client = try await RawClient.connect(port: port)
        try await client.send(
            "GET \(path)/a HTTP/1.1\r\nHost: a\r\n\r\nGET \(path)/b HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n"
                + "Connection: close\r\n\r\nGET \(path)/c HTTP/1.1\r\nHost: a\r\n\r\n"
        )
        let statuses = try await client.readToEnd().components(separatedBy: "HTTP/1.1 ").dropFirst().map {
            $0.prefix(3)
        }
        #expect(statuses == ["200", "200", "404"], "F16, F17")
        await client.close()
    }

    @Test("X1, X2, X4: what a trusted proxy says of the client is believed and carried on in both forms")
    func trusted() async throws {
        let origin = try await OriginServer.start([.await("\r\n\r\n"), .send(ForwardingRow.ok), .repeat])
        let deployment = try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            server: {loops: 1, trusted_proxies: [127.0.0.0/8, 10.0.0.0/8]}
            upstreams:
              api: {url: "http://127.0.0.1:\(origin.port)"}
            routes:
              - {name: api, match: {prefix: /}, proxy: api, authentication: none}
            """
        )
        let rows: [(String, sent: String, older: String, forwarded: String)] = [
            (
                "X4", "X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.1",
                "X-Forwarded-For: 1.2.3.4, 10.0.0.1, 127.0.0.1",
                "Forwarded: for=1.2.3.4;host=a;proto=http, for=10.0.0.1, for=127.0.0.1"
            ),
            (
                "X2", "X-Forwarded-For: 2001:db8::1", "X-Forwarded-For: 2001:db8::1, 127.0.0.1",
                "Forwarded: for=\"[2001:db8::1]\";host=a;proto=http, for=127.0.0.1"
            ),
            (
                "X1", "Forwarded: For=\"[2001:db8::1]:4711\";Proto=https", "X-Forwarded-For: 2001:db8::1, 127.0.0.1",
                "Forwarded: for=\"[2001:db8::1]\";host=a;proto=https, for=127.0.0.1"
            ),
        ]
        try await deployment.serving { _ in
            for (name, sent, older, forwarded) in rows {
                let client = try await RawClient.connect(port: deployment.port)
                let before = origin.received.joined().count
                try await client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\(sent)\r\n\r\n")
                _ = try await client.readToEnd()
                await client.close()
                let seen = origin.received.joined().dropFirst(before)
                #expect(seen.contains("\r\n\(older)\r\n"), Comment(rawValue: "\(name): \(seen)"))
                #expect(seen.contains("\r\n\(forwarded)\r\n"), Comment(rawValue: "\(name): \(seen)"))
            }
        }
        await origin.stop()
    }
}
