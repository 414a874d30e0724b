import Foundation
import NIOCore
import Support
import Testing

/// The corpus in front of servers that others made: what they understood, and that it is what the client meant.
@Suite("Framing in front of real servers", .temporaryDirectory, .timeLimit(.minutes(5)))
struct RealUpstreamTests {
    private func deployment(_ port: Int) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            server: {loops: 1, body_limit: 1000B, trusted_proxies: [127.0.0.2/32, 10.0.0.0/8]}
            upstreams:
              api: {url: "http://127.0.0.1:\(port)", preserve_host: true, headers: {X-Injected: "yes"}}
              slow:
                url: "http://127.0.0.1:\(port)"
                preserve_host: true
                headers: {X-Injected: "yes"}
                timeouts: {response: 300ms}
            routes:
              - {name: keyed, match: {prefix: /keyed}, proxy: api}
              - {name: slow, match: {prefix: /silent}, proxy: slow, authentication: none}
              - {name: upgrade, match: {prefix: /upgrade}, proxy: api, authentication: none, upgrade: {idle: 10s}}
              - {name: api, match: {prefix: /}, proxy: api, authentication: none}
            """
        )
    }

    /// Runs `body` with a proxy in front of a server.
    ///
    /// - Parameters:
    ///   - server: Behind the proxy.
    ///   - body: Gets the proxy's port and a key.
    /// - Returns: What the server saw, with names instead of what is new each time.
    /// - Throws: What `body` throws, or why a server does not run.
    private func serving(
        _ server: RealServer,
        _ body: @escaping @Sendable (Int, IssuedKey) async throws -> Void
    ) async throws -> [SeenRequest] {
        let event = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\ndata: 1\n\n"
        let silent = try await OriginServer.start([.await("never")])
        let stream = try await OriginServer.start([.await("\r\n\r\n"), .send(event), .await("never")])
        let upgrade = try await OriginServer.start(
            [
                .await("\r\n\r\n"),
                .send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"),
                .send("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
                .await("ping"), .send("pong"), .close,
            ]
        )
        let seen = try await server.serving(
            in: try #require(TemporaryDirectory.current),
            behind: (silent: silent.port, stream: stream.port, upgrade: upgrade.port)
        ) { port in
            let deployment = try await self.deployment(port)
            let key = try await deployment.issueKey()
            try await deployment.serving { _ in try await body(deployment.port, key) }
        }
        await silent.stop()
        await stream.stop()
        await upgrade.stop()
        return seen.map(\.withoutIdentifiers)
    }

    @Test("every server understands what was meant, whole, and hears of nothing else", arguments: RealServer.allCases)
    func rows(_ server: RealServer) async throws {
        let rows = ServerRow.all
        let seen = try await self.serving(server) { port, key in
            try await withTestClient(port: port) { client in
                for (index, row) in rows.enumerated() {
                    let answer = try await row.run(port: port, key: key.key)
                    #expect(row.faults(of: answer) == [])
                    // On the connection to the server that this row might have spoilt.
                    let after = try await client.send("GET", "/after/\(index)")
                    #expect(after.status == 200 && after.text == "ok", "after \(row.name)")
                }
            }
        }
        let parts = seen.split(separatedBy: "/after/")
        #expect(parts.count == rows.count + 1 && parts.last == [])
        for (row, part) in zip(rows, parts) {
            let relevant = row.mayBeSeenInPart ? part.filter(\.isServed) : part
            #expect(relevant == row.seen.map { server.record(of: $0) }, "\(row.name)")
        }
    }

    @Test("HTTP/2 becomes the HTTP/1.1 that was meant, or nothing", arguments: RealServer.allCases)
    func http2Rows(_ server: RealServer) async throws {
        let rows = HTTP2Row.all
        let file = try #require(TemporaryDirectory.current).file("rows.json")
        try JSONEncoder().encode(rows).write(to: URL(fileURLWithPath: file))
        let seen = try await self.serving(server) { port, _ in
            let outcome = try await TestVenv.program("python").run(
                [TestVenv.script("http2_rows.py"), "\(port)", file],
                within: .seconds(120)
            )
            #expect(outcome.status == 0, "\(outcome.standardError)")
            let lines = outcome.standardOutput.split(separator: "\n")
            #expect(lines.count == rows.count)
            let wrong = zip(rows, lines).filter { !$1.hasPrefix($0.outcome) }.map { "\($0.name): \($1)" }
            #expect(wrong == [])
        }
        let parts = seen.split(separatedBy: "/after/")
        #expect(parts.count == rows.count + 1)
        for (row, part) in zip(rows, parts) {
            if row.isServedInPart {
                #expect(part.allSatisfy { $0.line == "GET /" }, "\(row.name)")
                continue
            }
            // What turns out to be wrong, or too much, may have begun.
            let mayBeSeenInPart = row.body != nil || row.bound != nil
            let relevant = row.seen.isEmpty && mayBeSeenInPart ? part.filter(\.isServed) : part
            #expect(relevant == row.seen.map { server.record(of: $0) }, "\(row.name)")
        }
    }
}

extension [SeenRequest] {
    /// What is between requests for targets that begin with `prefix`.
    fileprivate func split(separatedBy prefix: String) -> [[SeenRequest]] {
        self.split(omittingEmptySubsequences: false) { $0.target.hasPrefix(prefix) }.map(Array.init)
    }
}

extension ServerRow {
    /// Plays the client.
    ///
    /// - Returns: All that was answered.
    fileprivate func run(port: Int, key: String) async throws -> String {
        let client = try await RawClient.connect(port: port, from: self.client.rawValue)
        var answer = ""
        for step in self.steps {
            switch step {
            case .send(let text):
                let octets = text.replacingOccurrences(of: "{key}", with: key).data(using: .isoLatin1)
                try await client.send(ByteBuffer(bytes: try #require(octets)))
            case .read(let text): answer += await Self.received { try await client.read(through: text) }
            case .close:
                await client.close()
                return answer
            }
        }
        answer += await Self.received { try await client.readToEnd() }
        await client.close()
        return answer
    }

    private static func received(_ read: () async throws -> String) async -> String {
        do {
            return try await read()
        } catch let timedOut as RawClient.TimedOut {
            return timedOut.received + " and no end"
        } catch {
            return "\(error)"
        }
    }

    /// What is wrong with the answers.
    fileprivate func faults(of answer: String) -> [String] {
        let heads = answer.matches(of: #/HTTP/1\.1 ([1-5]\d\d) /#).compactMap { Int($0.1) }
        var faults = self.answer.faults("answer", answer)
        if heads != self.answers { faults.append("answers \(heads) instead of \(self.answers): \(answer)") }
        // Of the server or of the proxy, each final answer has exactly one (F9); one that ends HTTP may.
        let dates = answer.lowercased().components(separatedBy: "\r\ndate: ").count - 1
        if !heads.contains(101), dates != heads.filter({ $0 >= 200 }).count {
            faults.append("\(dates) times Date: \(answer)")
        }
        if answer.contains(" and no end") { faults.append("what was waited for did not come") }
        return faults.map { "\(self.name): \($0)" }
    }
}
