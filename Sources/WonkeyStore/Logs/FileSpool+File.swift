import Foundation
import WonkeyCore

/// One open file of the spool, closed when it leaves scope.
struct SpoolFile: ~Copyable {
    private let descriptor: Int32
    private var isLocked = false

    private init(path: String, flags: Int32) throws(StoreError) {
        self.descriptor = unsafe open(path, flags | O_CLOEXEC, 0o600)
        guard self.descriptor >= 0 else { throw Self.error("cannot open a spool file") }
    }

    deinit {
        // A child forked elsewhere in this process shares the lock until it executes its program; closing is not enough.
        if self.isLocked { _ = flock(self.descriptor, LOCK_UN) }
        close(self.descriptor)
    }

    /// Opens a file and takes its lock, which ends with this process at the latest.
    static func locked(path: String) throws(StoreError) -> SpoolFile {
        var file = try SpoolFile(path: path, flags: O_RDWR | O_CREAT)
        guard flock(file.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            if errno == EWOULDBLOCK {
                throw StoreError(code: .conflict, message: "another process uses the spool folder")
            }
            throw self.error("cannot lock the spool folder")
        }
        file.isLocked = true
        return file
    }

    /// Writes a whole file that survives a crash: another name, sync, rename, sync of the folder.
    static func write(_ content: [UInt8], to path: String, in directory: String) throws(StoreError) {
        let temporary = path + ".tmp"
        do throws(StoreError) {
            let file = try SpoolFile(path: temporary, flags: O_WRONLY | O_CREAT | O_TRUNC)
            try file.writeAll(content)
            guard fsync(file.descriptor) == 0 else { throw self.error("cannot sync a spool file") }
            try self.rename(temporary, to: path)
        } catch {
            _ = unsafe unlink(temporary)
            throw error
        }
        let folder = try SpoolFile(path: directory, flags: O_RDONLY | O_DIRECTORY)
        guard fsync(folder.descriptor) == 0 else { throw self.error("cannot sync the spool folder") }
    }

    static func read(_ path: String) throws(StoreError) -> [UInt8] {
        let file = try SpoolFile(path: path, flags: O_RDONLY)
        var content: [UInt8] = []
        while true {
            var failed = false
            let count = content.count
            // Grows by a block at a time; the closure gives only the bytes that were read.
            let block = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, initialized in
                let got = unsafe Foundation.read(file.descriptor, buffer.baseAddress, buffer.count)
                failed = got < 0
                initialized = max(0, got)
            }
            if failed, errno == EINTR { continue }
            guard !failed else { throw self.error("cannot read a spool file") }
            content += block
            if content.count == count { return content }
        }
    }

    static func rename(_ path: String, to other: String) throws(StoreError) {
        guard unsafe Foundation.rename(path, other) == 0 else { throw self.error("cannot rename a spool file") }
    }

    /// Removes a file; one that is gone already is no error.
    static func remove(_ path: String) throws(StoreError) {
        guard unsafe unlink(path) == 0 || errno == ENOENT else { throw self.error("cannot remove a spool file") }
    }

    private func writeAll(_ content: [UInt8]) throws(StoreError) {
        var offset = 0
        while offset < content.count {
            let written = unsafe content.withUnsafeBytes { bytes in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: bytes[offset...])
                return unsafe Foundation.write(self.descriptor, rest.baseAddress, rest.count)
            }
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { throw Self.error("cannot write a spool file") }
            offset += written
        }
    }

    private static func error(_ message: String) -> StoreError {
        let code = errno
        let isFull = code == ENOSPC || code == EDQUOT || code == EFBIG
        return StoreError(code: isFull ? .full : .unavailable, message: "\(message) (errno \(code))")
    }
}
