internal import Glibc

/// Why the files of a certificate cannot be used; names the file, never its contents.
package struct TLSFileFault: Error, Hashable, Sendable {
    package var path: String
    /// What is wrong with it, beginning in lower case.
    package var message: String

    init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }
}

/// A certificate chain and its private key, as files in PEM.
package struct TLSKeyFiles: Hashable, Sendable {
    /// The certificate itself first, then those that lead to its authority.
    package var certificate: String
    package var privateKey: String

    package init(certificate: String, privateKey: String) {
        self.certificate = certificate
        self.privateKey = privateKey
    }
}

/// Reads what TLS needs from files; blocks, so it is not for event loops.
enum TLSFile {
    /// Chains and lists of authorities are far smaller.
    private static let sizeMax = 4 << 20

    /// Reads a file whole.
    static func read(_ path: String) throws(TLSFileFault) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw TLSFile.fault(path) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            }
            guard count >= 0 else {
                guard errno == EINTR else { throw TLSFile.fault(path) }
                continue
            }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= TLSFile.sizeMax else { throw TLSFileFault(path, "is larger than 4MiB") }
        }
    }

    private static func fault(_ path: String) -> TLSFileFault {
        switch errno {
        case ENOENT: TLSFileFault(path, "cannot be read: no such file")
        case EACCES: TLSFileFault(path, "cannot be read: permission denied")
        case EISDIR: TLSFileFault(path, "cannot be read: it is a directory")
        default: TLSFileFault(path, "cannot be read: \(unsafe String(cString: strerror(errno)))")
        }
    }
}

/// What tells a file that was replaced or written to from the file it was.
struct FileStamp: Hashable, Sendable {
    var seconds: Int
    var nanoseconds: Int
    var size: Int
    var node: UInt

    /// Looks at a file, behind symbolic links; `nil` if there is none to look at.
    init?(_ path: String) {
        var status = stat()
        guard unsafe stat(path, &status) == 0 else { return nil }
        self.seconds = status.st_mtim.tv_sec
        self.nanoseconds = status.st_mtim.tv_nsec
        self.size = Int(status.st_size)
        self.node = UInt(status.st_ino)
    }

    init(seconds: Int, nanoseconds: Int = 0, size: Int = 0, node: UInt = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
        self.size = size
        self.node = node
    }
}
