import NIOPosix
import Support
import Testing
import WonkeyConfig
import WonkeyCore

@testable import wonkey_admin

@Suite("Counters of the management service on Redis")
struct RedisCounterServiceTests {
    /// Runs `body` with services of their own connection each, as processes have it.
    private static func withServices(
        _ count: Int,
        at url: String,
        _ body: ([RedisCounterService]) async throws -> Void
    ) async throws {
        let counters = try Configuration.wired(counters: url).counters
        var services: [RedisCounterService] = []
        for _ in 0..<count {
            let loop = MultiThreadedEventLoopGroup.singleton.next()
            services.append(try #require(try await RedisCounterService.start(counters, on: loop)))
        }
        let result: Result<Void, any Error>
        do { result = .success(try await body(services)) } catch { result = .failure(error) }
        for service in services { await service.stop() }
        try result.get()
    }

    private static func check(limit: Int) -> CounterCheck {
        CounterCheck(
            counter: "wk:{sign-in}:login:u:alice",
            algorithm: .slidingWindow,
            quota: Quota(limit: limit, window: .seconds(3_600)),
            isReturnable: true
        )
    }

    private static func isAdmitted(by service: RedisCounterService, limit: Int = 3) async throws -> Bool {
        switch try await service.take([Self.check(limit: limit)]) {
        case .admitted: true
        case .refused: false
        }
    }

    @Test("processes count together, and what one gives back another may take", .redis)
    func shared() async throws {
        let server = try #require(RedisServer.current)
        try await Self.withServices(2, at: server.url) { services in
            var admitted: [Bool] = []
            for index in [0, 1, 0, 0, 1] { admitted.append(try await Self.isAdmitted(by: services[index])) }
            #expect(admitted == [true, true, true, false, false])
            await services[0].giveBack([Self.check(limit: 3)])
            // Behind it on the same connection, so that it has been given back.
            let again = [try await Self.isAdmitted(by: services[0]), try await Self.isAdmitted(by: services[1])]
            #expect(again == [true, false])
        }
    }

    @Test("the password and the database of the URL are used", .redis(.init(password: "open sesame")))
    func password() async throws {
        let server = try #require(RedisServer.current)
        try await Self.withServices(1, at: "redis://:open%20sesame@127.0.0.1:\(server.port)/3") { services in
            let isAdmitted = try await Self.isAdmitted(by: services[0])
            #expect(isAdmitted)
        }
        #expect(try await server.command("-n", "3", "DBSIZE") == "1")
        #expect(try await server.command("-n", "0", "DBSIZE") == "0")
    }

    @Test("while Redis is away a call fails instead of waiting; it works again when Redis is back", .redis)
    func away() async throws {
        let server = try #require(RedisServer.current)
        try await Self.withServices(1, at: server.url) { services in
            #expect(try await Self.isAdmitted(by: services[0]))
            await server.kill()
            for _ in 0..<2 {
                let error = await #expect(throws: CounterStoreError.self) {
                    _ = try await services[0].take([Self.check(limit: 3)])
                }
                #expect(error?.code == .unavailable)
            }
            await services[0].giveBack([Self.check(limit: 3)])
            try await server.start()
            try await poll("counting again") { try await Self.isAdmitted(by: services[0]) }
        }
    }

    @Test("nothing is started where the counters are in memory")
    func memory() async throws {
        let counters = try Configuration.wired(counters: "memory:").counters
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        #expect(try await RedisCounterService.start(counters, on: loop) == nil)
    }
}
