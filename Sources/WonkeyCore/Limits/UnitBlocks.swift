/// Units of fixed windows that one event loop took from the counter store ahead of need, so that most requests of a busy
/// counter are admitted without asking it.
///
/// Pure, bounded, one per event loop. What is in a block counts as taken in the store, so that the limit is never
/// exceeded; what is left of one when its window ends, or its process dies, is lost to everybody. That is little: blocks
/// grow with use, from one unit, and never beyond a sixteenth of what the store had left.
struct UnitBlocks {
    fileprivate struct Block {
        var quota: Quota
        /// Units to hand out.
        var left = 0
        /// Units the store had left besides.
        var remaining = 0
        /// The window runs at least until then.
        var endsAtMs: Int
        var takenAtMs: Int
        /// Units asked for last.
        var size = 1
        /// Whether the store is being asked for the next block; who comes meanwhile asks for one unit.
        var isAsking = false
        var isUsed = true
    }

    static let unitsMax = 256
    /// The part of what is left that a block may be.
    static let share = 16
    /// A block should last about that long: one that is used up sooner is followed by a larger one.
    static let usefulMs = 100
    /// A block that lasted longer is followed by a smaller one.
    static let slowMs = 1_000
    /// Units are given back only if their window runs at least that much longer: they must not get into the next one, even
    /// if the store is slow to take them.
    static let marginMs = 10_000

    private let capacity: Int
    private var blocks: [String: Block] = [:]

    /// Begins without a block.
    ///
    /// - Parameter capacity: Counters that may have one; the units of others are taken one by one.
    init(capacity: Int) {
        self.capacity = capacity
    }

    var isEmpty: Bool { self.blocks.isEmpty }

    /// Hands out one unit.
    ///
    /// - Returns: The counter's state, or `nil` if the store has to be asked.
    mutating func take(_ check: CounterCheck, nowMs: Int) -> CounterState? {
        guard let index = self.blocks.index(forKey: check.counter) else { return nil }
        guard self.blocks.values[index].left > 0 else { return nil }
        guard self.blocks.values[index].quota == check.quota, nowMs < self.blocks.values[index].endsAtMs else {
            // Another quota, or another window: these units are nobody's.
            self.blocks.values[index].left = 0
            return nil
        }
        self.blocks.values[index].left -= 1
        self.blocks.values[index].isUsed = true
        return self.blocks.values[index].state(nowMs: nowMs)
    }

    /// Begins to ask the store for a counter whose units are used up.
    ///
    /// - Returns: How many units to ask for, the request's own one included.
    mutating func beginAsking(_ check: CounterCheck, nowMs: Int) -> Int {
        guard let index = self.blocks.index(forKey: check.counter) else { return 1 }
        let block = self.blocks.values[index]
        guard !block.isAsking, block.left == 0, block.quota == check.quota, nowMs < block.endsAtMs else { return 1 }
        let size = block.nextSize(nowMs: nowMs)
        self.blocks.values[index].isAsking = size > 1
        self.blocks.values[index].size = size
        self.blocks.values[index].takenAtMs = nowMs
        return size
    }

    /// Keeps what the store gave besides the request's own unit.
    ///
    /// - Parameters:
    ///   - check: As it was asked, with the cost that was taken.
    ///   - state: The store's answer.
    ///   - askedAtMs: When the question was sent: the window ends no earlier than this plus `resetMs`.
    /// - Returns: The counter's state for the request.
    mutating func taken(_ check: CounterCheck, _ state: CounterState, askedAtMs: Int) -> CounterState {
        let endsAtMs = askedAtMs + Int(state.resetMs)
        var block = self.blocks[check.counter] ?? Block(quota: check.quota, endsAtMs: endsAtMs, takenAtMs: askedAtMs)
        if block.quota != check.quota || block.endsAtMs <= askedAtMs {
            block = Block(quota: check.quota, endsAtMs: endsAtMs, takenAtMs: askedAtMs)
        }
        // Two answers may tell of two windows; the earlier end is safe for both.
        block.endsAtMs = min(block.endsAtMs, endsAtMs)
        block.remaining = state.remaining
        block.isUsed = true
        if check.cost > 1 { block.isAsking = false }
        block.left += check.cost - 1
        guard self.blocks[check.counter] != nil || self.blocks.count < self.capacity else { return state }
        self.blocks[check.counter] = block
        var answer = state
        answer.remaining += block.left
        return answer
    }

    /// The store gave nothing, or nothing was heard of it.
    mutating func notTaken(_ check: CounterCheck) {
        guard check.cost > 1, let index = self.blocks.index(forKey: check.counter) else { return }
        self.blocks.values[index].isAsking = false
        self.blocks.values[index].size = 1
    }

    /// Takes a unit in again that another limit made useless.
    mutating func putBack(_ check: CounterCheck) {
        guard let index = self.blocks.index(forKey: check.counter) else { return }
        self.blocks.values[index].left += 1
    }

    /// Forgets counters that were not used since the last time.
    ///
    /// - Returns: What is left of their blocks, to be given back to the store.
    mutating func sweep(nowMs: Int) -> [CounterCheck] {
        var leftOver: [CounterCheck] = []
        for (counter, block) in self.blocks where !block.isUsed && !block.isAsking {
            self.blocks[counter] = nil
            guard block.left > 0, nowMs + Self.marginMs < block.endsAtMs else { continue }
            leftOver.append(
                CounterCheck(counter: counter, algorithm: .fixedWindow, quota: block.quota, cost: block.left)
            )
        }
        for index in self.blocks.values.indices { self.blocks.values[index].isUsed = false }
        return leftOver
    }
}

extension UnitBlocks.Block {
    fileprivate func state(nowMs: Int) -> CounterState {
        CounterState(remaining: self.remaining + self.left, resetMs: Int64(self.endsAtMs - nowMs), retryAfterMs: 0)
    }

    /// Twice as many as last time if these were gone soon, half as many if they were not.
    fileprivate func nextSize(nowMs: Int) -> Int {
        let lasted = nowMs - self.takenAtMs
        let wanted =
            lasted < UnitBlocks.usefulMs ? self.size * 2 : lasted > UnitBlocks.slowMs ? self.size / 2 : self.size
        return max(1, min(wanted, UnitBlocks.unitsMax, self.remaining / UnitBlocks.share))
    }
}
