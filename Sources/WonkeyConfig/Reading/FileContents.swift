#if canImport(Glibc)
    internal import Glibc
#elseif canImport(Musl)
    internal import Musl
#else
    internal import Darwin
#endif

/// Reads small files whole.
enum FileContents {
    /// Why a file could not be read.
    struct Failure: Error, Equatable {
        /// The system's words, without the path.
        var message: String
    }

    /// Reads a file to its end.
    ///
    /// - Parameters:
    ///   - path: Relative to the working directory unless it begins with a slash.
    ///   - sizeMax: Stops with a failure beyond this many bytes, so that a device cannot fill the memory.
    /// - Returns: All bytes.
    /// - Throws: ``Failure``.
    static func read(_ path: String, sizeMax: Int) throws(Failure) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.failure() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = unsafe chunk.withUnsafeMutableBytes { buffer in
                unsafe Self.read(descriptor, buffer)
            }
            guard count >= 0 else {
                guard errno == EINTR else { throw Self.failure() }
                continue
            }
            guard count > 0 else { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= sizeMax else { throw Failure(message: "it is larger than \(ByteSize.text(sizeMax))") }
        }
    }

    private static func read(_ descriptor: CInt, _ buffer: UnsafeMutableRawBufferPointer) -> Int {
        #if canImport(Glibc)
            unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
        #elseif canImport(Musl)
            unsafe Musl.read(descriptor, buffer.baseAddress, buffer.count)
        #else
            unsafe Darwin.read(descriptor, buffer.baseAddress, buffer.count)
        #endif
    }

    private static func failure() -> Failure {
        switch errno {
        case ENOENT: Failure(message: "no such file")
        case EACCES: Failure(message: "permission denied")
        case EISDIR: Failure(message: "it is a directory")
        default: Failure(message: unsafe String(cString: strerror(errno)))
        }
    }
}
