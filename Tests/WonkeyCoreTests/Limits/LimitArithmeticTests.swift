import Testing
import WonkeyCore

@Suite struct LimitArithmeticTests {
    private func check(_ algorithm: LimitAlgorithm, _ limit: Int, windowMs: Int, cost: Int = 1) -> LimitArithmetic {
        let quota = Quota(limit: limit, window: .milliseconds(windowMs))
        return LimitArithmetic(CounterCheck(counter: "c", algorithm: algorithm, quota: quota, cost: cost))
    }

    private func state(_ content: CounterContent?, _ limit: LimitArithmetic, at nowMs: Int) -> CounterState {
        let current = limit.content(content, nowMs: nowMs)
        return limit.state(current, nowMs: nowMs, isRefused: !limit.fits(current, nowMs: nowMs))
    }

    @Test(
        "a fixed window tells what is left and when it ends",
        arguments: [
            (nil, 1, 1_000, 5, 0, 0),
            (FixedWindow(used: 2, startMs: 900), 1, 1_000, 3, 900, 0),
            (FixedWindow(used: 5, startMs: 900), 1, 1_000, 0, 900, 900),
            (FixedWindow(used: 5, startMs: 900), 0, 1_000, 0, 900, 0),
            (FixedWindow(used: 5, startMs: 900), 1, 1_899, 0, 1, 1),
            (FixedWindow(used: 5, startMs: 900), 1, 1_900, 5, 0, 0),
            (FixedWindow(used: 3, startMs: 900), 3, 1_000, 2, 900, 900),
            (FixedWindow(used: 9, startMs: 900), 1, 1_000, 0, 900, 900),
            (FixedWindow(used: 2, startMs: 900), 6, 1_000, 3, 900, 1_000),
            (FixedWindow(used: 2, startMs: 2_000), 1, 1_000, 3, 1_000, 0),
        ] as [(FixedWindow?, Int, Int, Int, Int64, Int64)]
    )
    func fixedWindow(
        _ row: (stored: FixedWindow?, cost: Int, nowMs: Int, remaining: Int, resetMs: Int64, retryAfterMs: Int64)
    ) {
        let limit = self.check(.fixedWindow, 5, windowMs: 1_000, cost: row.cost)
        let expected = CounterState(remaining: row.remaining, resetMs: row.resetMs, retryAfterMs: row.retryAfterMs)
        #expect(self.state(row.stored.map { .fixedWindow($0) }, limit, at: row.nowMs) == expected)
    }

    @Test(
        "a sliding window weighs the previous one by its overlap, rounded up",
        arguments: [
            (nil, 1, 10_000, 10, 0, 0),
            // 10 of the previous window, a quarter gone: ceil(7.5) = 8 count; 7 do from 300 ms on.
            (SlidingWindow(current: 0, previous: 10, startMs: 10_000), 1, 10_250, 2, 50, 0),
            (SlidingWindow(current: 2, previous: 10, startMs: 10_000), 1, 10_250, 0, 50, 50),
            (SlidingWindow(current: 2, previous: 10, startMs: 10_000), 3, 10_250, 0, 50, 250),
            // The window turned meanwhile: current became previous.
            (SlidingWindow(current: 10, previous: 10, startMs: 9_000), 1, 10_000, 0, 100, 100),
            (SlidingWindow(current: 10, previous: 10, startMs: 8_000), 1, 10_000, 10, 0, 0),
            // Everything used in this window: room comes when it is the previous one.
            (SlidingWindow(current: 10, previous: 0, startMs: 10_000), 1, 10_400, 0, 700, 700),
            (SlidingWindow(current: 10, previous: 0, startMs: 10_000), 10, 10_400, 0, 700, 1_600),
            (SlidingWindow(current: 1, previous: 0, startMs: 10_000), 11, 10_400, 9, 1_600, 1_000),
        ] as [(SlidingWindow?, Int, Int, Int, Int64, Int64)]
    )
    func slidingWindow(
        _ row: (stored: SlidingWindow?, cost: Int, nowMs: Int, remaining: Int, resetMs: Int64, retryAfterMs: Int64)
    ) {
        let limit = self.check(.slidingWindow, 10, windowMs: 1_000, cost: row.cost)
        let expected = CounterState(remaining: row.remaining, resetMs: row.resetMs, retryAfterMs: row.retryAfterMs)
        #expect(self.state(row.stored.map { .slidingWindow($0) }, limit, at: row.nowMs) == expected)
    }

