import Foundation
import Synchronization
import WonkeyCore

/// A connection with the thread that it lives on, because libpq blocks.
///
/// The thread ends when the session is let go of.
final class PostgresSession: Sendable {
    private typealias Job = @Sendable (PostgresClient) -> Void

    /// What waits for the thread: a job of the transaction it is lent to, and perhaps an order to disconnect.
    private final class Inbox: Sendable {
        private struct State {
            var jobs: [Job] = []
            var isClosed = false
        }

        private let state = Mutex(State())
        private let signal = DispatchSemaphore(value: 0)

        func append(_ job: @escaping Job) {
            self.state.withLock { $0.jobs.append(job) }
            self.signal.signal()
        }

        func close() {
            self.state.withLock { $0.isClosed = true }
            self.signal.signal()
        }

        /// Waits for the next job; `nil` after the last one.
        func next() -> Job? {
            self.signal.wait()
            return self.state.withLock { $0.jobs.isEmpty ? nil : $0.jobs.removeFirst() }
        }
    }

    private let inbox = Inbox()
    private let waker = Waker()

    /// Starts the thread; nothing connects before the first use.
    init(_ url: PostgresURL, limits: PostgresLimits) {
        let inbox = self.inbox
        let waker = self.waker
        let thread = Thread {
            let client = PostgresClient(url, limits: limits, waker: waker)
            while let job = inbox.next() { job(client) }
        }
        thread.name = "wonkey.postgres"
        thread.start()
    }

    deinit {
        self.inbox.close()
    }

    /// Runs `body` on the thread; a task that is cancelled interrupts it.
    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresClient, Interruption) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let interruption = Interruption(waker: self.waker)
        let result: Result<Value, StoreError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                self.inbox.append { client in
                    continuation.resume(
                        returning: Result { () throws(StoreError) in try body(client, interruption) }
                    )
                }
            }
        } onCancel: {
            interruption.request()
        }
        return try result.get()
    }

    /// Closes the connection after the transaction that uses it; the next use opens it again.
    func disconnect() async {
        await withCheckedContinuation { continuation in
            self.inbox.append { client in
                client.disconnect()
                continuation.resume()
            }
        }
    }
}
