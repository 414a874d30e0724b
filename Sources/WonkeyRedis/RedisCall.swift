import NIOCore
import WonkeyCore

/// A request on its way, waiting for its turn in the order of the answers.
struct RedisCall {
    enum Purpose {
        case greeting(RedisGreeting)
        case take([CounterCheck], (Result<CounterDecision, CounterStoreError>) -> Void)
        case giveBack([CounterCheck])
        case settle(LeaseChange, (Bool) -> Void)
        case claim(ReplayClaim, (Result<ReplayEntry?, CounterStoreError>) -> Void)
        case settleClaim(ReplayClaim, ReplayChange, (Bool) -> Void)
    }

    var purpose: Purpose
    var startedAt: NIODeadline
    var deadline: NIODeadline
    /// Sent again with the script's text, since Redis did not know the script.
    var isRepeated = false
}

/// The calls of one connection in the order of their answers.
struct RedisCallQueue {
    private var calls = CircularBuffer<RedisCall>()
    private var repeatedCount = 0

    var count: Int { self.calls.count }

    /// When the first of them is due.
    ///
    /// All have the same time, so that is the first one, unless a repeated call, which kept its deadline, waits behind.
    var earliestDeadline: NIODeadline? {
        self.repeatedCount == 0 ? self.calls.first?.deadline : self.calls.lazy.map(\.deadline).min()
    }

    mutating func append(_ call: RedisCall) {
        if call.isRepeated { self.repeatedCount += 1 }
        self.calls.append(call)
    }

    mutating func popFirst() -> RedisCall? {
        guard let call = self.calls.popFirst() else { return nil }
        if call.isRepeated { self.repeatedCount -= 1 }
        return call
    }

    /// Empties the queue.
    mutating func removeAll() -> [RedisCall] {
        let calls = Array(self.calls)
        self.calls.removeAll()
        self.repeatedCount = 0
        return calls
    }
}
