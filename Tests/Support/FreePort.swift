import NIOCore
import NIOPosix
import Synchronization

/// Hands out loopback ports for programs that are told where to listen.
///
/// They lie below the range the system takes ports from by itself (32768 on Linux), so that no connection and no
/// listener on port 0 of another test can take one between here and the program's start.
package enum FreePort {
    package struct Failure: Error {
        package var message: String
    }

    private static let first = 15_000
    private static let count = 17_000
    private static let next = Atomic<Int>(Int.random(in: 0..<17_000))

    /// A port that nobody listens on and that this process hands out once.
    ///
    /// - Returns: The port.
    /// - Throws: ``Failure`` if a hundred ports in a row are taken.
    package static func reserve() async throws -> Int {
        for _ in 0..<100 {
            let port = Self.first + Self.next.add(1, ordering: .relaxed).newValue % Self.count
            let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            guard let channel = try? await bootstrap.bind(host: "127.0.0.1", port: port).get() else { continue }
            try await channel.close()
            return port
        }
        throw Failure(message: "no free port")
    }
}
