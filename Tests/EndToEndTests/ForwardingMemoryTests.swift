import Foundation
import NIOCore
import Support
import Testing

@Suite("Memory of large bodies, end to end", .temporaryDirectory)
struct ForwardingMemoryTests {
    private static let bodyBytes = 128 << 20
    private static let growthMax = 32 << 20

    private func deployment(_ origin: OriginServer, isEncrypted: Bool) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            tls: isEncrypted ? "{certificate: DIRECTORY/server.pem, private_key: DIRECTORY/server.key}" : nil,
            """
            counters: {url: "memory:"}
            server: {loops: 1, body_limit: none}
            upstreams:
              api:
                url: "\(isEncrypted ? "https" : "http")://127.0.0.1:\(origin.port)"
                \(isEncrypted ? "tls: {ca: DIRECTORY/ca.pem}" : "")
            routes:
              - {name: api, match: {prefix: /}, proxy: api, authentication: none}
            """
        )
    }

    @Test(
        "128 MiB up and 128 MiB down, past a reader that stalls: the proxy grows by less than 32 MiB",
        arguments: [false, true]
    )
    func flat(isEncrypted: Bool) async throws {
        let directory = try #require(TemporaryDirectory.current)
        let authority = try CertificateAuthority()
        _ = try authority.write(to: directory)
        let leaf = try authority.issue(["127.0.0.1"])
        try leaf.write(to: directory, "server")
        let security = isEncrypted ? try ClientSecurity(trusting: authority) : nil
        let origin = try await OriginServer.start(
            [
                .await("\r\n\r\n"), .awaitCount(Self.bodyBytes),
                .send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"),
            ],
            [
                .await("\r\n\r\n"),
                .send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: \(Self.bodyBytes)\r\n\r\n"),
                .flood(Self.bodyBytes),
            ],
            [.await("\r\n\r\n"), .stopReading],
            tls: isEncrypted ? try leaf.serverContext() : nil,
            keepsBytes: false
        )
        let deployment = try await self.deployment(origin, isEncrypted: isEncrypted)
        try await deployment.serving { _ in
            let memory = try ProcessMemory(of: deployment)
            let before = try memory.resident()
            try await self.upload(deployment.port, security)
            try await self.download(deployment.port, origin, security)
            try await self.stalledUpload(deployment, origin, security)
            let after = try memory.peak()
            #expect(after - before < Self.growthMax, "from \(before) to \(after) bytes")
        }
        await origin.stop()
    }

    private func upload(_ port: Int, _ security: ClientSecurity?) async throws {
        let client = try await RawClient.connect(port: port, tls: security)
        try await client.send(
            "POST /up HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: \(Self.bodyBytes)\r\n\r\n"
        )
        let piece = ByteBuffer(repeating: 0x78, count: 1 << 20)
        for _ in 0..<(Self.bodyBytes >> 20) { try await client.send(piece) }
        #expect(try await client.readToEnd().hasSuffix("ok"))
        await client.close()
    }

    /// The client does not read until the origin cannot send any more.
    private func download(_ port: Int, _ origin: OriginServer, _ security: ClientSecurity?) async throws {
        let client = try await RawClient.connect(port: port, reads: false, tls: security)
        try await client.send("GET /down HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        try await eventually("stalled") { try await self.isStalled { origin.floodedCounts.last ?? 0 } }
        #expect(origin.floodedCounts.last ?? 0 < Self.bodyBytes / 2, "the client's pace is the origin's")
        try await client.startReading()
        try await client.count(upTo: Self.bodyBytes)
        await client.close()
    }

    /// The origin never reads: the client cannot send any more.
    private func stalledUpload(
        _ deployment: Deployment,
        _ origin: OriginServer,
        _ security: ClientSecurity?
    ) async throws {
        let client = try await RawClient.connect(port: deployment.port, tls: security)
        try await client.send("POST /stalled HTTP/1.1\r\nHost: a\r\nContent-Length: \(Self.bodyBytes)\r\n\r\n")
        let progress = Progress()
        let sending = Task {
            let piece = ByteBuffer(repeating: 0x78, count: 1 << 20)
            for _ in 0..<(Self.bodyBytes >> 20) {
                try await client.send(piece)
                await progress.add(1 << 20)
            }
        }
        try await eventually("stalled") { try await self.isStalled { await progress.count } }
        #expect(await progress.count < Self.bodyBytes / 2, "the origin's pace is the client's")
        await client.close()
        _ = try? await sending.value
    }

    /// Whether a count that has begun to grow stays the same for a while.
    private func isStalled(_ count: () async -> Int) async throws -> Bool {
        let first = await count()
        guard first > 0 else { return false }
        try await Task.sleep(for: .milliseconds(200))
        return await count() == first
    }
}

private actor Progress {
    private(set) var count = 0

    func add(_ bytes: Int) { self.count += bytes }
}
