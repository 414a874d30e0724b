internal import Glibc
internal import NIOCore

/// Asks the socket of an unused connection whether it may be used.
enum ConnectionProbe {
    /// Whether nothing is there to read: neither the other side's end nor bytes nobody asked for (B12).
    ///
    /// - Parameter channel: Whose socket is asked; on its event loop.
    /// - Returns: `false` for a channel that is closed or has no socket, too.
    /// - Complexity: One system call that does not wait.
    static func isQuiet(_ channel: any Channel) -> Bool {
        guard channel.isActive else { return false }
        let isQuiet = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(of: CInt.self) { socket in
            var byte: UInt8 = 0
            // At most one byte is written, into `byte`, which outlives the call; the socket is only looked at.
            let count = unsafe recv(socket, &byte, 1, CInt(MSG_PEEK) | CInt(MSG_DONTWAIT))
            return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)
        }
        return isQuiet ?? false
    }
}
