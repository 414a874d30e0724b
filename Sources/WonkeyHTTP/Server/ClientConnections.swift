internal import NIOCore
internal import Synchronization
internal import WonkeyCore

/// Why a connection was closed before anything was read from it.
package enum ConnectionRefusal: String, Sendable, CaseIterable {
    /// ``ServerLimits/connectionsMax``
    case total
    /// ``ServerLimits/connectionsPerAddressMax``
    case address
}

/// Counts the connections of each client address, those of an IPv6 network of 64 bits together.
final class ClientConnections: Sendable {
    /// What counts as one client.
    struct Client: Hashable, Sendable {
        private let network: UInt64
        private let isIPv4: Bool

        init(_ address: IPAddress) {
            self.network = address.bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
            self.isIPv4 = address.isIPv4
        }
    }

    private let counts = Mutex<[Client: Int]>([:])

    /// Counts one more connection unless there are enough.
    ///
    /// - Returns: Whether it was counted.
    func add(_ client: Client, max: Int) -> Bool {
        self.counts.withLock { counts in
            let count = counts[client, default: 0]
            guard count < max else { return false }
            counts[client] = count + 1
            return true
        }
    }

    func remove(_ client: Client) {
        self.counts.withLock { counts in
            guard let count = counts[client] else { return }
            counts[client] = count > 1 ? count - 1 : nil
        }
    }

    /// Clients with a connection.
    var count: Int { self.counts.withLock(\.count) }
}

extension ServerLimits {
    /// Whose connections are counted; `nil` for a Unix socket and for those that stand for many clients.
    func counted(_ address: SocketAddress?) -> ClientConnections.Client? {
        guard let text = address?.ipAddress, let address = IPAddress(text.prefix { $0 != "%" }),
            !self.uncountedAddresses.contains(where: { $0.contains(address) })
        else { return nil }
        return ClientConnections.Client(address)
    }
}
