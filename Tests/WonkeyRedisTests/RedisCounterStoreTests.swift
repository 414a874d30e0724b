import Support
import Testing
import WonkeyCore

@testable import WonkeyRedis

/// The store against a real Redis.
@Suite struct RedisCounterStoreTests {
    @Test("four stores on one Redis admit exactly the limit", .redis, arguments: LimitAlgorithm.perWindow)
    func exact(_ algorithm: LimitAlgorithm) async throws {
        let settings = try RedisSettings.current(timeout: .seconds(60))
        let checks = [CounterCheck.test("narrow", algorithm, limit: 1_000), .test("wide", limit: 100_000)]
        let admitted = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let (harness, isReady) = try await StoreHarness.start(settings)
                    #expect(isReady)
                    var admitted = 0
                    for _ in 0..<8 { admitted += try await harness.take(checks, times: 64).count(where: \.isAdmitted) }
                    #expect(harness.observer.counts.answered == 512)
                    try await harness.stop()
                    return admitted
                }
            }
            return try await group.reduce(0, +)
        }
        #expect(admitted == 1_000)
        let wide = try await RedisServer.current?.command("GET", "wk:{p}:wide:f604800000")
        #expect(wide == "1000")
    }

    @Test("a refused request takes from none of its limits, and a cost of 0 takes nothing", .redis)
    func allOrNothing() async throws {
        let (harness, _) = try await StoreHarness.start(.current())
        let wide = CounterCheck.test("wide", .tokenBucket, limit: 10)
        let narrow = CounterCheck.test("narrow", .slidingWindow, limit: 1)
        #expect(try await harness.take([wide, narrow]).isAdmitted)
        let ask = [CounterCheck.test("wide", .tokenBucket, limit: 10, cost: 0)]
        let before = try await harness.take(ask)
        for _ in 0..<5 { #expect(try await !harness.take([wide, narrow]).isAdmitted) }
        guard case .decision(.admitted(let states)) = before,
            case .decision(.admitted(let after)) = try await harness.take(ask)
        else {
            Issue.record("asking was not admitted")
            return
        }
        #expect(states.map(\.remaining) == [9])
        #expect(after.map(\.remaining) == [9])
        try await harness.stop()
    }

    @Test("what was given back can be taken again", .redis, arguments: LimitAlgorithm.perWindow)
    func giveBack(_ algorithm: LimitAlgorithm) async throws {
        let (harness, _) = try await StoreHarness.start(.current())
        let all = CounterCheck.test("c", algorithm, limit: 3, cost: 3)
        let one = CounterCheck.test("c", algorithm, limit: 3)
        #expect(try await harness.take([all]).isAdmitted)
        try await harness.giveBack([one])
        try await harness.giveBack([.test("unknown", algorithm, limit: 3)])
        #expect(try await harness.take([one]).isAdmitted)
        #expect(try await !harness.take([one]).isAdmitted)
        try await harness.stop()
    }

    @Test("scripts that Redis has forgotten are sent again, and nothing is counted twice", .redis)
    func unknownScripts() async throws {
        let server = try #require(RedisServer.current)
        let (harness, _) = try await StoreHarness.start(.current())
        var check = CounterCheck.test("c", limit: 100)
        check.isReturnable = true
        try await server.command("SCRIPT", "FLUSH")
        #expect(try await harness.take([check], times: 50).allSatisfy(\.isAdmitted))
        try await server.command("SCRIPT", "FLUSH")
        try await harness.giveBack([.test("c", limit: 100, cost: 10)])
        #expect(try await harness.take([check], times: 61).count(where: \.isAdmitted) == 60)
        #expect(harness.observer.counts.disconnected == [])
        try await harness.stop()
    }

    @Test("a password is needed where Redis asks for one", .redis(.init(password: "geheim#1")))
    func authentication() async throws {
        let server = try #require(RedisServer.current)
        var settings = try RedisSettings.current()
        settings.password = "geheim#1"
        let (harness, isReady) = try await StoreHarness.start(settings)
        #expect(isReady)
        #expect(try await harness.take([.test("c", limit: 1)]).isAdmitted)
        try await harness.stop()

        try await server.command("ACL", "SETUSER", "wonkey", "on", ">other", "~wk:*", "+@all")
        settings.username = "wonkey"
        settings.password = "other"
        let (named, isNamedReady) = try await StoreHarness.start(settings)
        #expect(isNamedReady)
        try await named.stop()

        for (username, password) in [("wonkey", "wrong"), (nil, "wrong"), (nil, nil)] as [(String?, String?)] {
            settings.username = username
            settings.password = password
            let (refused, isReady) = try await StoreHarness.start(settings)
            #expect(!isReady)
            #expect(try await refused.take([.test("c", limit: 1)]) == .failed(.unavailable))
            try await refused.stop()
        }
    }

    @Test("counters are kept in the database of the URL", .redis)
    func database() async throws {
        let server = try #require(RedisServer.current)
        var settings = try RedisSettings.current()
        settings.database = 3
        let (harness, _) = try await StoreHarness.start(settings)
        _ = try await harness.take([.test("c", limit: 5)])
        #expect(try await server.command("-n", "3", "DBSIZE") == "1")
        #expect(try await server.command("-n", "0", "DBSIZE") == "0")
        try await harness.stop()
    }

    @Test("a Unix socket serves as well", .redis)
    func unixSocket() async throws {
        var settings = try RedisSettings(url: "unix:\(try #require(RedisServer.current).socketPath)")
        settings.timeout = .seconds(10)
        settings.connectTimeout = .seconds(10)
        let (harness, isReady) = try await StoreHarness.start(settings)
        #expect(isReady)
        #expect(try await harness.take([.test("c", limit: 1)]).isAdmitted)
        try await harness.stop()
    }

    @Test(
        "TLS is verified by name or address against the given authority",
        .redis(.init(tls: true)),
        arguments: ["localhost", "127.0.0.1"]
    )
    func tls(_ host: String) async throws {
        let server = try #require(RedisServer.current)
        var settings = try RedisSettings(url: "rediss://\(host):\(server.tlsPort)")
        settings.timeout = .seconds(10)
        settings.connectTimeout = .seconds(10)
        let (unknown, isTrusted) = try await StoreHarness.start(settings)
        #expect(!isTrusted, "a certificate of nobody's must not be trusted")
        try await unknown.stop()
        settings.certificateAuthorityFile = server.certificateFile
        let (harness, isReady) = try await StoreHarness.start(settings)
        #expect(isReady)
        #expect(try await harness.take([.test("c", limit: 100)], times: 100).allSatisfy(\.isAdmitted))
        try await harness.stop()
    }

    @Test("calls beyond the bound are refused at once and the others answered", .redis)
    func bound() async throws {
        var settings = try RedisSettings.current()
        settings.callsMax = 10
        let (harness, _) = try await StoreHarness.start(settings)
        let answers = try await harness.take([.test("c", limit: 100)], times: 15)
        #expect(answers.prefix(5).allSatisfy { $0 == .failed(.unavailable) })
        #expect(answers.dropFirst(5).allSatisfy { $0.isAdmitted })
        try await harness.stop()
    }

    @Test("a stopped store fails calls at once", .redis)
    func stop() async throws {
        let (harness, _) = try await StoreHarness.start(.current())
        try await harness.stop()
        #expect(try await harness.take([.test("c", limit: 1)]) == .failed(.unavailable))
    }
}
