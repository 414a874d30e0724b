import Testing

@testable import WonkeyCore

@Suite("Units taken ahead of need")
struct UnitBlocksTests {
    private static let quota = Quota(limit: 100_000, window: .seconds(60))

    private static func check(_ cost: Int = 1, quota: Quota = Self.quota) -> CounterCheck {
        CounterCheck(counter: "c", algorithm: .fixedWindow, quota: quota, cost: cost, takesBlocks: true)
    }

    private static func state(_ remaining: Int, resetMs: Int64 = 60_000) -> CounterState {
        CounterState(remaining: remaining, resetMs: resetMs, retryAfterMs: 0)
    }

    /// Uses units up and asks for more, at the given times.
    ///
    /// - Returns: How many were asked for each time.
    private func asks(at times: [Int], remaining: Int) -> [Int] {
        var blocks = UnitBlocks(capacity: 1)
        return times.map { now in
            while blocks.take(Self.check(), nowMs: now) != nil {}
            let size = blocks.beginAsking(Self.check(), nowMs: now)
            _ = blocks.taken(Self.check(size), Self.state(remaining), askedAtMs: now)
            return size
        }
    }

    @Test(
        "blocks grow while they are used up soon, shrink while they last, and are a sixteenth of what is left at most",
        arguments: [
            ([0, 10, 20, 30, 40], 100_000, [1, 2, 4, 8, 16]),
            ([0, 10, 20, 500, 900], 100_000, [1, 2, 4, 4, 4]),
            ([0, 10, 20, 2_000, 4_000, 4_010], 100_000, [1, 2, 4, 2, 1, 2]),
            (Array(0..<12), 100_000, [1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256, 256]),
            (Array(0..<6), 80, [1, 2, 4, 5, 5, 5]),
            (Array(0..<4), 31, [1, 1, 1, 1]),
            (Array(0..<3), 0, [1, 1, 1]),
        ] as [([Int], Int, [Int])]
    )
    func sizes(times: [Int], remaining: Int, expected: [Int]) {
        #expect(self.asks(at: times, remaining: remaining) == expected)
    }

    @Test("a block is handed out unit by unit, with what the store had left besides")
    func handingOut() {
        var blocks = UnitBlocks(capacity: 1)
        #expect(blocks.take(Self.check(), nowMs: 0) == nil)
        #expect(blocks.taken(Self.check(), Self.state(99), askedAtMs: 0) == Self.state(99))
        #expect(blocks.beginAsking(Self.check(), nowMs: 10) == 2)
        // Who comes meanwhile asks for one.
        #expect(blocks.beginAsking(Self.check(), nowMs: 10) == 1)
        #expect(blocks.taken(Self.check(2), Self.state(96), askedAtMs: 10) == Self.state(97))
        #expect(blocks.taken(Self.check(), Self.state(95), askedAtMs: 10) == Self.state(96))
        #expect(blocks.take(Self.check(), nowMs: 20) == Self.state(95, resetMs: 59_980))
        #expect(blocks.take(Self.check(), nowMs: 20) == nil)
        blocks.putBack(Self.check())
        #expect(blocks.take(Self.check(), nowMs: 20) == Self.state(95, resetMs: 59_980))
    }

    @Test("units of a window that may be over, or of another quota, are handed out to nobody")
    func ends() {
        for (now, quota, isUsed) in [
            (9_999, Self.quota, true), (10_000, Self.quota, false),
            (0, Quota(limit: 10, window: .seconds(60)), false),
        ] {
            var blocks = UnitBlocks(capacity: 1)
            _ = blocks.taken(Self.check(4), Self.state(90, resetMs: 10_000), askedAtMs: 0)
            #expect((blocks.take(Self.check(quota: quota), nowMs: now) != nil) == isUsed)
            #expect((blocks.take(Self.check(), nowMs: 0) != nil) == isUsed)
        }
    }

    @Test("a refused block is followed by single units")
    func refused() {
        var blocks = UnitBlocks(capacity: 1)
        _ = blocks.taken(Self.check(), Self.state(99), askedAtMs: 0)
        let size = blocks.beginAsking(Self.check(), nowMs: 1)
        blocks.notTaken(Self.check(size))
        #expect([size, blocks.beginAsking(Self.check(), nowMs: 2)] == [2, 2])
    }

    @Test("what nobody uses is given back while its window certainly runs, and forgotten; there are never too many")
    func sweeping() {
        var blocks = UnitBlocks(capacity: 1)
        _ = blocks.taken(Self.check(4), Self.state(90, resetMs: 20_000), askedAtMs: 0)
        var other = Self.check(4)
        other.counter = "other"
        #expect(blocks.taken(other, Self.state(90), askedAtMs: 0) == Self.state(90))
        #expect(blocks.take(other, nowMs: 0) == nil)
        #expect(blocks.sweep(nowMs: 1_000) == [])
        #expect(blocks.take(Self.check(), nowMs: 1_500) != nil)
        #expect(blocks.sweep(nowMs: 2_000) == [])
        var left = Self.check(2)
        left.takesBlocks = false
        #expect(blocks.sweep(nowMs: 3_000) == [left])
        #expect(blocks.isEmpty)
        _ = blocks.taken(Self.check(4), Self.state(90, resetMs: 20_000), askedAtMs: 0)
        _ = blocks.sweep(nowMs: 1_000)
        #expect(blocks.sweep(nowMs: 10_000) == [])
        #expect(blocks.isEmpty)
    }
}
