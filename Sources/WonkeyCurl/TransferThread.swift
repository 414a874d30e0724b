internal import CCurl
import Synchronization
import WonkeyCore

/// Runs transfers on libcurl's multi interface; everything but `inbox` belongs to the thread that calls ``run()``.
///
/// Calls wait in our own queue, since libcurl does not enforce deadlines of transfers that it queues itself.
///
/// `@safe`: `multi` is private, owned once and freed by ``run()`` on its way out.
@safe struct TransferThread {
    private let multi: UnsafeMutableRawPointer
    private let settings: CurlServiceClientSettings
    private let mailbox: Mailbox
    private var waiting = WaitingCalls()
    private var running: [UInt64: Transfer] = [:]
    private var byHandle: [UnsafeMutableRawPointer: UInt64] = unsafe [:]

    init(multi: UnsafeMutableRawPointer, settings: CurlServiceClientSettings, mailbox: Mailbox) {
        unsafe self.multi = unsafe multi
        self.settings = settings
        self.mailbox = mailbox
    }

    /// Serves calls until the inbox is closed, then ends the open ones as cancelled.
    mutating func run() {
        while true {
            let delivery = self.mailbox.inbox.withLock { $0.take() }
            for command in delivery.commands { self.carryOut(command) }
            if delivery.isClosed { break }
            self.expire(now: .now)
            self.startWaiting()
            self.perform()
            self.poll()
        }
        self.endAll()
        // From here on nobody wakes this thread: the pointer leaves the mailbox before it dies.
        self.mailbox.removeWaker()
        unsafe curl_multi_cleanup(self.multi)
    }

    private mutating func carryOut(_ command: Inbox.Command) {
        switch command {
        case .start(let call):
            self.waiting.append(call)
        case .cancel(let id):
            if let call = self.waiting.remove(id) {
                self.finish(call, .failure(.describing(call.request, .cancelled, "cancelled while waiting")))
            } else if let transfer = self.running[id] {
                self.end(transfer, .failure(transfer.error(.cancelled, "cancelled")))
            }
        }
    }

    private mutating func startWaiting() {
        while self.running.count < self.settings.transfersMax, let call = self.waiting.popFirst() {
            do throws(ServiceError) {
                let transfer = try Transfer(call, settings: self.settings)
                let code = unsafe curl_multi_add_handle(self.multi, transfer.handle)
                guard code == CURLM_OK else {
                    throw transfer.error(.unreachable, "libcurl took no transfer (multi code \(code.rawValue))")
                }
                self.running[call.id] = transfer
                unsafe self.byHandle[transfer.handle] = call.id
            } catch {
                self.finish(call, .failure(error))
            }
        }
    }

    private mutating func perform() {
        var count: Int32 = 0
        _ = unsafe curl_multi_perform(self.multi, &count)
        while let message = unsafe curl_multi_info_read(self.multi, &count) {
            guard unsafe message.pointee.msg == CURLMSG_DONE, let handle = unsafe message.pointee.easy_handle,
                let id = unsafe self.byHandle[handle], let transfer = self.running[id]
            else { continue }
            self.end(transfer, transfer.result(unsafe wonkey_curl_message_result(message)))
        }
    }

    /// Waits for sockets, libcurl's own timers, a wake-up or the nearest deadline.
    private func poll() {
        var wait: Duration = .seconds(60)
        let deadlines = [self.waiting.earliestDeadline, self.running.values.lazy.map(\.call.deadline).min()]
        if let nearest = deadlines.compactMap(\.self).min() { wait = min(wait, nearest - .now) }
        let hasFreeSlot = self.running.count < self.settings.transfersMax
        if hasFreeSlot && !self.waiting.isEmpty { wait = .zero }
        // Rounded up, so that a deadline less than a millisecond away does not become a busy loop.
        let milliseconds = wait <= .zero ? 0 : Int32(clamping: wait.milliseconds + 1)
        _ = unsafe curl_multi_poll(self.multi, nil, 0, milliseconds, nil)
    }

    private mutating func expire(now: ContinuousClock.Instant) {
        for call in self.waiting.removeExpired(now: now) {
            self.finish(call, .failure(.describing(call.request, .timedOut, "timed out waiting for a transfer slot")))
        }
        for transfer in self.running.values.filter({ $0.call.deadline <= now }) {
            self.end(transfer, .failure(transfer.error(.timedOut, "timed out")))
        }
    }

    private mutating func endAll() {
        for transfer in Array(self.running.values) {
            self.end(transfer, .failure(transfer.error(.cancelled, "the client is shut down")))
        }
        while let call = self.waiting.popFirst() {
            self.finish(call, .failure(.describing(call.request, .cancelled, "the client is shut down")))
        }
    }

    /// Takes a transfer out of libcurl, which closes its connection unless the answer is complete.
    private mutating func end(_ transfer: Transfer, _ result: Result<ServiceResponse, ServiceError>) {
        _ = unsafe curl_multi_remove_handle(self.multi, transfer.handle)
        self.running[transfer.call.id] = nil
        unsafe self.byHandle[transfer.handle] = nil
        self.finish(transfer.call, result)
    }

    private func finish(_ call: Call, _ result: Result<ServiceResponse, ServiceError>) {
        self.mailbox.inbox.withLock { $0.finished() }
        call.finish(result)
    }
}
