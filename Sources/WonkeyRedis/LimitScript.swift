package import NIOCore
package import WonkeyCore

/// A Lua script that works on all counters of a request at once.
///
/// `KEYS` are the counters; `ARGV` holds four values for each: the algorithm's letter, limit, window in milliseconds and
/// cost (below 0 for a shadow), cut by ``LimitArithmetic`` to what Lua's numbers hold exactly. One unit of a single fixed
/// window is taken without a script, by ``WindowCount``.
package enum LimitScript: CaseIterable {
    /// Takes all costs or none; answers 1 or 0, then remaining, reset and retry-after for each counter.
    case take
    /// The same in fewer steps, where every counter is a fixed window.
    case takeFixed
    /// Gives costs back to counters that exist; answers how many were written.
    case giveBack
    /// Lets leases of one counter last another window; answers how many.
    case renew
    /// Makes a claim on an idempotency key; answers the entry that is there already.
    case claim
    /// Changes what a claim has made, if it is still there; answers whether it was.
    case settleClaim

    /// What runs in production.
    var source: String { self.source(.redis) }

    /// The script that takes these costs.
    static func taking(_ checks: [CounterCheck]) -> Self {
        checks.allSatisfy { $0.algorithm == .fixedWindow && !$0.isShadow } ? .takeFixed : .take
    }

    /// The key of the leases of a concurrency limit: a sorted set of their names by their ends.
    static func leaseKey(_ counter: String) -> String { "\(counter):c" }

    /// The key of a fixed window: a limit that gets another length begins another window.
    static func windowKey(_ counter: String, windowMs: Int) -> String { "\(counter):f\(windowMs)" }

    /// The number of values for each counter.
    static let valuesPerCounter = 4

    /// Appends the arguments after the script: the number of counters, the counters, their values.
    package static func appendArguments(_ checks: [CounterCheck], to buffer: inout ByteBuffer) {
        RedisCommand.append(checks.count, to: &buffer)
        let limits = checks.map { LimitArithmetic($0) }
        for (check, limit) in zip(checks, limits) {
            switch limit.algorithm {
            case .fixedWindow:
                RedisCommand.append(Self.windowKey(check.counter, windowMs: limit.windowMs), to: &buffer)
            case .slidingWindow, .tokenBucket: RedisCommand.append(check.counter, to: &buffer)
            case .concurrency: RedisCommand.append(Self.leaseKey(check.counter), to: &buffer)
            }
        }
        for (check, limit) in zip(checks, limits) {
            RedisCommand.append(limit.algorithm.letter, to: &buffer)
            RedisCommand.append(limit.limit, to: &buffer)
            RedisCommand.append(limit.windowMs, to: &buffer)
            RedisCommand.append(check.isShadow ? -limit.cost : limit.cost, to: &buffer)
        }
        if let lease = Self.lease(of: checks) { RedisCommand.append(lease, to: &buffer) }
    }

    /// All leases of a request have one name, which follows the counters' values.
    private static func lease(of checks: [CounterCheck]) -> String? {
        checks.first { $0.algorithm == .concurrency }?.lease
    }

    /// The number of arguments that ``appendArguments(_:to:)`` writes.
    package static func argumentCount(_ checks: [CounterCheck]) -> Int {
        1 + checks.count * (1 + Self.valuesPerCounter) + (Self.lease(of: checks) == nil ? 0 : 1)
    }

    /// The decision in an answer of ``take`` or ``takeFixed``, `nil` if it is none.
    package static func decision(_ reply: RedisReply, counters: Int) -> CounterDecision? {
        guard case .array(let items) = reply, items.count == 1 + 3 * counters, case .integer(let verdict) = items[0]
        else { return nil }
        var states: [CounterState] = []
        states.reserveCapacity(counters)
        for index in stride(from: 1, to: items.count, by: 3) {
            guard case .integer(let remaining) = items[index], case .integer(let reset) = items[index + 1],
                case .integer(let retry) = items[index + 2], remaining >= 0, reset >= 0, retry >= 0
            else { return nil }
            states.append(CounterState(remaining: remaining, resetMs: Int64(reset), retryAfterMs: Int64(retry)))
        }
        switch verdict {
        case 1: return .admitted(states)
        case 0: return states.contains { $0.retryAfterMs > 0 } ? .refused(states) : nil
        default: return nil
        }
    }
}

extension LimitAlgorithm {
    fileprivate var letter: String {
        switch self {
        case .fixedWindow: "f"
        case .slidingWindow: "s"
        case .tokenBucket: "t"
        case .concurrency: "c"
        }
    }
}
