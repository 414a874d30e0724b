import Foundation
import Glibc
import Synchronization
import WonkeyCore

/// Hears of commits at once, through `LISTEN` on a connection and a thread of its own.
///
/// Only makes waiting shorter: while it has no connection, those who wait look again when their patience is over.
final class PostgresListener: Sendable {
    static let channel = "wonkey_changes"

    private struct State {
        var version = CommitVersion(connection: 0, value: 0)
        var isListening = false
        /// Counts the threads started; an older one than the last ends.
        var thread = 0
        var isRunning = false

        func isCurrent(_ thread: Int) -> Bool { self.isRunning && self.thread == thread }
        var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var lastWaiter: UInt64 = 0
    }

    /// What the thread and those who wait share; the thread holds no more than this.
    private final class Shared: Sendable {
        let state = Mutex(State())
        let waker = Waker()

        /// Changes the state and wakes everybody who waits.
        func update(_ change: (inout State) -> Void) {
            let waiting = self.state.withLock { state in
                change(&state)
                defer { state.waiting = [:] }
                return state.waiting.values
            }
            for continuation in waiting { continuation.resume() }
        }
    }

    private let url: PostgresURL
    private let limits: PostgresLimits
    private let shared = Shared()

    init(_ url: PostgresURL, limits: PostgresLimits) {
        self.url = url
        self.limits = limits
    }

    deinit {
        self.stop()
    }

    /// What differs after the next commit heard of; starts listening with the first call.
    var version: CommitVersion {
        let (version, thread): (CommitVersion, Int?) = self.shared.state.withLock { state in
            guard !state.isRunning else { return (state.version, nil) }
            state.isRunning = true
            state.thread += 1
            return (state.version, state.thread)
        }
        if let thread { self.start(thread) }
        return version
    }

    /// Waits until `version` is no longer the one, `patience` is over or the task is cancelled.
    ///
    /// - Returns: Whether something may have been committed.
    func wait(since version: CommitVersion, patience: Duration) async -> Bool {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { try? await Task.sleep(for: patience) }
            group.addTask { await self.change(since: version) }
            await group.next()
            group.cancelAll()
        }
        return self.shared.state.withLock { $0.version != version || !$0.isListening }
    }

    func stop() {
        self.shared.update { state in
            state.isRunning = false
            state.isListening = false
        }
        self.shared.waker.wake()
    }

    private func change(since version: CommitVersion) async {
        let waiter = self.shared.state.withLock { state in
            state.lastWaiter += 1
            return state.lastWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = self.shared.state.withLock { state in
                    guard state.version == version, !Task.isCancelled else { return true }
                    state.waiting[waiter] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            self.shared.state.withLock({ $0.waiting.removeValue(forKey: waiter) })?.resume()
        }
    }
}

// MARK: - The thread

extension PostgresListener {
    /// How long to wait after a failure before the next try to connect.
    private static let pause = Duration.seconds(1)

    private func start(_ number: Int) {
        let (url, limits, shared) = (self.url, self.limits, self.shared)
        let thread = Thread {
            while shared.state.withLock({ $0.isCurrent(number) }) {
                // Why it ended does not matter here: whoever reads hears it from the pool.
                try? Self.listen(to: url, limits, shared, number)
                shared.update { state in
                    if state.thread == number { state.isListening = false }
                }
                Self.rest(shared, number)
            }
        }
        thread.name = "wonkey.postgres.listen"
        thread.start()
    }

    /// Connects and counts notifications until the connection breaks or listening is stopped.
    private static func listen(
        to url: PostgresURL,
        _ limits: PostgresLimits,
        _ shared: Shared,
        _ thread: Int
    ) throws(PostgresFault) {
        let link = try PostgresLink(
            to: url,
            within: limits.connectTimeout,
            waker: shared.waker,
            interruption: nil
        )
        let order = PostgresLink.Message.once(text: "LISTEN \(Self.channel)", values: [])
        let answers = try link.exchange([order], within: limits.connectTimeout, interruption: nil)
        if let refused = answers.refused { throw refused }
        shared.update { state in
            guard state.isCurrent(thread) else { return }
            state.isListening = true
            state.version = CommitVersion(connection: state.version.connection + 1, value: 0)
        }
        while shared.state.withLock({ $0.isCurrent(thread) }) {
            let count = try link.takeNotifications()
            if count > 0 { shared.update { $0.version.value += Int64(count) } }
            _ = link.wait(for: Int16(POLLIN), by: .now + .seconds(3_600))
        }
    }

    private static func rest(_ shared: Shared, _ thread: Int) {
        var descriptor = pollfd(fd: shared.waker.descriptor, events: Int16(POLLIN), revents: 0)
        guard shared.state.withLock({ $0.isCurrent(thread) }) else { return }
        _ = unsafe poll(&descriptor, 1, Int32(Self.pause.milliseconds))
        shared.waker.reset()
    }
}
