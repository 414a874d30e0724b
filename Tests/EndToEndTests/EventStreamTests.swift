import Support
import Testing

/// F19: what an upstream says bit by bit arrives bit by bit.
@Suite("Event streams, end to end", .temporaryDirectory, .timeLimit(.minutes(5)))
struct EventStreamTests {
    private static let streams = 512
    private static let events = TestSize.isFull ? 100 : 5

    private func deployment(port: Int, _ timeouts: String) async throws -> Deployment {
        try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            upstreams:
              api: {url: "http://127.0.0.1:\(port)", connections: \(Self.streams), timeouts: {\(timeouts)}}
            routes: [{name: api, match: {prefix: /}, proxy: api, authentication: none}]
            """
        )
    }

    @Test(
        "F19: 512 streams at once: every event arrives whole, in order, and before the one that follows it is sent",
        arguments: ["h1", "h2"]
    )
    func many(version: String) async throws {
        let upstream = try await FreePort.reserve()
        let deployment = try await self.deployment(port: upstream, "connect: 60s, response: 60s")
        try await deployment.serving { _ in
            let outcome = try await LoadScript.run(
                "sse.py",
                "\(deployment.port)",
                "\(upstream)",
                version,
                "\(Self.streams)",
                "\(Self.events)",
                "lockstep"
            )
            let expected = "whole and in order: \(Self.streams) streams of \(Self.events) events"
            #expect(outcome.lines.first == expected, "\(outcome.complaints)")
            print("event streams over \(version): \(outcome.lines.joined(separator: "; "))")
        }
    }

    @Test("F19: streams of every shape pass byte by byte; ends by either side are told to the other as what they are")
    func corpus() async throws {
        let upstream = try await FreePort.reserve()
        let deployment = try await self.deployment(port: upstream, "connect: 60s, response: 60s, idle: 3s")
        try await deployment.serving { _ in
            let outcome = try await LoadScript.run("sse_corpus.py", "\(deployment.port)", "\(upstream)")
            #expect(outcome.lines == Self.expected)
            print(
                "event streams that clients leave:",
                outcome.complaints.split(separator: "\n").joined(separator: "; ")
            )
        }
    }

    private static let expected =
        [
            "line feeds", "carriage returns", "both", "mixed", "comments", "byte order mark", "split byte order mark",
            "split characters", "split line ends", "a byte at a time", "no text", "fields of all kinds", "empty lines",
            "no end of the last event", "a line of 1 MiB", "many in one piece", "nothing at all",
        ].map { $0 + ": as sent, 9 ways" }
        + ["h1", "h2"].flatMap { version in
            [
                "kept alive over \(version): clean 98 bytes", "long poll over \(version): clean b'{}'",
                "client leaves over \(version) by close: the upstream learns of it",
                "client leaves over \(version) by reset: the upstream learns of it",
            ]
        } + ["upstream dies: broken, 21 ways"]
}
