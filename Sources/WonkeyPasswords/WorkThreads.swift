import Dispatch
import Synchronization
import WonkeyCore

/// A few threads for work that takes long, and a bounded queue before them.
///
/// They are Dispatch's, not Swift's: work here keeps no event loop and no task of others waiting.
final class WorkThreads: Sendable {
    private struct State: Sendable {
        var waiting: [@Sendable () -> Void] = []
        var running = 0
    }

    private let queue: DispatchQueue
    private let count: Int
    private let waitingMax: Int
    private let state = Mutex(State())

    init(label: String, count: Int, waitingMax: Int) {
        self.queue = DispatchQueue(label: label, attributes: .concurrent)
        self.count = max(1, count)
        self.waitingMax = max(0, waitingMax)
    }

    /// Runs `work` on one of the threads.
    ///
    /// - Throws: ``WonkeyCore/PasswordHasherError`` with code `.busy` at once, if too many wait.
    func run<Value: Sendable>(
        _ work: @escaping @Sendable () -> Value
    ) async throws(PasswordHasherError) -> Value {
        let value: Value? = await withCheckedContinuation { continuation in
            let isTaken = self.take { continuation.resume(returning: work()) }
            if !isTaken { continuation.resume(returning: nil) }
        }
        guard let value else { throw PasswordHasherError(code: .busy, message: "too many passwords are waiting") }
        return value
    }

    private enum Admission { case start, wait, refuse }

    private func take(_ job: @escaping @Sendable () -> Void) -> Bool {
        let admission = self.state.withLock { state -> Admission in
            if state.running < self.count {
                state.running += 1
                return .start
            }
            guard state.waiting.count < self.waitingMax else { return .refuse }
            state.waiting.append(job)
            return .wait
        }
        switch admission {
        case .start: self.queue.async { self.work(through: job) }
        case .wait: break
        case .refuse: return false
        }
        return true
    }

    /// Does a job and then what waits.
    private func work(through first: @escaping @Sendable () -> Void) {
        var next: (@Sendable () -> Void)? = first
        while let job = next {
            job()
            next = self.state.withLock { state in
                if state.waiting.isEmpty {
                    state.running -= 1
                    return nil
                }
                return state.waiting.removeFirst()
            }
        }
    }
}