    @Test(
        "a token bucket refills evenly and loses no fraction",
        arguments: [
            (nil, 1, 10_000, 3, 0, 0),
            // 3 tokens per 1000 ms: the next after 333 1/3 ms.
            (TokenBucket(tokens: 0, atMs: 10_000), 1, 10_000, 0, 334, 334),
            (TokenBucket(tokens: 0, atMs: 10_000), 1, 10_333, 0, 1, 1),
            (TokenBucket(tokens: 0, atMs: 10_000), 1, 10_334, 1, 333, 0),
            (TokenBucket(tokens: 0, fraction: 999, atMs: 10_000), 1, 10_000, 0, 1, 1),
            (TokenBucket(tokens: 0, atMs: 10_000), 3, 10_000, 0, 334, 1_000),
            (TokenBucket(tokens: 1, atMs: 10_000), 2, 10_000, 1, 334, 334),
            (TokenBucket(tokens: 0, atMs: 10_000), 4, 10_000, 0, 334, 1_000),
            (TokenBucket(tokens: 0, atMs: 10_000), 1, 11_000, 3, 0, 0),
            (TokenBucket(tokens: 9, atMs: 10_000), 1, 10_000, 3, 0, 0),
        ] as [(TokenBucket?, Int, Int, Int, Int64, Int64)]
    )
    func tokenBucket(
        _ row: (stored: TokenBucket?, cost: Int, nowMs: Int, remaining: Int, resetMs: Int64, retryAfterMs: Int64)
    ) {
        let limit = self.check(.tokenBucket, 3, windowMs: 1_000, cost: row.cost)
        let expected = CounterState(remaining: row.remaining, resetMs: row.resetMs, retryAfterMs: row.retryAfterMs)
        #expect(self.state(row.stored.map { .tokenBucket($0) }, limit, at: row.nowMs) == expected)
    }

    @Test("a limit of 0 refuses everything for a window", arguments: LimitAlgorithm.perWindow)
    func zero(_ algorithm: LimitAlgorithm) {
        let limit = self.check(algorithm, 0, windowMs: 500)
        #expect(self.state(nil, limit, at: 10_000) == CounterState(remaining: 0, resetMs: 500, retryAfterMs: 500))
    }

    @Test("retry-after is the first millisecond at which the same cost fits", arguments: LimitAlgorithm.perWindow)
    func retryAfterIsExact(_ algorithm: LimitAlgorithm) {
        var random = SplitMix(seed: 7)
        for _ in 0..<3_000 {
            let quota = (Int.random(in: 1...40, using: &random), Int.random(in: 1...300, using: &random))
            let limit = self.check(
                algorithm,
                quota.0,
                windowMs: quota.1,
                cost: .random(in: 1...quota.0, using: &random)
            )
            var nowMs = 100_000 + Int.random(in: 0...500, using: &random)
            var content = limit.content(nil, nowMs: nowMs)
            var moves = 5
            while limit.fits(content, nowMs: nowMs) {
                content = limit.taking(content)
                // Afterwards time stands still, so that the quota is used up in the end.
                if moves > 0 { nowMs += Int.random(in: 0...quota.1 / 2, using: &random) }
                moves -= 1
                content = limit.content(content, nowMs: nowMs)
            }
            let wait = Int(limit.state(content, nowMs: nowMs, isRefused: true).retryAfterMs)
            let before = limit.content(content, nowMs: nowMs + wait - 1)
            let after = limit.content(content, nowMs: nowMs + wait)
            #expect(wait > 0 && !limit.fits(before, nowMs: nowMs + wait - 1) && limit.fits(after, nowMs: nowMs + wait))
        }
    }

