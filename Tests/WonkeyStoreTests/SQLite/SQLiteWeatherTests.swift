import Foundation
import GRDB
import Logging
import Support
import Testing
import WonkeyCore

@testable import WonkeyStore

/// What SQLite does when its file is in trouble; every test ends with the store working again by itself.
@Suite("SQLite in bad weather", .temporaryDirectory)
struct SQLiteWeatherTests {
    private struct File {
        let path: String

        init() throws {
            self.path = try #require(TemporaryDirectory.current).file("wonkey.db")
        }

        func store() -> TestStore {
            let path = self.path
            return TestStore(place: Place { SQLiteDatabase(path: path, busyTimeout: .milliseconds(50)) })
        }

        /// Moves the database with its side files.
        func move(to other: String) throws {
            for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: self.path + suffix) {
                try FileManager.default.moveItem(atPath: self.path + suffix, toPath: other + suffix)
            }
        }
    }

    @Test("while another process writes, reading works and writing is unavailable; then both work")
    func writeLock() async throws {
        let file = try File()
        let test = file.store()
        try await test.store.administration.createProject(project("a"), by: operatorActor)
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: file.path, configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let code = try await storeErrorCode {
            try await test.store.administration.createProject(project("b"), by: operatorActor)
        }
        #expect(code == .unavailable)
        #expect(try await test.store.administration.projects() == [project("a")])
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try await test.store.administration.createProject(project("b"), by: operatorActor)
        #expect(try await test.store.administration.projects() == [project("a"), project("b")])
        try other.close()
        await test.store.close()
    }

    @Test("a file that is locked while it is opened is opened later")
    func lockedAtOpening() async throws {
        let file = try File()
        let first = file.store()
        try await first.store.administration.createProject(project("a"), by: operatorActor)
        await first.store.close()
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: file.path, configuration: configuration)
        try await other.writeWithoutTransaction { database in
            try database.execute(sql: "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE t (a)")
        }
        let test = file.store()
        #expect(try await storeErrorCode { _ = try await test.store.administration.projects() } == .unavailable)
        try await other.writeWithoutTransaction { try $0.execute(sql: "ROLLBACK") }
        try other.close()
        #expect(try await test.store.administration.projects() == [project("a")])
        await test.store.close()
    }

    @Test("a file that is moved away is unavailable, is not made anew, and works when it is back")
    func moved() async throws {
        let file = try File()
        let test = file.store()
        try await test.store.administration.createProject(project("a"), by: operatorActor)
        try file.move(to: file.path + ".away")
        let codes = [
            try await storeErrorCode { _ = try await test.store.keys.keyRecord(hash: hash("one")) },
            try await storeErrorCode { _ = try await test.store.changes.changes(after: 0) },
            try await storeErrorCode { try await test.store.logSink.write(LogBatch(id: "b", records: [], usage: [])) },
        ]
        #expect(codes == [.unavailable, .unavailable, .unavailable])
        #expect(!FileManager.default.fileExists(atPath: file.path))
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: file.path + ".away" + suffix) {
            try FileManager.default.moveItem(atPath: file.path + ".away" + suffix, toPath: file.path + suffix)
        }
        try await test.store.administration.createProject(project("b"), by: operatorActor)
        #expect(try await test.store.administration.projects() == [project("a"), project("b")])
        await test.store.close()
    }

    @Test("a file that comes back after something else lay in its place works again, uses on the way included")
    func junkInBetween() async throws {
        let file = try File()
        let test = file.store()
        try await test.store.administration.createProject(project("a"), by: operatorActor)
        let latest = try await test.store.changes.latest()
        try file.move(to: file.path + ".away")
        #expect(FileManager.default.createFile(atPath: file.path, contents: Data("not a database".utf8)))
        let code = try await storeErrorCode { _ = try await test.store.changes.changes(after: latest) }
        #expect(code == .corrupt)
        try FileManager.default.removeItem(atPath: file.path)
        for suffix in ["", "-wal", "-shm"] where FileManager.default.fileExists(atPath: file.path + ".away" + suffix) {
            try FileManager.default.moveItem(atPath: file.path + ".away" + suffix, toPath: file.path + suffix)
        }
        #expect(try await test.store.changes.changes(after: latest) == [])
        #expect(try await test.store.administration.projects() == [project("a")])
        await test.store.close()
    }

    @Test("a file that is replaced is opened anew, and the feed goes on with it")
    func replaced() async throws {
        let file = try File()
        let test = file.store()
        try await test.store.administration.createProject(project("a"), by: operatorActor)
        #expect(try await test.store.changes.changes(after: 0).count == 1)
        try file.move(to: file.path + ".old")
        let restored = file.store()
        try await restored.store.administration.createProject(project("b"), by: operatorActor)
        await restored.store.close()
        #expect(try await test.store.administration.projects() == [project("b")])
        #expect(try await test.store.changes.changes(after: 0).map(\.projectID) == [project("b").id])
        await test.store.close()
    }

    @Test("a server starts without a place for its database and makes it once it can")
    func lateFolder() async throws {
        let file = try File()
        let blocker = file.path + ".d"
        // A file where the folder should be.
        try Data().write(to: URL(fileURLWithPath: blocker))
        let url = "sqlite:\(blocker)/wonkey.db"
        let store = try await Store.open(url: url, mode: .serve, logger: Logger(label: "test"))
        #expect(try await storeErrorCode { _ = try await store.changes.latest() } == .unavailable)
        try FileManager.default.removeItem(atPath: blocker)
        #expect(try await store.changes.latest() == 0)
        await store.close()
    }

    @Test("a file that is no database is corrupt, and a good one in its place is used")
    func damaged() async throws {
        let file = try File()
        try Data(repeating: 0x5A, count: 8_192).write(to: URL(fileURLWithPath: file.path))
        let url = "sqlite:" + file.path
        let code = try await storeErrorCode {
            _ = try await Store.open(url: url, mode: .serve, logger: Logger(label: "test"))
        }
        #expect(code == .corrupt)
        let test = file.store()
        #expect(try await storeErrorCode { _ = try await test.store.changes.latest() } == .corrupt)
        try FileManager.default.removeItem(atPath: file.path)
        #expect(try await test.store.changes.latest() == 0)
        await test.store.close()
    }

    @Test("a full database takes nothing of a batch, and all of it once there is room")
    func full() async throws {
        let file = try File()
        let test = file.store()
        _ = try await test.store.changes.latest()
        // SQLite raises the number to the pages there are already.
        try await test.database.write { try $0.runScript("PRAGMA max_page_count = 1") }
        let records = (0..<2_000).map { record("r\($0)", at: Int64($0)) }
        let usage = [
            UsageDelta(
                projectID: project("a").id,
                keyID: KeyID(rawValue: "key_one"),
                day: 1,
                requests: 2_000,
                images: 0,
                lastUsedAt: at(1)
            )
        ]
        let batch = LogBatch(id: "b", records: records, usage: usage)
        #expect(try await storeErrorCode { try await test.store.logSink.write(batch) } == .full)
        let filter = LogFilter(projectID: project("a").id)
        #expect(try await test.store.logs.count(filter) == 0)
        try await test.database.write { try $0.runScript("PRAGMA max_page_count = 100000") }
        try await test.store.logSink.write(batch)
        #expect(try await test.store.logs.count(filter) == 2_000)
        #expect(try await test.store.logs.usage(of: project("a").id, key: nil, fromDay: 1, toDay: 1).count == 1)
        await test.store.close()
    }

    @Test("a closed store opens again at its next use, and never takes an old commit version for a new one")
    func reopened() async throws {
        let file = try File()
        let test = file.store()
        try await test.store.administration.createProject(project("a"), by: operatorActor)
        let version = try await test.database.commitVersion()
        #expect(try await test.database.commitVersion() == version)
        await test.store.close()
        #expect(try await test.store.administration.projects() == [project("a")])
        #expect(try await test.database.commitVersion() != version)
        await test.store.close()
    }

    @Test("commits are synced to the disk, and foreign keys hold")
    func pragmas() async throws {
        let file = try File()
        let test = file.store()
        _ = try await test.store.changes.latest()
        let pragmas = try await test.database.write { connection in
            try ["PRAGMA journal_mode", "PRAGMA synchronous", "PRAGMA foreign_keys"].flatMap { (query: BoundSQL) in
                try connection.rows(query) { $0.values }
            }
        }
        #expect(pragmas == [[.text("wal")], [.integer(2)], [.integer(1)]])
        await test.store.close()
    }
}
