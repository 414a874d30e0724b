internal import Glibc
import ServiceLifecycle

/// Tells the service manager how the process is doing: datagrams to `$NOTIFY_SOCKET` (sd_notify(3)).
///
/// Without one every call does nothing.
package struct ServiceManager: Sendable {
    private let socketPath: String?
    /// How often it wants to hear of the process; `nil` if it does not.
    package let watchdogInterval: Duration?

    package init(environment: [String: String]) {
        let path = environment["NOTIFY_SOCKET"].flatMap { $0.isEmpty ? nil : $0 }
        self.socketPath = path
        let isMeant = environment["WATCHDOG_PID"].map { pid_t($0) == getpid() } ?? true
        let microseconds = environment["WATCHDOG_USEC"].flatMap(Int64.init)
        self.watchdogInterval = path != nil && isMeant ? microseconds.map { .microseconds($0) } : nil
    }

    /// Everything is served.
    package func ready() {
        self.notify("READY=1\nSTATUS=serving")
    }

    /// The configuration is read again; ``ready()`` follows, whatever became of it.
    package func reloading() {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        let microseconds = Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
        self.notify("RELOADING=1\nMONOTONIC_USEC=\(microseconds)\nSTATUS=reading the configuration")
    }

    package func stopping() {
        self.notify("STOPPING=1\nSTATUS=draining")
    }

    package func alive() {
        self.notify("WATCHDOG=1")
    }

    /// Sends without waiting: a manager that does not listen holds up nobody.
    private func notify(_ text: String) {
        guard let path = self.socketPath, path.hasPrefix("/") || path.hasPrefix("@") else { return }
        let descriptor = socket(AF_UNIX, CInt(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        // An abstract socket's name begins with NUL.
        if bytes.first == UInt8(ascii: "@") { bytes[0] = 0 }
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { unsafe $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + bytes.count)
        let message = Array(text.utf8)
        _ = unsafe withUnsafePointer(to: &address) { address in
            unsafe address.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                unsafe sendto(
                    descriptor,
                    message,
                    message.count,
                    CInt(MSG_DONTWAIT | MSG_NOSIGNAL),
                    address,
                    length
                )
            }
        }
    }
}

/// Tells the service manager that the process lives, as often as that wants to hear it.
package struct WatchdogService: Service {
    private let manager: ServiceManager
    private let isAlive: @Sendable () async -> Void

    /// Makes the service.
    ///
    /// - Parameters:
    ///   - manager: Is told.
    ///   - isAlive: Returns if all is well, and hangs if it is not.
    package init(manager: ServiceManager, isAlive: @escaping @Sendable () async -> Void) {
        self.manager = manager
        self.isAlive = isAlive
    }

    package func run() async {
        await cancelWhenGracefulShutdown {
            guard let interval = self.manager.watchdogInterval else {
                // Ending would stop the process.
                for await _ in AsyncStream<Never>.makeStream().stream {}
                return
            }
            repeat {
                await self.isAlive()
                self.manager.alive()
            } while (try? await Task.sleep(for: interval / 2)) != nil
        }
    }
}
