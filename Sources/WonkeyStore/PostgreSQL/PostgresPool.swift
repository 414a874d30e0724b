import Synchronization
import WonkeyCore

/// Lends connections, a bounded number, each to one transaction at a time.
final class PostgresPool: Sendable {
    private enum Loan {
        case session(slot: Int)
        case none
        case refused
    }

    private struct State {
        var machine: PoolStateMachine
        var sessions: [Int: PostgresSession] = [:]
        var waiting: [UInt64: CheckedContinuation<Loan, Never>] = [:]
        var lastWaiter: UInt64 = 0
    }

    /// Transactions that wait for a connection at most.
    private static let waitersMax = 1_000

    private let url: PostgresURL
    private let limits: PostgresLimits
    private let state: Mutex<State>

    init(_ url: PostgresURL, limits: PostgresLimits) {
        self.url = url
        self.limits = limits
        self.state = Mutex(
            State(machine: PoolStateMachine(slots: limits.connectionsMax, waitersMax: Self.waitersMax))
        )
    }

    var connections: StoreConnections {
        let (free, waiting) = self.state.withLock { ($0.machine.freeCount, $0.machine.waiterCount) }
        return StoreConnections(
            inUse: self.limits.connectionsMax - free,
            max: self.limits.connectionsMax,
            awaited: waiting
        )
    }

    /// Runs `body` on the thread of a connection that nobody else uses meanwhile.
    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresClient, Interruption) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let slot = try await self.borrow()
        defer { self.giveBack(slot) }
        return try await self.session(slot).perform(body)
    }

    /// Closes the connections, each after the transaction that uses it; the next use opens them again.
    func close() async {
        let sessions = self.state.withLock { Array($0.sessions.values) }
        for session in sessions { await session.disconnect() }
    }

    private func session(_ slot: Int) -> PostgresSession {
        self.state.withLock { state in
            if let session = state.sessions[slot] { return session }
            let session = PostgresSession(self.url, limits: self.limits)
            state.sessions[slot] = session
            return session
        }
    }

    private func borrow() async throws(StoreError) -> Int {
        if let slot = self.state.withLock({ $0.machine.borrowFree() }) { return slot }
        switch await self.wait() {
        case .session(let slot): return slot
        case .none:
            guard !Task.isCancelled else { throw StoreError(.cancelled) }
            throw StoreError(code: .unavailable, message: "no database connection became free in time")
        case .refused:
            throw StoreError(code: .unavailable, message: "too many transactions wait for a database connection")
        }
    }

    /// Waits until a connection is handed over, the time is up or the task is cancelled.
    private func wait() async -> Loan {
        let deadline = ContinuousClock.now + self.limits.poolTimeout
        let waiter = self.state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        return await withTaskGroup(of: Void.self) { group in
            group.addTask {
                // Ends early only when it is not needed any more.
                try? await Task.sleep(until: deadline)
                self.abandon(waiter)
            }
            let loan = await withTaskCancellationHandler {
                await withCheckedContinuation { self.park($0, waiter, deadline) }
            } onCancel: {
                self.abandon(waiter)
            }
            group.cancelAll()
            return loan
        }
    }

    /// Puts a waiter into the queue, unless what ends its wait has happened already.
    private func park(
        _ continuation: CheckedContinuation<Loan, Never>,
        _ waiter: UInt64,
        _ deadline: ContinuousClock.Instant
    ) {
        let loan: Loan? = self.state.withLock { state in
            guard !Task.isCancelled, ContinuousClock.now < deadline else { return Loan.none }
            switch state.machine.borrow(waiter: waiter) {
            case .use(let slot): return .session(slot: slot)
            case .refuse: return .refused
            case .wait:
                state.waiting[waiter] = continuation
                return nil
            }
        }
        if let loan { continuation.resume(returning: loan) }
    }

    private func abandon(_ waiter: UInt64) {
        let continuation = self.state.withLock { state in
            state.machine.abandon(waiter) ? state.waiting.removeValue(forKey: waiter) : nil
        }
        continuation?.resume(returning: .none)
    }

    private func giveBack(_ slot: Int) {
        let continuation = self.state.withLock { state in
            switch state.machine.giveBack(slot) {
            case .keep: nil as CheckedContinuation<Loan, Never>?
            case .hand(_, let waiter): state.waiting.removeValue(forKey: waiter)
            }
        }
        continuation?.resume(returning: .session(slot: slot))
    }
}
