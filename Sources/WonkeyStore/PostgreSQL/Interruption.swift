import Glibc
import Synchronization

/// Ends a thread's wait for a socket from outside, through a pipe that the thread waits on as well.
final class Waker: Sendable {
    /// Readable once woken; -1 if there was no descriptor left, and then nothing wakes.
    let descriptor: Int32
    private let writeEnd: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        if unsafe pipe(&ends) == 0 {
            for end in ends {
                _ = fcntl(end, F_SETFD, FD_CLOEXEC)
                _ = fcntl(end, F_SETFL, O_NONBLOCK)
            }
        }
        self.descriptor = ends[0]
        self.writeEnd = ends[1]
    }

    deinit {
        guard self.descriptor >= 0 else { return }
        Glibc.close(self.descriptor)
        Glibc.close(self.writeEnd)
    }

    func wake() {
        var byte: UInt8 = 1
        // A pipe that is full wakes as well.
        _ = unsafe write(self.writeEnd, &byte, 1)
    }

    func reset() {
        var bytes: [UInt8] = Array(repeating: 0, count: 64)
        _ = unsafe read(self.descriptor, &bytes, bytes.count)
    }
}

/// Tells one transaction that its caller was cancelled.
final class Interruption: Sendable {
    private let requested = Atomic<Bool>(false)
    private let waker: Waker

    init(waker: Waker) {
        self.waker = waker
    }

    var isRequested: Bool { self.requested.load(ordering: .acquiring) }

    func request() {
        self.requested.store(true, ordering: .releasing)
        self.waker.wake()
    }
}
