internal import Glibc
internal import NIOCore

/// What was written to a client and has not reached it.
enum SocketBacklog {
    /// Bytes that wait for the socket, and those in it that the client's side has not acknowledged.
    ///
    /// A socket takes megabytes, and asks for more only when much of that is gone: what it took says little about whether
    /// a slow client still reads. Costs a system call; called on the channel's event loop.
    ///
    /// - Parameter channel: Of the client's connection.
    /// - Returns: As many, in the form they travel in.
    /// - SeeAlso: tcp(7), `SIOCOUTQ`.
    static func byteCount(of channel: any Channel) -> Int64 {
        let waiting = (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        let queued = try? channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { socket in
            var count: CInt = 0
            return unsafe ioctl(socket, UInt(TIOCOUTQ), &count) == 0 ? count : 0
        }
        return Int64(waiting) + Int64(queued ?? 0)
    }
}
