/// Decides who gets which connection.
///
/// Pure: connections are numbers, those who wait are ids. ``PostgresPool`` carries out what it returns.
struct PoolStateMachine {
    enum BorrowAction: Equatable {
        case use(slot: Int)
        case wait
        /// So many wait already that there is no hope.
        case refuse
    }

    enum ReturnAction: Equatable {
        case keep
        case hand(slot: Int, waiter: UInt64)
    }

    private let waitersMax: Int
    /// The one used last comes last, and is used first.
    private var free: [Int]
    private var waiters: [UInt64] = []

    init(slots: Int, waitersMax: Int) {
        self.waitersMax = waitersMax
        self.free = (0..<slots).reversed()
    }

    var freeCount: Int { self.free.count }
    var waiterCount: Int { self.waiters.count }

    /// A connection that nobody uses, if there is one.
    mutating func borrowFree() -> Int? {
        self.free.popLast()
    }

    mutating func borrow(waiter: UInt64) -> BorrowAction {
        if let slot = self.free.popLast() { return .use(slot: slot) }
        guard self.waiters.count < self.waitersMax else { return .refuse }
        self.waiters.append(waiter)
        return .wait
    }

    mutating func giveBack(_ slot: Int) -> ReturnAction {
        guard self.waiters.isEmpty else { return .hand(slot: slot, waiter: self.waiters.removeFirst()) }
        self.free.append(slot)
        return .keep
    }

    /// Ends a wait.
    ///
    /// - Returns: Whether it had not ended already.
    mutating func abandon(_ waiter: UInt64) -> Bool {
        guard let index = self.waiters.firstIndex(of: waiter) else { return false }
        self.waiters.remove(at: index)
        return true
    }
}
