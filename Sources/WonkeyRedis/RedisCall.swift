import NIOCore
import WonkeyCore

/// A request on its way, waiting for its turn in the order of the answers.
struct RedisCall {
    enum Purpose {
        case greeting(RedisGreeting)
        case take([CounterCheck], (Result<CounterDecision, CounterStoreError>) -> Void)
        /// Answered twice.
        case count(WindowCount, (Result<CounterDecision, CounterStoreError>) -> Void)
        /// What becomes of it is of no interest.
        case sequel
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
    /// The first of two answers.
    var firstReply: RedisReply?

    private var isAnsweredTwice: Bool {
        if case .count = self.purpose { true } else { false }
    }

    /// Whether another answer than the next one is to come.
    var awaitsMore: Bool { self.isAnsweredTwice && self.firstReply == nil }
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

    /// What an answer, the next one to arrive, belongs to.
    mutating func answered(by reply: RedisReply) -> Answered {
        guard let first = self.calls.first else { return .nothing }
        if first.awaitsMore {
            self.calls[self.calls.startIndex].firstReply = reply
            return .part
        }
        self.calls.removeFirst()
        if first.isRepeated { self.repeatedCount -= 1 }
        return .call(first)
    }

    enum Answered {
        /// Nobody has asked.
        case nothing
        /// A call that awaits more.
        case part
        /// A call that is complete with it.
        case call(RedisCall)
    }

    /// Empties the queue.
    mutating func removeAll() -> [RedisCall] {
        let calls = Array(self.calls)
        self.calls.removeAll()
        self.repeatedCount = 0
        return calls
    }
}
