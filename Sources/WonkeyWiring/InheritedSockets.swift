internal import Glibc
package import WonkeyConfig
internal import WonkeyCore

/// The sockets that whoever started the process opened for it, as systemd does (sd_listen_fds(3)).
package struct InheritedSockets: Sendable {
    /// One of them.
    package struct Socket: Hashable, Sendable {
        package var descriptor: CInt
        /// `FileDescriptorName=` of its unit; empty if there is none.
        package var name: String
        /// Where it listens; `nil` if that is no address we know.
        package var address: Endpoint?

        package init(descriptor: CInt, name: String, address: Endpoint?) {
            self.descriptor = descriptor
            self.name = name
            self.address = address
        }
    }

    /// A descriptor that is no listening stream socket.
    package struct Fault: Error {
        /// For the operator.
        package var message: String
    }

    private static let firstDescriptor: CInt = 3

    /// Those nobody has taken yet.
    package private(set) var sockets: [Socket]

    package init(_ sockets: [Socket]) {
        self.sockets = sockets
    }

    /// Finds the sockets of this process, and keeps them from its children.
    ///
    /// - Parameter environment: `LISTEN_PID`, `LISTEN_FDS` and `LISTEN_FDNAMES`.
    /// - Throws: ``Fault``.
    package init(environment: [String: String]) throws {
        self.sockets = try Self.names(in: environment, process: getpid()).map { descriptor, name in
            guard Self.isListening(descriptor) else {
                throw Fault(message: "the passed file descriptor \(descriptor) is no listening stream socket")
            }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
            return Socket(descriptor: descriptor, name: name, address: Self.address(of: descriptor))
        }
    }

    /// Which descriptors are meant for a process, and their names.
    static func names(in environment: [String: String], process: pid_t) -> [(descriptor: CInt, name: String)] {
        guard environment["LISTEN_PID"].flatMap(pid_t.init) == process,
            let count = environment["LISTEN_FDS"].flatMap(CInt.init), (1...1_024).contains(count)
        else { return [] }
        let names = environment["LISTEN_FDNAMES"].map { $0.split(separator: ":", omittingEmptySubsequences: false) }
        return (0..<count).map { index in
            let name = names.flatMap { Int(index) < $0.count ? String($0[Int(index)]) : nil } ?? ""
            return (Self.firstDescriptor + index, name)
        }
    }

    /// Takes the socket of a listener out.
    ///
    /// - Parameters:
    ///   - name: What it must be called; `nil` goes by the address.
    ///   - address: Where the listener is to listen.
    /// - Returns: `nil` if there is none: then the listener makes its own.
    package mutating func take(name: String?, address: Endpoint) -> CInt? {
        let wanted = address.canonical
        let index = self.sockets.firstIndex { socket in
            if let name { socket.name == name } else { socket.address?.canonical == wanted }
        }
        return index.map { self.sockets.remove(at: $0).descriptor }
    }

    /// Closes those that nobody has taken.
    ///
    /// - Returns: What they were.
    package mutating func closeRest() -> [Socket] {
        defer { self.sockets = [] }
        for socket in self.sockets { close(socket.descriptor) }
        return self.sockets
    }

    private static func isListening(_ descriptor: CInt) -> Bool {
        Self.option(SO_ACCEPTCONN, of: descriptor) == 1
            && Self.option(SO_TYPE, of: descriptor) == CInt(SOCK_STREAM.rawValue)
    }

    private static func option(_ name: CInt, of descriptor: CInt) -> CInt? {
        var value: CInt = 0
        var length = socklen_t(MemoryLayout<CInt>.size)
        return unsafe getsockopt(descriptor, SOL_SOCKET, name, &value, &length) == 0 ? value : nil
    }

    private static func address(of descriptor: CInt) -> Endpoint? {
        var storage = [UInt8](repeating: 0, count: MemoryLayout<sockaddr_storage>.size)
        var length = socklen_t(storage.count)
        let result = unsafe storage.withUnsafeMutableBytes { buffer in
            unsafe getsockname(descriptor, buffer.baseAddress?.assumingMemoryBound(to: sockaddr.self), &length)
        }
        guard result == 0, storage.count >= 28, length > 2 else { return nil }
        let family = CInt(UInt16(storage[0]) | UInt16(storage[1]) << 8)
        let port = Int(storage[2]) << 8 | Int(storage[3])
        switch family {
        case AF_INET: return IPAddress(bytes: Array(storage[4..<8])).map { .tcp(host: "\($0)", port: port) }
        case AF_INET6: return IPAddress(bytes: Array(storage[8..<24])).map { .tcp(host: "\($0)", port: port) }
        case AF_UNIX:
            let path = storage[2..<Int(length)].prefix { $0 != 0 }
            return path.isEmpty ? nil : .unix(path: String(decoding: path, as: UTF8.self))
        default: return nil
        }
    }
}

extension Endpoint {
    /// Addresses can be written in several ways.
    fileprivate var canonical: Endpoint {
        switch self {
        case .tcp(let host, let port): .tcp(host: IPAddress(host).map { "\($0)" } ?? host, port: port)
        case .unix: self
        }
    }
}
