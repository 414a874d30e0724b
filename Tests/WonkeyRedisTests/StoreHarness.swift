import Logging
import NIOCore
import NIOPosix
import Support
import Synchronization
import Testing
import WonkeyCore

@testable import WonkeyRedis

/// Counts what the stores report, from any loop.
final class RecordingObserver: CounterStoreObserver {
    struct Counts: Equatable {
        var connected = 0
        var disconnected: [String] = []
        var answered = 0
        var failed: [CounterStoreError.Code] = []
    }

    private let state = Mutex(Counts())

    var counts: Counts { self.state.withLock { $0 } }

    func counterStoreConnected() { self.state.withLock { $0.connected += 1 } }
    func counterStoreDisconnected(reason: String) { self.state.withLock { $0.disconnected.append(reason) } }
    func counterStoreAnswered(after duration: Duration) { self.state.withLock { $0.answered += 1 } }
    func counterStoreFailed(_ code: CounterStoreError.Code) { self.state.withLock { $0.failed.append(code) } }
}

/// A store on an event loop of its own, used from test tasks.
final class StoreHarness: Sendable {
    enum Answer: Equatable, Sendable {
        case decision(CounterDecision)
        case failed(CounterStoreError.Code)
    }

    let observer: RecordingObserver
    let eventLoop: any EventLoop
    let store: NIOLoopBound<RedisCounterStore>

    /// Makes and starts a store.
    ///
    /// - Returns: The harness and whether the first connection was ready.
    static func start(_ settings: RedisSettings) async throws -> (harness: StoreHarness, isReady: Bool) {
        let eventLoop = MultiThreadedEventLoopGroup.singleton.next()
        let promise = eventLoop.makePromise(of: Bool.self)
        let observer = RecordingObserver()
        let store = try await eventLoop.submit {
            let store = try RedisCounterStore(
                eventLoop: eventLoop,
                settings: settings,
                logger: Logger(label: "test"),
                observer: observer
            )
            store.start { promise.succeed($0) }
            return NIOLoopBound(store, eventLoop: eventLoop)
        }.get()
        let harness = StoreHarness(eventLoop: eventLoop, store: store, observer: observer)
        return (harness, try await promise.futureResult.get())
    }

    private init(eventLoop: any EventLoop, store: NIOLoopBound<RedisCounterStore>, observer: RecordingObserver) {
        self.eventLoop = eventLoop
        self.store = store
        self.observer = observer
    }

    func take(_ checks: [CounterCheck]) async throws -> Answer {
        let promise = self.eventLoop.makePromise(of: Answer.self)
        self.eventLoop.execute {
            self.store.value.take(checks) { promise.succeed(Self.answer($0)) }
        }
        return try await promise.futureResult.get()
    }

    /// Asks many times in one tick.
    func take(_ checks: [CounterCheck], times: Int) async throws -> [Answer] {
        let promise = self.eventLoop.makePromise(of: [Answer].self)
        self.eventLoop.execute {
            var answers: [Answer] = []
            for _ in 0..<times {
                self.store.value.take(checks) {
                    answers.append(Self.answer($0))
                    if answers.count == times { promise.succeed(answers) }
                }
            }
        }
        return try await promise.futureResult.get()
    }

    func giveBack(_ checks: [CounterCheck]) async throws {
        try await self.eventLoop.submit { self.store.value.giveBack(checks) }.get()
    }

    func stop() async throws {
        try await self.eventLoop.submit { self.store.value.stop() }.get()
    }

    func isReady() async throws -> Bool {
        try await self.eventLoop.submit { self.store.value.isReady }.get()
    }

    /// Polls, bounded, until the store has connected again.
    func waitUntilReady() async throws {
        let deadline = ContinuousClock.now + .seconds(20)
        while try await !self.isReady() {
            try #require(ContinuousClock.now < deadline, "the store did not come back")
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private static func answer(_ result: Result<CounterDecision, CounterStoreError>) -> Answer {
        switch result {
        case .success(let decision): .decision(decision)
        case .failure(let error): .failed(error.code)
        }
    }
}

extension StoreHarness.Answer {
    var isAdmitted: Bool {
        guard case .decision(.admitted) = self else { return false }
        return true
    }
}

extension RedisSettings {
    /// The server of the running test, with time enough for a busy machine.
    static func current(timeout: Duration = .seconds(10)) throws -> RedisSettings {
        var settings = try RedisSettings(url: try #require(RedisServer.current).url)
        settings.timeout = timeout
        settings.connectTimeout = .seconds(10)
        return settings
    }
}

extension CounterCheck {
    static func test(
        _ name: String,
        _ algorithm: LimitAlgorithm = .fixedWindow,
        limit: Int,
        cost: Int = 1
    ) -> CounterCheck {
        // So long that no token comes back and no window ends while a test runs.
        let quota = Quota(limit: limit, window: .seconds(7 * 86_400))
        return CounterCheck(counter: "wk:{p}:\(name)", algorithm: algorithm, quota: quota, cost: cost)
    }
}

extension LimitAlgorithm {
    /// Those that count units per window; what a lease takes comes back otherwise (``RedisLeaseTests``).
    static let perWindow: [LimitAlgorithm] = [.fixedWindow, .slidingWindow, .tokenBucket]
}