    @Test("reset is the first millisecond with more left", arguments: LimitAlgorithm.perWindow)
    func resetIsExact(_ algorithm: LimitAlgorithm) {
        var random = SplitMix(seed: 11)
        for _ in 0..<2_000 {
            let limit = self.check(
                algorithm,
                .random(in: 2...40, using: &random),
                windowMs: .random(in: 1...300, using: &random)
            )
            var nowMs = 100_000
            var content = limit.content(nil, nowMs: nowMs)
            for _ in 0..<Int.random(in: 1...20, using: &random) where limit.fits(content, nowMs: nowMs) {
                content = limit.taking(content)
                nowMs += Int.random(in: 0...60, using: &random)
                content = limit.content(content, nowMs: nowMs)
            }
            let state = self.state(content, limit, at: nowMs)
            let reset = Int(state.resetMs)
            guard reset > 0 else {
                #expect(state.remaining == limit.limit)
                continue
            }
            #expect(self.state(content, limit, at: nowMs + reset - 1).remaining == state.remaining)
            #expect(self.state(content, limit, at: nowMs + reset).remaining > state.remaining)
        }
    }

    @Test("no window of its length ever sees more than the limit of a fixed window's own", arguments: [3, 7, 60])
    func fixedWindowHolds(_ quota: Int) {
        var random = SplitMix(seed: UInt64(quota))
        let limit = self.check(.fixedWindow, quota, windowMs: 100)
        var content: CounterContent?
        var admitted: [Int: Int] = [:]
        var nowMs = 1_000
        for _ in 0..<5_000 {
            nowMs += Int.random(in: 0...3, using: &random)
            let current = limit.content(content, nowMs: nowMs)
            guard case .fixedWindow(let window) = current, limit.fits(current, nowMs: nowMs) else { continue }
            content = limit.taking(current)
            admitted[window.startMs, default: 0] += 1
        }
        #expect(admitted.values.allSatisfy { $0 <= quota } && admitted.values.contains(quota))
    }

    @Test("the largest limits and windows stay exact")
    func largest() {
        let max = LimitArithmetic.limitMax
        let window = LimitArithmetic.windowMaxMs
        let bucket = self.check(.tokenBucket, max, windowMs: window)
        let empty = TokenBucket(tokens: 0, atMs: 0)
        // 16 tokens a millisecond, without a fraction.
        #expect(
            bucket.content(.tokenBucket(empty), nowMs: window - 1)
                == .tokenBucket(TokenBucket(tokens: max - 16, atMs: window - 1))
        )
        let sliding = self.check(.slidingWindow, max, windowMs: window)
        let full = CounterContent.slidingWindow(SlidingWindow(previous: max - 1, startMs: window))
        #expect(self.state(full, sliding, at: window + 1).remaining == 16)
        #expect(self.check(.fixedWindow, .max, windowMs: .max, cost: .max).cost == max + 1)
    }

    @Test("giving back never leaves more than a fresh counter", arguments: LimitAlgorithm.perWindow)
    func givingBack(_ algorithm: LimitAlgorithm) {
        let one = self.check(algorithm, 5, windowMs: 1_000)
        let many = self.check(algorithm, 5, windowMs: 1_000, cost: 50)
        var content = one.content(nil, nowMs: 10_000)
        for _ in 0..<3 { content = one.taking(content) }
        func remaining(_ content: CounterContent?) -> Int? {
            content.map { one.state($0, nowMs: 10_000, isRefused: false).remaining }
        }
        #expect(remaining(one.givingBack(content, nowMs: 10_000)) == 3)
        #expect(remaining(many.givingBack(content, nowMs: 10_000)) == 5)
        #expect(remaining(one.givingBack(nil, nowMs: 10_000)) == nil)
    }

    @Test("what another algorithm left behind counts as nothing")
    func otherAlgorithm() {
        let stored = CounterContent.fixedWindow(FixedWindow(used: 5, startMs: 10_000))
        #expect(self.state(stored, self.check(.tokenBucket, 5, windowMs: 1_000), at: 10_000).remaining == 5)
        #expect(self.state(stored, self.check(.slidingWindow, 5, windowMs: 1_000), at: 10_000).remaining == 5)
    }
}

/// A small generator whose seed makes a failing run repeatable.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { self.state = seed }

    mutating func next() -> UInt64 {
        self.state &+= 0x9e37_79b9_7f4a_7c15
        var z = self.state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

extension LimitAlgorithm {
    /// Those that count units per window; what a lease takes comes back otherwise (``LeaseTests``).
    static let perWindow: [LimitAlgorithm] = [.fixedWindow, .slidingWindow, .tokenBucket]
}
