import Logging
import Synchronization
import Testing
import WonkeyCore
import WonkeyGateway

@Suite("Change watcher")
struct ChangeWatcherTests {
    /// Plays a list of answers, then waits for the end of the test.
    private final class FakeFeed: ChangeFeed {
        enum Step: Sendable { case latest(Int64), changes([Change]), away }

        let steps: Mutex<[Step]>
        let asked = Mutex<[String]>([])
        let drained: AsyncStream<Void>
        private let drainedEntrance: AsyncStream<Void>.Continuation

        init(_ steps: [Step]) {
            self.steps = Mutex(steps)
            (self.drained, self.drainedEntrance) = AsyncStream.makeStream()
        }

        private func next(_ question: String) async throws(StoreError) -> Step {
            self.asked.withLock { $0.append(question) }
            if let step = self.steps.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) { return step }
            self.drainedEntrance.finish()
            do { try await Task.sleep(for: .seconds(3_600)) } catch {}
            throw StoreError(code: .unavailable, message: "the test is over")
        }

        func latest() async throws(StoreError) -> Int64 {
            switch try await self.next("latest") {
            case .latest(let sequence): return sequence
            case .changes, .away: throw StoreError(code: .unavailable, message: "away")
            }
        }

        func changes(after sequence: Int64) async throws(StoreError) -> [Change] {
            switch try await self.next("after \(sequence)") {
            case .changes(let changes): return changes
            case .latest, .away: throw StoreError(code: .unavailable, message: "away")
            }
        }
    }

    private let hash = KeyHash(of: Array("a".utf8))

    private func watch(
        _ steps: [FakeFeed.Step],
        uptime: @escaping @Sendable () -> Int64 = { 0 }
    ) async -> ([String], Bool) {
        let cache = KeyCache(KeyCache.Settings(capacity: 10, stalenessMax: .seconds(60)), shards: 1)
        let feed = FakeFeed(steps)
        let watcher = ChangeWatcher(
            cache: cache,
            feed: feed,
            stalenessMax: .seconds(60),
            uptimeMs: uptime,
            pause: {},
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let running = Task { await watcher.run() }
        for await _ in feed.drained {}
        let isConnected = watcher.isConnected
        running.cancel()
        await running.value
        return (feed.asked.withLock(\.self), isConnected)
    }

    private func change(_ sequence: Int64) -> Change {
        Change(sequence: sequence, kind: .key, projectID: ProjectID(rawValue: "proj_a"), keyHash: self.hash)
    }

    @Test("it starts from the newest change and asks on from the last one it saw")
    func follows() async {
        let (asked, isConnected) = await self.watch([
            .latest(7), .changes([]), .changes([self.change(8), self.change(9)]), .changes([]),
        ])
        #expect(asked == ["latest", "after 7", "after 7", "after 9", "after 9"])
        #expect(isConnected)
    }

    @Test("after a short silence it goes on where it was")
    func shortSilence() async {
        let (asked, isConnected) = await self.watch([.away, .latest(7), .away, .changes([self.change(8)]), .away])
        #expect(asked == ["latest", "latest", "after 7", "after 7", "after 8", "after 8"])
        #expect(!isConnected)
    }

    @Test("after a silence longer than entries may serve it starts over with an empty cache")
    func longSilence() async {
        let asks = Atomic<Int>(0)
        let (asked, _) = await self.watch([.latest(7), .changes([]), .away, .latest(20)]) {
            // Confirmed at 0; from the look after the failure on, 61 s have passed.
            asks.add(1, ordering: .relaxed).newValue <= 5 ? 0 : 61_000
        }
        #expect(asked == ["latest", "after 7", "after 7", "latest", "after 20"])
    }

    @Test("a change forgets the key it names")
    func applies() async {
        let cache = KeyCache(KeyCache.Settings(capacity: 10, stalenessMax: .seconds(60)), shards: 1)
        _ = cache.resolve(self.hash, now: 0) { _ in }
        _ = cache.finish(self.hash, with: .unknown, now: 0)
        let feed = FakeFeed([.latest(0)])
        let watcher = ChangeWatcher(
            cache: cache,
            feed: feed,
            stalenessMax: .seconds(60),
            uptimeMs: { 0 },
            pause: {},
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        )
        let running = Task { await watcher.run() }
        for await _ in feed.drained {}
        running.cancel()
        await running.value
        #expect(cache.cached(self.hash, now: 0) == nil)
    }
}
