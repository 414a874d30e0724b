import Foundation
import Support
import Testing
import WonkeyCore

@testable import WonkeyStore

@Suite("Records as JSON lines")
struct JSONLinesSinkTests {
    private func record(_ number: Int, userAgent: String? = nil) -> RequestRecord {
        RequestRecord(
            id: "r\(number)",
            requestID: "q\(number)",
            time: Timestamp(millisecondsSinceEpoch: 1_795_254_160_123),
            method: "GET",
            path: "/a\"b",
            status: 200,
            latencyMicroseconds: 12_034,
            userAgent: userAgent
        )
    }

    /// Keeps what it is given.
    private actor Recorder: LogSink {
        private(set) var batches: [LogBatch] = []
        private var failures: Int

        init(failures: Int = 0) { self.failures = failures }

        func write(_ batch: LogBatch) async throws(StoreError) {
            self.failures -= 1
            if self.failures >= 0 { throw StoreError(code: .unavailable, message: "") }
            self.batches.append(batch)
        }
    }

    @Test("one object per line, all members always there")
    func lines() async throws {
        try await withTemporaryDirectory { directory in
            let path = directory.file("log")
            try Data().write(to: URL(fileURLWithPath: path))
            let handle = try #require(FileHandle(forWritingAtPath: path))
            let sink = JSONLinesSink(descriptor: handle.fileDescriptor)
            let records = [self.record(1), self.record(2, userAgent: "c\t1")]
            try await sink.write(LogBatch(id: "b", records: records, usage: []))
            let members = { (number: Int, agent: String) in
                #"{"id":"r\#(number)","request_id":"q\#(number)","time":"2026-11-21T09:42:40.123Z","project_id":null,"#
                    + #""key_id":null,"method":"GET","path":"/a\"b","route":null,"status":200,"latency_ms":12.034,"#
                    + #""bytes_received":0,"bytes_sent":0,"client_address":"","user_agent":\#(agent),"#
                    + #""limit_verdict":"not_checked","fault":"none","images":0}"# + "\n"
            }
            #expect(
                try String(contentsOfFile: path, encoding: .utf8) == members(1, "null") + members(2, #""c\u00091""#)
            )
        }
    }

    @Test("a pipe that is not read ends the write in time, and the same batch goes on where it was cut")
    func slowReader() async throws {
        let pipe = Pipe()
        let sink = JSONLinesSink(descriptor: pipe.fileHandleForWriting.fileDescriptor, timeout: .milliseconds(10))
        let batch = LogBatch(id: "b", records: (0..<700).map { self.record($0) }, usage: [])
        var lines = JSONLines()
        for record in batch.records { lines.append(record) }
        let expected = Data(lines.bytes)
        var received = Data()
        var failures = 0
        while received.count < expected.count {
            do {
                try await sink.write(batch)
                received += try #require(try pipe.fileHandleForReading.read(upToCount: expected.count - received.count))
            } catch let error as StoreError {
                #expect(error.code == .unavailable)
                failures += 1
                received += pipe.fileHandleForReading.availableData
            }
        }
        #expect(failures > 0)
        #expect(received == expected)
    }

    @Test(
        "no room is reported as full, a closed descriptor as unavailable",
        arguments: [("/dev/full", true), ("/dev/null", false)]
    )
    func failures(path: String, isWritable: Bool) async throws {
        let handle = try #require(isWritable ? FileHandle(forWritingAtPath: path) : FileHandle(forReadingAtPath: path))
        let sink = JSONLinesSink(descriptor: handle.fileDescriptor, timeout: .milliseconds(10))
        let error = await #expect(throws: StoreError.self) {
            try await sink.write(LogBatch(id: "b", records: [self.record(1)], usage: []))
        }
        #expect(error?.code == (isWritable ? .full : .unavailable))
    }

    @Test("usage goes to one sink before the records go to the other; nothing empty goes anywhere")
    func splitting() async throws {
        let usage = UsageDelta(
            projectID: ProjectID(rawValue: "p"),
            keyID: KeyID(rawValue: "k"),
            day: 1,
            requests: 1,
            images: 0,
            lastUsedAt: Timestamp(millisecondsSinceEpoch: 1)
        )
        let (store, lines) = (Recorder(failures: 1), Recorder())
        let sink = UsageSplittingSink(usage: store, records: lines)
        let both = LogBatch(id: "1", records: [self.record(1)], usage: [usage])
        await #expect(throws: StoreError.self) { try await sink.write(both) }
        #expect(await lines.batches.isEmpty)
        try await sink.write(both)
        try await sink.write(LogBatch(id: "2", records: [self.record(2)], usage: []))
        try await sink.write(LogBatch(id: "3", records: [], usage: [usage]))
        #expect(
            await store.batches == [
                LogBatch(id: "1", records: [], usage: [usage]), LogBatch(id: "3", records: [], usage: [usage]),
            ]
        )
        #expect(
            await lines.batches == [
                LogBatch(id: "1", records: [self.record(1)], usage: []),
                LogBatch(id: "2", records: [self.record(2)], usage: []),
            ]
        )
    }
}
