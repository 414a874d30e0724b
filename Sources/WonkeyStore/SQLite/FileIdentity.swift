import Glibc

/// Which file a path names, whatever it is called.
struct FileIdentity: Hashable, Sendable {
    let device: UInt64
    let node: UInt64

    /// Looks the file up.
    ///
    /// - Parameter path: Of the file; `nil` comes of one that does not exist or cannot be seen.
    init?(path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.device = UInt64(status.st_dev)
        self.node = UInt64(status.st_ino)
    }
}
