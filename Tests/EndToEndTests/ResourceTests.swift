import Foundation
import Support
import Testing

/// What many and large things cost a proxy.
@Suite("Memory under load, end to end", .temporaryDirectory, .timeLimit(.minutes(5)))
struct ResourceTests {
    private static let streams = 16
    private static let bodyBytes = TestSize.isFull ? 1 << 30 : 16 << 20
    private static let idle = TestSize.isFull ? 10_000 : 3_000
    private static let warmUp = 500

    /// What a proxy may hold of one body on its way: what waits to be written, and what was read last.
    private static let bufferBytes = (128 + 64) << 10
    /// Of an idle connection: its handlers, and 1 KiB for the next answer's head.
    private static let idleBytesMax = 16 << 10

    private func deployment(port: Int, _ server: String) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            server: {\(server)}
            upstreams: {api: {url: "http://127.0.0.1:\(port)", timeouts: {connect: 60s, response: 60s}}}
            routes: [{name: api, match: {prefix: /}, proxy: api, authentication: none}]
            """
        )
    }

    @Test(
        "bodies both ways on 16 requests at once arrive as they were sent, in memory that their buffers bound",
        arguments: ["h1", "h2"]
    )
    func bodies(version: String) async throws {
        let upstream = try await FreePort.reserve()
        let deployment = try await self.deployment(port: upstream, "body_limit: none")
        try await deployment.serving { _ in
            let memory = try ProcessMemory(of: deployment)
            let before = try memory.resident()
            let outcome = try await LoadScript.run(
                "bulk.py",
                "\(deployment.port)",
                "\(upstream)",
                version,
                "\(Self.streams)",
                "\(Self.bodyBytes)"
            )
            #expect(outcome.lines.first == "right: \(Self.streams) of \(Self.streams)", "\(outcome.complaints)")
            let grown = try memory.peak() - before
            // Both ways, and as much again for what the allocator keeps of it.
            let bound = Self.streams * 2 * Self.bufferBytes * 2 + (16 << 20)
            #expect(grown < bound, "\(grown) bytes")
            print(
                "bodies over \(version): \(Self.streams) of \(Self.bodyBytes >> 20) MiB each way,",
                "\(outcome.lines.last ?? ""), grown by \(grown >> 10) KiB, bound \(bound >> 10) KiB"
            )
        }
    }

    @Test("idle connections cost little each, honest clients are served beside them, and keep_alive ends them all")
    func idleConnections() async throws {
        let upstream = try await FreePort.reserve()
        let deployment = try await self.deployment(
            port: upstream,
            "connections: \(Self.idle + 100), connections_per_address: none, timeouts: {keep_alive: 25s}"
        )
        // The proxy's own file and the upstream's connections come on top.
        let room = try Self.openFilesMax() - 400
        let count = min(Self.idle, room)
        if count < Self.idle { print("idle connections: only \(count), as no more files may be open") }
        try await deployment.serving { _ in
            let memory = try ProcessMemory(of: deployment)
            let arguments = ["\(deployment.port)", "\(upstream)", "\(Self.warmUp)", "\(count)"]
            _ = try await TestVenv.program("python").run(
                [TestVenv.script("idle.py")] + arguments,
                within: .seconds(110)
            ) { program in
                #expect(try await program.nextLine() == "warm")
                let before = try memory.resident()
                #expect(try await program.nextLine() == "idle \(count)")
                let each = (try memory.resident() - before) / (count - Self.warmUp)
                #expect(each < Self.idleBytesMax)
                let open = try await deployment.metric("wonkey_http_connections")
                #expect(open == Double(count))
                let honest = try await withTestClient(port: deployment.port) { try await $0.send("GET", "/") }
                #expect(honest.status == 200)
                print("idle connections: \(count), \(each) bytes of memory each")
                #expect(try await program.nextLine() == "closed \(count)")
            }
            try await eventually("closed") { try await deployment.metric("wonkey_http_connections") == 0 }
        }
    }

    /// How many files a process may have open after it has asked for all it can get.
    private static func openFilesMax() throws -> Int {
        let limits = try String(contentsOfFile: "/proc/self/limits", encoding: .utf8)
        let line = limits.split(separator: "\n").first { $0.hasPrefix("Max open files") }
        let words = try #require(line).split(whereSeparator: \.isWhitespace)
        return Int(words[4]) ?? .max
    }
}
