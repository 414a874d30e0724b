internal import CCurl
import Glibc
import Synchronization
package import WonkeyCore

/// Calls services over libcurl: one multi handle on one thread of its own.
///
/// Connections are kept and used again. A request is never sent twice: a body cannot be rewound, and a request without one
/// (other than `GET` and `HEAD`, which libcurl may repeat on a pooled connection that died unanswered) always gets a new
/// connection. Redirects, proxies of the environment, user info in URLs and protocols other than `http` and `https` are off;
/// certificates are verified.
///
/// At most ``CurlServiceClientSettings/transfersMax`` transfers run at once. More wait in order, and a call's timeout covers its
/// wait. Cancelling the calling task takes the transfer out, which closes its connection.
package final class CurlServiceClient: ServiceClient {
    private let mailbox: Mailbox
    private let nextID = Atomic<UInt64>(0)
    private let thread: Mutex<pthread_t?>

    /// Starts the thread.
    ///
    /// - Throws: ``ServiceError`` if libcurl or the thread cannot be started.
    package init(_ settings: CurlServiceClientSettings = .init()) throws(ServiceError) {
        guard wonkey_curl_global_init() == CURLE_OK, let multi = unsafe curl_multi_init() else {
            throw ServiceError(code: .unreachable, message: "libcurl could not be started")
        }
        _ = unsafe wonkey_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, settings.transfersMax)
        let mailbox = unsafe Mailbox(
            outstandingMax: settings.transfersMax + settings.waitingMax,
            waker: .init(multi: multi)
        )
        self.mailbox = mailbox
        let loop = unsafe TransferThread(multi: multi, settings: settings, mailbox: mailbox)
        guard let thread = Self.start(loop) else {
            unsafe curl_multi_cleanup(multi)
            throw ServiceError(code: .unreachable, message: "the transfer thread could not be started")
        }
        self.thread = Mutex(thread)
    }

    deinit {
        self.shutdown()
    }

    /// Sends one request and waits for the complete answer, of whatever status.
    ///
    /// - Throws: ``ServiceError``; `.unreachable` also if too many calls are waiting already, `.cancelled` after ``shutdown()``.
    package func send(_ request: ServiceRequest) async throws(ServiceError) -> ServiceResponse {
        try RequestCheck.check(request)
        let id = self.nextID.wrappingAdd(1, ordering: .relaxed).newValue
        let deadline = ContinuousClock.now + request.timeout
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                self.start(Call(id: id, request: request, deadline: deadline, continuation: continuation))
                // Cancelled before the call was in the inbox: the handler found nothing to cancel.
                if Task.isCancelled { self.cancel(id) }
            }
        } onCancel: {
            self.cancel(id)
        }
        return try result.get()
    }

    /// Ends what is still running or waiting as `.cancelled`, refuses further calls and joins the thread.
    ///
    /// Blocks for the moment this takes; harmless when repeated.
    package func shutdown() {
        self.mailbox.inbox.withLock { $0.close() }
        self.mailbox.wake()
        self.thread.withLock { thread in
            guard let running = thread.take() else { return }
            _ = pthread_join(running, nil)
        }
    }

    private func start(_ call: Call) {
        switch self.mailbox.inbox.withLock({ $0.start(call) }) {
        case .accepted:
            self.mailbox.wake()
        case .full:
            call.finish(.failure(.describing(call.request, .unreachable, "too many calls are waiting")))
        case .closed:
            call.finish(.failure(.describing(call.request, .cancelled, "the client is shut down")))
        }
    }

    private func cancel(_ id: UInt64) {
        guard self.mailbox.inbox.withLock({ $0.cancel(id) }) == .accepted else { return }
        self.mailbox.wake()
    }

    /// Hands the loop over to a new thread.
    private static func start(_ loop: TransferThread) -> pthread_t? {
        final class Box {
            var loop: TransferThread
            init(_ loop: TransferThread) { self.loop = loop }
        }
        // Released by the thread, which takes the value back.
        let box = unsafe Unmanaged.passRetained(Box(loop))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread,
            nil,
            { address in
                // Signals are handled elsewhere, and a write to a closed TLS connection must not raise SIGPIPE: the mask is
                // inherited by the resolver threads libcurl starts.
                var all = sigset_t()
                unsafe sigfillset(&all)
                unsafe pthread_sigmask(SIG_BLOCK, &all, nil)
                guard let address = unsafe address else { return nil }
                let box = unsafe Unmanaged<Box>.fromOpaque(address).takeRetainedValue()
                box.loop.run()
                return nil
            },
            unsafe box.toOpaque()
        )
        guard code == 0 else {
            unsafe box.release()
            return nil
        }
        return thread
    }
}
