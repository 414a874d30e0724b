import NIOCore
import NIOPosix
import Support
import Synchronization
import Testing
import WonkeyCore

@testable import WonkeyRedis

/// What callers see while Redis is dead, silent or mad.
@Suite struct RedisOutageTests {
    private static let check = CounterCheck.test("c", limit: 1_000_000)
    /// Takes a script, since it takes two units.
    private static let scripted = CounterCheck.test("s", limit: 1_000_000, cost: 2)

    @Test("a Redis that falls silent costs one timeout, then nothing, until it answers again", .redis)
    func pause() async throws {
        let server = try #require(RedisServer.current)
        let (harness, _) = try await StoreHarness.start(.current(timeout: .milliseconds(200)))
        try await server.pause()
        // The whole tick shares one deadline and one connection. The greeting's ten seconds are not the calls'.
        let askedAt = ContinuousClock.now
        let answers = try await harness.take([Self.check], times: 100)
        #expect(ContinuousClock.now - askedAt < .seconds(5))
        #expect(answers.allSatisfy { $0 == .failed(.timedOut) })
        // From here on nobody waits: the connection is gone, and a new one is not ready before it has answered.
        for _ in 0..<100 { #expect(try await harness.take([Self.check]) == .failed(.unavailable)) }
        #expect(harness.observer.counts.disconnected == ["no answer in time"])
        try await server.resume()
        try await harness.waitUntilReady()
        #expect(try await harness.take([Self.check]).isAdmitted)
        try await harness.stop()
    }

    @Test("when Redis is killed under load every call is answered, and the store comes back by itself", .redis)
    func kill() async throws {
        let server = try #require(RedisServer.current)
        let settings = try RedisSettings.current(timeout: .seconds(5))
        let isOver = Flag()
        try await withThrowingTaskGroup(of: Int.self) { group in
            let (harness, _) = try await StoreHarness.start(settings)
            for _ in 0..<8 {
                group.addTask {
                    var admitted = 0
                    while !isOver.isSet {
                        for answer in try await harness.take([Self.check], times: 16) {
                            switch answer {
                            case .decision(.admitted): admitted += 1
                            case .failed(.unavailable): break
                            case .decision(.refused), .failed(.timedOut), .failed(.malformedReply):
                                Issue.record("unexpected: \(answer)")
                            }
                        }
                    }
                    return admitted
                }
            }
            while harness.observer.counts.answered < 500 { try await Task.sleep(for: .milliseconds(2)) }
            await server.kill()
            let failed = harness.observer.counts.failed.count
            while harness.observer.counts.failed.count < failed + 100 { try await Task.sleep(for: .milliseconds(2)) }
            let answered = harness.observer.counts.answered
            try await server.start()
            try await harness.waitUntilReady()
            while harness.observer.counts.answered < answered + 100 { try await Task.sleep(for: .milliseconds(2)) }
            isOver.set()
            let admitted = try await group.reduce(0, +)
            #expect(admitted == harness.observer.counts.answered)
            #expect(harness.observer.counts.connected == 2)
            #expect(harness.observer.counts.disconnected.count == 1)
            try await harness.stop()
        }
    }

    @Test("a server that drips its answers byte by byte is understood")
    func dripping() async throws {
        try await withFakeRedis(.drip) { settings in
            let (harness, isReady) = try await StoreHarness.start(settings)
            #expect(isReady)
            for check in [Self.check, Self.scripted] {
                let state = CounterState(remaining: 7, resetMs: 60_000, retryAfterMs: 0)
                let answers = try await harness.take([check], times: 3)
                #expect(answers == Array(repeating: .decision(.admitted([state])), count: 3))
            }
            try await harness.stop()
        }
    }

    @Test(
        "an answer that is no decision is a malformed reply, for this call and those behind it",
        arguments: [
            "HTTP/1.1 200 OK\r\n\r\n", ":1\r\n", "$-1\r\n", "*0\r\n", "*4\r\n:1\r\n:1\r\n:1\r\n$1\r\n1\r\n",
            "*4\r\n:2\r\n:1\r\n:1\r\n:1\r\n", "*4\r\n:0\r\n:1\r\n:1\r\n:0\r\n", "*4\r\n:1\r\n:-1\r\n:1\r\n:1\r\n",
            "*2147483647\r\n",
        ]
    )
    func garbage(_ answer: String) async throws {
        try await self.expectNothing(from: answer, to: Self.scripted)
    }

    @Test(
        "nor is an answer that is no count",
        arguments: ["HTTP/1.1 200 OK\r\n\r\n", ":0\r\n", ":-1\r\n", "$-1\r\n", "*0\r\n", "*2147483647\r\n"]
    )
    func noCount(_ answer: String) async throws {
        try await self.expectNothing(from: answer, to: Self.check)
    }

    private func expectNothing(from answer: String, to check: CounterCheck) async throws {
        try await withFakeRedis(.answer(answer)) { settings in
            let (harness, isReady) = try await StoreHarness.start(settings)
            #expect(isReady)
            let answers = try await harness.take([check], times: 3)
            #expect(answers == Array(repeating: .failed(.malformedReply), count: 3))
            #expect(harness.observer.counts.disconnected.count == 1)
            try await harness.stop()
        }
    }

    @Test(
        "an error of Redis means that nothing was taken",
        arguments: ["-OOM command not allowed\r\n", "-BUSY script\r\n", "-READONLY replica\r\n", "-NOSCRIPT none\r\n"]
    )
    func errors(_ answer: String) async throws {
        try await withFakeRedis(.answer(answer)) { settings in
            let (harness, _) = try await StoreHarness.start(settings)
            #expect(try await harness.take([Self.check]) == .failed(.unavailable))
            #expect(try await harness.take([Self.scripted]) == .failed(.unavailable))
            try await harness.stop()
        }
    }

    @Test("a connection is not ready before every part of the greeting is answered")
    func silentGreeting() async throws {
        try await withFakeRedis(.silent) { settings in
            var settings = settings
            settings.connectTimeout = .milliseconds(50)
            let (harness, isReady) = try await StoreHarness.start(settings)
            #expect(!isReady)
            #expect(try await harness.take([Self.check]) == .failed(.unavailable))
            try await harness.stop()
        }
    }

    @Test("nobody listening is found out, and the store keeps trying until it is stopped")
    func nobody() async throws {
        var settings = try RedisSettings(url: "unix:/nonexistent/redis.sock")
        settings.timeout = .seconds(1)
        let (harness, isReady) = try await StoreHarness.start(settings)
        #expect(!isReady)
        try await harness.stop()
        #expect(try await !harness.isReady())
    }
}

/// Tells tasks to come to an end.
private final class Flag: Sendable {
    private let state = Mutex(false)

    var isSet: Bool { self.state.withLock { $0 } }

    func set() { self.state.withLock { $0 = true } }
}
