import Dispatch
import Foundation
import GRDB
import Glibc
import Synchronization
import WonkeyCore

/// SQLite through GRDB: one writer, several readers, and a connection that watches for commits.
///
/// Opened by the first use, and again after the file came back or was replaced: nothing here has to be restarted.
/// All connections run on GRDB's queues. A lock is waited for at most `busyTimeout`.
///
/// Journal: WAL, so that readers and the one writer do not wait for each other. `synchronous = FULL`: WAL under
/// `NORMAL` may lose the last commits when the power fails, and a revocation, or a log batch already dropped from the
/// spool, must not be lost. The price is one `fsync` per transaction, and transactions are few: batches of records,
/// and changes made by people.
final class SQLiteDatabase: SQLDatabase {
    /// Closed by letting go of it, when the last use has ended: GRDB crashes on a use after `close()`.
    private struct Connections: Sendable {
        let pool: DatabasePool
        /// Writes nothing, so that `data_version` tells of every commit, this process's own included.
        let watcher: DatabaseQueue
        let file: FileIdentity
        let number: Int
    }

    private struct State: Sendable {
        var connections: Connections?
        /// How often the file was opened: tells the watchers' numbers of two openings apart.
        var openings = 0
    }

    private let path: String
    private let busyTimeout: Duration
    private let state = Mutex(State())
    /// Opening waits for files and locks; one at a time, and not on Swift's own threads.
    private let openingQueue = DispatchQueue(label: "wonkey.store.open")

    var dialect: SQLDialect { .sqlite }

    init(path: String, busyTimeout: Duration = .seconds(2)) {
        self.path = path
        self.busyTimeout = busyTimeout
    }

    /// Itself: SQLite knows no users, so the repositories' conditions are all that guards here.
    func scoped(to scope: StoreScope) -> any SQLDatabase { self }

    func read<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        let pool = try await self.connections().pool
        do {
            return try await pool.read { try body(SQLiteConnection($0)) }
        } catch {
            throw StoreError(error)
        }
    }

    func write<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws -> Value
    ) async throws(StoreError) -> Value {
        let pool = try await self.connections().pool
        do {
            return try await pool.write { try body(SQLiteConnection($0)) }
        } catch {
            throw StoreError(error)
        }
    }

    func commitVersion() async throws(StoreError) -> CommitVersion {
        let connections = try await self.connections()
        do {
            let value = try await connections.watcher.read { try Int64.fetchOne($0, sql: "PRAGMA data_version") }
            return CommitVersion(connection: connections.number, value: value ?? 0)
        } catch {
            throw StoreError(error)
        }
    }

    func awaitCommit(since version: CommitVersion, patience: Duration) async throws(StoreError) -> Bool {
        do {
            try await Task.sleep(for: patience)
        } catch {
            throw StoreError(error)
        }
        return try await self.commitVersion() != version
    }

    func close() async {
        await withCheckedContinuation { continuation in
            self.openingQueue.async {
                _ = self.state.withLock { $0.connections.take() }
                continuation.resume()
            }
        }
    }
}

// MARK: - Files

extension SQLiteDatabase {
    func exists() -> Bool {
        FileIdentity(path: self.path) != nil
    }

    func create() async throws(StoreError) {
        guard !self.exists() else { return }
        let directory = URL(fileURLWithPath: self.path).deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(
                at: directory,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o750]
            )
        } catch {
            throw StoreError(code: .unavailable, message: "cannot make the folder of \(self.path)")
        }
        // Only ever a new file: closing a descriptor of a database in use would drop SQLite's locks on it.
        let descriptor = unsafe open(self.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
        let reason = errno
        if descriptor >= 0 {
            Glibc.close(descriptor)
        } else if reason != EEXIST {
            let code: StoreError.Code = reason == ENOSPC || reason == EDQUOT ? .full : .unavailable
            throw StoreError(code: code, message: "cannot make \(self.path) (errno \(reason))")
        }
    }

    /// The open connections to the file that is at the path now.
    private func connections() async throws(StoreError) -> Connections {
        let file = try self.file()
        if let open = self.state.withLock({ $0.connections }), open.file == file { return open }
        let result: Result<Connections, StoreError> = await withCheckedContinuation { continuation in
            self.openingQueue.async {
                continuation.resume(returning: Result { () throws(StoreError) in try self.reopen() })
            }
        }
        return try result.get()
    }

    private func file() throws(StoreError) -> FileIdentity {
        guard let file = FileIdentity(path: self.path) else {
            throw StoreError(code: .unavailable, message: "there is no database file at \(self.path)")
        }
        return file
    }

    /// Runs on the opening queue.
    private func reopen() throws(StoreError) -> Connections {
        let file = try self.file()
        if let open = self.state.withLock({ $0.connections }), open.file == file { return open }
        let openings = self.state.withLock { state in
            state.connections = nil
            return state.openings
        }
        do {
            let new = Connections(
                pool: try self.openPool(),
                watcher: try DatabaseQueue(path: self.path, configuration: self.configuration(isReadOnly: true)),
                file: file,
                number: openings + 1
            )
            self.state.withLock { $0 = State(connections: new, openings: new.number) }
            return new
        } catch {
            throw StoreError(error)
        }
    }

    /// Opens the pool; tries again while the file is locked, because SQLite does not wait when two processes turn WAL on.
    private func openPool() throws -> DatabasePool {
        let deadline = ContinuousClock.now + self.busyTimeout
        while true {
            do {
                return try self.openPoolOnce()
            } catch let error as DatabaseError where error.resultCode == .SQLITE_BUSY && ContinuousClock.now < deadline
            {
                Thread.sleep(forTimeInterval: 0.005)
            }
        }
    }

    private func openPoolOnce() throws -> DatabasePool {
        let pool = try DatabasePool(path: self.path, configuration: self.configuration(isReadOnly: false))
        // GRDB sets NORMAL when it turns WAL on.
        try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
        return pool
    }

    private func configuration(isReadOnly: Bool) -> Configuration {
        var configuration = Configuration()
        configuration.label = "wonkey.store"
        configuration.readonly = isReadOnly
        configuration.foreignKeysEnabled = true
        configuration.busyMode = .timeout(Double(self.busyTimeout.milliseconds) / 1_000)
        configuration.maximumReaderCount = 4
        return configuration
    }
}
