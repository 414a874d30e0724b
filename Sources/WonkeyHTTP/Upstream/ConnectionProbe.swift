internal import Glibc
internal import NIOCore

/// Asks the socket of an unused connection whether it may be used.
struct ConnectionProbe {
    private let channel: any Channel
    /// The channel's descriptor; `nil` if it has none.
    ///
    /// Asked for once: the question costs NIO a dynamic cast, which takes longer than the system call. It is used on the
    /// channel's event loop and while the channel is active only, and NIO closes a descriptor on that loop, after it
    /// made the channel inactive; so it never names somebody else's socket.
    private let descriptor: CInt?

    /// Makes one for a channel, on its event loop.
    init(_ channel: any Channel) {
        self.channel = channel
        self.descriptor = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self) { $0 }
    }

    /// Whether nothing is there to read: neither the other side's end nor bytes nobody asked for (B12).
    ///
    /// `false` for a channel that is closed or has no socket, too.
    ///
    /// - Complexity: One system call that does not wait.
    var isQuiet: Bool {
        guard let descriptor = self.descriptor, self.channel.isActive else { return false }
        var byte: UInt8 = 0
        // At most one byte is written, into `byte`, which outlives the call; the socket is only looked at.
        let count = unsafe recv(descriptor, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
        return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
    }
}
