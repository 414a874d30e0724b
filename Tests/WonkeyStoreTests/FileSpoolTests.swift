import Foundation
import Logging
import Support
import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("The spool on disk", .temporaryDirectory)
struct FileSpoolTests {
    private var directory: String {
        get throws { try #require(TemporaryDirectory.current).file("spool") }
    }

    private func open(sizeMax: Int64 = 1 << 20) throws -> FileSpool {
        try FileSpool(directory: self.directory, sizeMax: sizeMax, logger: Logger(label: "test"))
    }

    private func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: self.directory).sorted()
    }

    /// A batch with every member set to something that needs care.
    private func batch(_ number: Int) -> LogBatch {
        let record = RequestRecord(
            id: "r\(number)",
            requestID: "q\"\\\n\u{1}\u{7F}ü😀",
            time: Timestamp(millisecondsSinceEpoch: 1_795_254_160_123),
            projectID: ProjectID(rawValue: "proj_1"),
            keyID: number == 0 ? nil : KeyID(rawValue: "key_1"),
            method: "POST",
            path: "/v1/ä",
            route: number == 0 ? nil : "api",
            status: 599,
            latencyMicroseconds: 1_234_567_001,
            bytesReceived: .max,
            bytesSent: 1 << 60,
            clientAddress: "::1",
            userAgent: number == 0 ? nil : "",
            limitVerdict: .refusedDegraded,
            fault: .upstream,
            images: 3
        )
        let usage = UsageDelta(
            projectID: ProjectID(rawValue: "proj_1"),
            keyID: KeyID(rawValue: "key_1"),
            day: 20_778,
            requests: 5,
            images: 3,
            lastUsedAt: Timestamp(millisecondsSinceEpoch: 1_795_254_160_123)
        )
        var tally = RollupTally()
        tally.count(record)
        return LogBatch(
            id: "b\(number)",
            records: [record, record],
            usage: number == 0 ? [] : [usage],
            rollups: number == 0 ? [] : tally.sums
        )
    }

    private func drain(_ spool: FileSpool) async throws -> [LogBatch] {
        var batches: [LogBatch] = []
        while let batch = try await spool.first() {
            batches.append(batch)
            try await spool.removeFirst()
        }
        return batches
    }

    @Test("batches come back whole and in order, also after a restart in the middle")
    func restart() async throws {
        do {
            let spool = try self.open()
            for number in 0..<12 { try await spool.append(self.batch(number)) }
            #expect(try await spool.first() == self.batch(0))
            try await spool.removeFirst()
        }
        let spool = try self.open()
        try await spool.append(self.batch(12))
        let status = try await spool.status()
        #expect(status.batches == 12 && status.records == 24)
        #expect(try await self.drain(spool) == (1...12).map { self.batch($0) })
        #expect(try await spool.status() == LogSpoolStatus())
        #expect(try self.files() == ["lock"])
    }

    @Test("a file of a version without rollups comes back with those of its records")
    func withoutRollups() async throws {
        let spool = try self.open()
        var batch = self.batch(1)
        batch.rollups = []
        try await spool.append(batch)
        let path = try self.directory + "/" + self.files()[0]
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacingOccurrences(of: ",\"rollups\":0", with: "").write(
            toFile: path,
            atomically: true,
            encoding: .utf8
        )
        var tally = RollupTally()
        for record in batch.records { tally.count(record) }
        batch.rollups = tally.sums
        #expect(try await spool.first() == batch)
    }

    @Test("only this user may read the folder and its files")
    func permissions() async throws {
        let spool = try self.open()
        try await spool.append(self.batch(0))
        let paths = try [self.directory] + self.files().map { try self.directory + "/" + $0 }
        let modes = try paths.map { try FileManager.default.attributesOfItem(atPath: $0)[.posixPermissions] as? Int }
        #expect(modes == [0o700, 0o600, 0o600])
    }

    @Test("a damaged file is renamed, counted and skipped; those around it come back")
    func damaged() async throws {
        let spool = try self.open()
        for number in 0..<5 { try await spool.append(self.batch(number)) }
        let names = try self.files().filter { $0.hasSuffix(".jsonl") }
        let path = try self.directory + "/"
        let whole = try Data(contentsOf: URL(fileURLWithPath: path + names[1]))
        try whole.dropLast().write(to: URL(fileURLWithPath: path + names[1]))
        try Data().write(to: URL(fileURLWithPath: path + names[2]))
        let text = try String(contentsOfFile: path + names[3], encoding: .utf8)
        try text.replacingOccurrences(of: "upstream", with: "nobody").write(
            toFile: path + names[3],
            atomically: true,
            encoding: .utf8
        )
        #expect(try await self.drain(spool) == [self.batch(0), self.batch(4)])
        #expect(try await spool.status() == LogSpoolStatus(damagedRecords: 6))
        #expect(try self.files() == names[1...3].map { $0 + ".damaged" } + ["lock"])
    }

    @Test("a half-written file of a killed process is forgotten, other files are left alone")
    func leftovers() async throws {
        let path = try self.directory + "/"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        let names = ["0000000000000007-2.jsonl.tmp", "0000000000000009-2.jsonl.damaged", "notes.txt", "x-y.jsonl"]
        for name in names { try Data("{".utf8).write(to: URL(fileURLWithPath: path + name)) }
        let spool = try self.open()
        #expect(try await spool.first() == nil)
        try await spool.append(self.batch(1))
        #expect(
            try self.files() == [
                "0000000000000009-2.jsonl.damaged", "0000000000000010-2.jsonl", "lock", "notes.txt", "x-y.jsonl",
            ]
        )
    }

    @Test("the size limit refuses what does not fit, and removing makes room")
    func full() async throws {
        let bytes = Int64(SpooledBatch.encode(self.batch(1)).count)
        let spool = try self.open(sizeMax: 2 * bytes)
        try await spool.append(self.batch(1))
        try await spool.append(self.batch(2))
        let error = await #expect(throws: StoreError.self) { try await spool.append(self.batch(3)) }
        #expect(error?.code == .full)
        try await spool.removeFirst()
        try await spool.append(self.batch(3))
        #expect(try await self.drain(spool) == [self.batch(2), self.batch(3)])
    }

    @Test("a second user of the folder is refused, and let in when the first is gone")
    func exclusive() async throws {
        var spool: FileSpool? = try self.open()
        try await spool?.append(self.batch(1))
        let error = #expect(throws: StoreError.self) { _ = try self.open() }
        #expect(error?.code == .conflict)
        spool = nil
        #expect(try await self.open().first() == self.batch(1))
    }

    @Test("a folder that cannot be made is an error")
    func noFolder() throws {
        let error = #expect(throws: StoreError.self) {
            _ = try FileSpool(directory: "/dev/null/spool", sizeMax: 1, logger: Logger(label: "test"))
        }
        #expect(error?.code == .unavailable)
    }
}
