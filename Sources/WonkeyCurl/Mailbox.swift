internal import CCurl
import Synchronization

/// The inbox together with the means to wake the thread that empties it.
final class Mailbox: Sendable {
    /// Wakes the thread out of `curl_multi_poll`.
    ///
    /// `@unchecked Sendable`: `curl_multi_wakeup` is the one function of a multi handle that libcurl allows from any thread.
    /// It is called under the lock of `waker`, and the thread takes the waker out under the same lock before it frees the handle.
    @safe struct Waker: @unchecked Sendable {
        private let multi: UnsafeMutableRawPointer

        init(multi: UnsafeMutableRawPointer) {
            unsafe self.multi = unsafe multi
        }

        func wake() {
            _ = unsafe curl_multi_wakeup(self.multi)
        }
    }

    let inbox: Mutex<Inbox>
    private let waker: Mutex<Waker?>

    init(outstandingMax: Int, waker: Waker) {
        self.inbox = Mutex(Inbox(outstandingMax: outstandingMax))
        self.waker = Mutex(waker)
    }

    func wake() {
        self.waker.withLock { $0?.wake() }
    }

    func removeWaker() {
        self.waker.withLock { $0 = nil }
    }
}
