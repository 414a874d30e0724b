import Glibc
import Logging

/// How many files and sockets the process may have open.
enum DescriptorLimit {
    /// Raises the soft limit to the hard one, and warns if configured connections may still run into it.
    ///
    /// - Parameters:
    ///   - connections: Client connections at most; each may need another one to an upstream.
    ///   - logger: Gets the warning.
    static func raise(connections: Int, logger: Logger) {
        var limit = rlimit()
        guard unsafe getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        _ = unsafe setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_max < UInt(2 * connections + 64) else { return }
        logger.warning(
            "the limit of open files is below what server.connections may need",
            metadata: ["limit": "\(limit.rlim_max)", "wanted": "\(2 * connections + 64)"]
        )
    }
}
