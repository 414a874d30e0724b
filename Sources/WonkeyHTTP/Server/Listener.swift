internal import Glibc
internal import Logging
internal import NIOCore
internal import NIOPosix

/// Whether several processes listen on one TCP address, each with a socket of its own (`SO_REUSEPORT`).
package enum PortSharing: Hashable, Sendable {
    case exclusive, shared
}

/// How a drain ended.
package enum DrainOutcome: Hashable, Sendable {
    /// Every request was answered.
    case finished
    /// The deadline found requests in flight, and ended them.
    case requestsCut
}

/// A socket that accepts connections.
struct Listener: Sendable {
    let channel: any Channel
    let sharing: PortSharing

    static let reusePort = NIOBSDSocket.Option(rawValue: SO_REUSEPORT)

    /// How long handshakes under way may take to end on a shared port.
    private static let handshakeMax: Duration = .milliseconds(250)
    /// How often, every 10 ms, connections that were made may be found waiting to be accepted.
    private static let queueLooksMax = 500

    /// Closes listeners; a connection that was made on a shared port is accepted before.
    ///
    /// The system gives each connection to one of the sockets that share a port, from its first packet on, and resets
    /// those of a socket that is closed. So these let nobody begin any more, and accept who has begun: a first packet
    /// that is dropped comes again, after a second, to another process.
    ///
    /// - Parameters:
    ///   - listeners: To be closed.
    ///   - loops: All that accepted connections may be on.
    ///   - logger: Told of what the system refuses.
    static func close(_ listeners: [Listener], loops: [any EventLoop], logger: Logger) async {
        let shared = listeners.filter { $0.sharing == .shared && !Self.movesConnections }
        for listener in shared { await listener.dropNewConnections(logger) }
        if !shared.isEmpty { try? await Task.sleep(for: Self.handshakeMax) }
        for listener in shared { await listener.emptyQueue(logger) }
        for listener in listeners {
            await listener.finishAccepting(loops)
            do { try await listener.channel.close() } catch {
                logger.debug("listener did not close", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Waits until the system has no connection left that is made and not accepted: an event loop may be late.
    private func emptyQueue(_ logger: Logger) async {
        guard let options = self.channel as? any SocketOptionProvider else { return }
        for _ in 0..<Self.queueLooksMax {
            // Of a socket that listens, this counts the connections to be accepted.
            guard let count = try? await options.getTCPInfo().get().tcpi_unacked else { return }
            if count == 0 { return }
            try? await Task.sleep(for: .milliseconds(10))
        }
        logger.warning("connections were not accepted in time")
    }

    /// Accepts nothing more, and waits until what was accepted is set up: a listener that is closed before resets it.
    private func finishAccepting(_ loops: [any EventLoop]) async {
        try? await self.channel.setOption(.autoRead, value: false).get()
        // Each goes from the listener's loop to one of these and back.
        for loop in loops + [self.channel.eventLoop] { try? await loop.submit {}.get() }
    }

    /// Whether the system itself moves the connections of a closing socket (`net.ipv4.tcp_migrate_req`).
    private static var movesConnections: Bool {
        let descriptor = unsafe open("/proc/sys/net/ipv4/tcp_migrate_req", O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        var byte: UInt8 = 0
        return unsafe read(descriptor, &byte, 1) == 1 && byte == UInt8(ascii: "1")
    }

    /// Has the system drop the first packets of connections, and no others.
    private func dropNewConnections(_ logger: Logger) async {
        do {
            try await self.channel.eventLoop.flatSubmit { () -> EventLoopFuture<Void> in
                guard let options = self.channel as? any SocketOptionProvider else {
                    return self.channel.eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
                }
                return HandshakeFilter.attach(to: options)
            }.get()
        } catch {
            logger.debug("new connections cannot be held off", metadata: ["error": "\(error)"])
        }
    }
}

/// A classic BPF program for a listening socket: drops segments with SYN and without ACK.
private enum HandshakeFilter {
    /// `struct sock_filter` of <linux/filter.h>.
    private struct Instruction {
        var code: UInt16
        var jumpIfTrue: UInt8 = 0
        var jumpIfFalse: UInt8 = 0
        var operand: UInt32
    }

    /// `struct sock_fprog`; `@safe` and `Sendable`: used on one thread only, while the buffer it points to is borrowed.
    @safe private struct Program: @unchecked Sendable {
        var length: UInt16
        var instructions: UnsafePointer<Instruction>?
    }

    /// The 14th byte of a TCP header holds the flags: SYN is 2, ACK is 16.
    private static let instructions = [
        Instruction(code: 0x30, operand: 13),
        Instruction(code: 0x54, operand: 0x12),
        Instruction(code: 0x15, jumpIfFalse: 1, operand: 0x02),
        Instruction(code: 0x06, operand: 0),
        Instruction(code: 0x06, operand: .max),
    ]

    /// Called on the socket's event loop, so that the system reads the program before this returns.
    static func attach(to options: any SocketOptionProvider) -> EventLoopFuture<Void> {
        unsafe Self.instructions.withUnsafeBufferPointer { buffer in
            let program = unsafe Program(length: UInt16(buffer.count), instructions: buffer.baseAddress)
            return options.unsafeSetSocketOption(
                level: .socket,
                name: .init(rawValue: CInt(SO_ATTACH_FILTER)),
                value: program
            )
        }
    }
}
