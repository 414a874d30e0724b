import Foundation
import Logging
import WonkeyCore

/// The folder behind ``FileSpool``; blocks.
struct SpoolFolder: ~Copyable {
    private struct Entry {
        var sequence: UInt64
        var records: Int
        var bytes: Int64

        var name: String {
            let digits = String(self.sequence)
            return String(repeating: "0", count: max(0, 16 - digits.count)) + digits + "-\(self.records).jsonl"
        }
    }

    private let path: String
    private let sizeMax: Int64
    private let logger: Logger
    /// Held open for its lock.
    private let lock: SpoolFile
    private var entries: ArraySlice<Entry>
    private var bytes: Int64
    private var nextSequence: UInt64
    private var damagedRecords = 0

    init(directory: String, sizeMax: Int64, logger: Logger) throws(StoreError) {
        try Self.make(directory)
        let lock = try SpoolFile.locked(path: directory + "/lock")
        let names = try Self.names(in: directory)
        let entries = names.compactMap { Self.entry(named: $0, in: directory) }.sorted { $0.sequence < $1.sequence }
        let damaged = names.compactMap { name in
            name.hasSuffix(".damaged") ? Self.parts(of: String(name.dropLast(8)))?.sequence : nil
        }
        for name in names where name.hasSuffix(".tmp") {
            // Never renamed, so never promised to anybody.
            try? FileManager.default.removeItem(atPath: directory + "/" + name)
        }
        self.path = directory
        self.sizeMax = sizeMax
        self.logger = logger
        self.lock = lock
        self.entries = entries[...]
        self.bytes = entries.reduce(0) { $0 + $1.bytes }
        self.nextSequence = ((entries.map(\.sequence) + damaged).max() ?? 0) + 1
    }

    private static func make(_ directory: String) throws(StoreError) {
        do {
            try FileManager.default.createDirectory(
                atPath: directory,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw StoreError(code: .unavailable, message: "cannot make the spool folder", cause: error)
        }
    }

    private static func names(in directory: String) throws(StoreError) -> [String] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw StoreError(code: .unavailable, message: "cannot list the spool folder", cause: error)
        }
    }

    var status: LogSpoolStatus {
        LogSpoolStatus(
            batches: self.entries.count,
            records: self.entries.reduce(0) { $0 + $1.records },
            bytes: self.bytes,
            damagedRecords: self.damagedRecords
        )
    }

    mutating func append(_ batch: LogBatch) throws(StoreError) {
        let content = SpooledBatch.encode(batch)
        let entry = Entry(sequence: self.nextSequence, records: batch.records.count, bytes: Int64(content.count))
        guard self.bytes + entry.bytes <= self.sizeMax else {
            throw StoreError(code: .full, message: "the spool has reached its size of \(self.sizeMax) bytes")
        }
        try SpoolFile.write(content, to: self.path(of: entry), in: self.path)
        self.nextSequence += 1
        self.bytes += entry.bytes
        self.entries.append(entry)
    }

    mutating func first() throws(StoreError) -> LogBatch? {
        while let entry = self.entries.first {
            let content = try SpoolFile.read(self.path(of: entry))
            if let batch = SpooledBatch.decode(content), batch.records.count == entry.records { return batch }
            try self.setAside(entry)
        }
        return nil
    }

    mutating func removeFirst() throws(StoreError) {
        guard let entry = self.entries.first else { return }
        try SpoolFile.remove(self.path(of: entry))
        self.forgetFirst()
    }

    private mutating func setAside(_ entry: Entry) throws(StoreError) {
        self.logger.warning("log spool file is damaged, set aside", metadata: ["file": "\(entry.name).damaged"])
        try SpoolFile.rename(self.path(of: entry), to: self.path(of: entry) + ".damaged")
        self.damagedRecords += entry.records
        self.forgetFirst()
    }

    private mutating func forgetFirst() {
        guard let entry = self.entries.popFirst() else { return }
        self.bytes -= entry.bytes
    }

    private func path(of entry: Entry) -> String { self.path + "/" + entry.name }

    private static func parts(of name: String) -> (sequence: UInt64, records: Int)? {
        guard name.hasSuffix(".jsonl") else { return nil }
        let parts = name.dropLast(6).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let sequence = UInt64(parts[0]), let records = Int(parts[1]), records >= 0 else {
            return nil
        }
        return (sequence, records)
    }

    private static func entry(named name: String, in directory: String) -> Entry? {
        guard let parts = self.parts(of: name) else { return nil }
        let attributes = try? FileManager.default.attributesOfItem(atPath: directory + "/" + name)
        let bytes = (attributes?[.size] as? NSNumber)?.int64Value ?? 0
        return Entry(sequence: parts.sequence, records: parts.records, bytes: bytes)
    }
}
