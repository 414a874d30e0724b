import Dispatch
import Foundation
import Synchronization
import WonkeyCore
import WonkeyGateway

/// A descriptor, or a file that is opened anew when somebody moved it away.
final class AccessLogFile: AccessLogOutput {
    struct Failure: Error, CustomStringConvertible {
        var what: String
        var code: Int32

        var description: String { "\(self.what): \(unsafe String(cString: strerror(self.code)))" }
    }

    private struct State {
        var descriptor: Int32
        var isRegularFile: Bool
        /// Device and inode of the open file.
        var identity: (UInt64, UInt64)
        /// A line was cut off by an error.
        var isMidLine = false
    }

    private let path: String?
    private let state: Mutex<State>
    /// Blocks nobody but itself.
    private let queue = DispatchQueue(label: "wonkey-access-log")

    /// Writes to an open descriptor, which stays open.
    init(descriptor: Int32) {
        self.path = nil
        self.state = Mutex(Self.opened(descriptor))
    }

    /// Opens a file, at its end.
    ///
    /// - Throws: ``Failure`` if it cannot be written.
    init(path: String) throws {
        self.path = path
        self.state = Mutex(Self.opened(try Self.open(path)))
    }

    deinit {
        if self.path != nil { close(self.state.withLock(\.descriptor)) }
    }

    func write(_ bytes: ArraySlice<UInt8>) async throws -> Int {
        try await withCheckedThrowingContinuation { continuation in
            self.queue.async { continuation.resume(with: Result { try self.writeSome(bytes) }) }
        }
    }

    /// Opens the file anew if it was moved away.
    func reopen() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            self.queue.async {
                continuation.resume(with: Result { try self.state.withLock { try self.follow(&$0) } })
            }
        }
    }

    private func writeSome(_ bytes: ArraySlice<UInt8>) throws -> Int {
        try self.state.withLock { state in
            try self.follow(&state)
            if state.isMidLine, try Self.write([UInt8(ascii: "\n")], state) == 1 { state.isMidLine = false }
            do {
                return try Self.write(bytes, state)
            } catch {
                state.isMidLine = state.isRegularFile
                throw error
            }
        }
    }

    /// Opens the file anew if another one, or none, has its name.
    private func follow(_ state: inout State) throws {
        guard let path = self.path else { return }
        var status = stat()
        let isThere = unsafe stat(path, &status) == 0
        guard !isThere || (UInt64(status.st_dev), UInt64(status.st_ino)) != state.identity else { return }
        let descriptor = try Self.open(path)
        close(state.descriptor)
        state = Self.opened(descriptor)
    }

    private static func open(_ path: String) throws -> Int32 {
        let descriptor = unsafe Foundation.open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0o640)
        guard descriptor >= 0 else { throw Failure(what: "cannot open the access log \(path)", code: errno) }
        return descriptor
    }

    private static func opened(_ descriptor: Int32) -> State {
        var status = stat()
        let isKnown = unsafe fstat(descriptor, &status) == 0
        return State(
            descriptor: descriptor,
            isRegularFile: isKnown && status.st_mode & S_IFMT == S_IFREG,
            identity: (UInt64(status.st_dev), UInt64(status.st_ino))
        )
    }

    /// Gives a pipe no more than it takes at once, and waits a second for its reader.
    private static func write(_ bytes: ArraySlice<UInt8>, _ state: State) throws -> Int {
        var waiting = pollfd(fd: state.descriptor, events: Int16(POLLOUT), revents: 0)
        guard unsafe poll(&waiting, 1, 1_000) != 0 else { return 0 }
        let part = state.isRegularFile ? bytes : bytes.prefix(4_096)
        let count = unsafe part.withUnsafeBytes { unsafe Foundation.write(state.descriptor, $0.baseAddress, $0.count) }
        if count >= 0 { return count }
        let code = errno
        guard code != EINTR, code != EAGAIN else { return 0 }
        throw Failure(what: "cannot write the access log", code: code)
    }
}
