package import NIOCore
package import WonkeyCore

/// One unit taken from one fixed window with plain commands, at a third of what a script costs Redis.
///
/// `INCR` counts and `PTTL` tells what is left of the window: who is counted beyond the limit is refused, and is taken out
/// of the count again. That decides as the script does for a single limit and a cost of 1 only: whoever comes in between
/// finds a window that is used up anyway.
package struct WindowCount: Equatable, Sendable {
    /// What Redis is told after the decision, which does not wait for it.
    package struct Sequel: OptionSet, Sendable {
        package let rawValue: UInt8

        package init(rawValue: UInt8) { self.rawValue = rawValue }

        /// The window begins and gets its end, or somebody died before giving it one.
        package static let begin = Self(rawValue: 1)
        /// The unit that was refused leaves the count.
        package static let putBack = Self(rawValue: 2)
    }

    let key: String
    let limit: Int
    let windowMs: Int

    /// Makes the count that takes these checks; `nil` if it takes a script: for several limits, which are taken all or not at
    /// all, for units that may come back, and for all that is no fixed window.
    package init?(_ checks: [CounterCheck]) {
        guard checks.count == 1, let check = checks.first, check.algorithm == .fixedWindow, check.cost == 1,
            !check.isShadow, !check.isReturnable
        else { return nil }
        let limit = LimitArithmetic(check)
        guard limit.limit > 0 else { return nil }
        self.key = LimitScript.windowKey(check.counter, windowMs: limit.windowMs)
        self.limit = limit.limit
        self.windowMs = limit.windowMs
    }

    /// Appends the two requests, which are answered one after the other.
    package func write(to buffer: inout ByteBuffer) {
        buffer.writeStaticString("*2\r\n$4\r\nINCR\r\n")
        RedisCommand.append(self.key, to: &buffer)
        buffer.writeStaticString("*2\r\n$4\r\nPTTL\r\n")
        RedisCommand.append(self.key, to: &buffer)
    }

    /// What the two answers mean; `nil` if they mean nothing.
    ///
    /// - Parameters:
    ///   - used: The count with this request in it.
    ///   - leftMs: Milliseconds to the end of the window, below 0 if it has none.
    /// - Returns: What is said to the request, and what to Redis.
    package func decision(used: Int, leftMs: Int) -> (decision: CounterDecision, sequel: Sequel)? {
        guard used > 0 else { return nil }
        let left = (0...self.windowMs).contains(leftMs) ? max(1, leftMs) : self.windowMs
        let sequel: Sequel = leftMs < 0 ? .begin : []
        guard used > self.limit else {
            let state = CounterState(remaining: self.limit - used, resetMs: Int64(left), retryAfterMs: 0)
            return (.admitted([state]), sequel)
        }
        let state = CounterState(remaining: 0, resetMs: Int64(left), retryAfterMs: Int64(left))
        return (.refused([state]), sequel.union(.putBack))
    }

    /// Appends the request that gives the window its end.
    func writeBegin(to buffer: inout ByteBuffer) {
        RedisCommand.begin(3, in: &buffer)
        RedisCommand.append("PEXPIRE", to: &buffer)
        RedisCommand.append(self.key, to: &buffer)
        RedisCommand.append(self.windowMs, to: &buffer)
    }

    /// Appends the request that takes a refused unit out of the count, if that is still the window it was counted in: a later
    /// one has more time left, since it would have to be a window's length older than this request otherwise.
    func writePutBack(leftMs: Int, to buffer: inout ByteBuffer) {
        RedisCommand.begin(5, in: &buffer)
        RedisCommand.append("EVAL", to: &buffer)
        RedisCommand.append(Self.putBackScript, to: &buffer)
        RedisCommand.append(1, to: &buffer)
        RedisCommand.append(self.key, to: &buffer)
        RedisCommand.append(leftMs < 0 ? self.windowMs : leftMs, to: &buffer)
    }

    private static let putBackScript = """
        local left = redis.call('PTTL', KEYS[1])
        if left >= 0 and left <= tonumber(ARGV[1]) then return redis.call('DECR', KEYS[1]) end
        return false
        """
}
