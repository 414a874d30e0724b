import Foundation
import WonkeyCore

/// The content of a spool file: a header line, a line per usage, a line per rollup, a line per record.
///
/// Files of a version without rollups are read too; theirs are made from the records, which is all there is.
enum SpooledBatch {
    static func encode(_ batch: LogBatch) -> [UInt8] {
        var lines = JSONLines()
        lines.append(headerOf: batch)
        for usage in batch.usage { lines.append(usage) }
        for rollup in batch.rollups { lines.append(rollup) }
        for record in batch.records { lines.append(record) }
        return lines.bytes
    }

    /// Reads a file back; `nil` if it is not exactly what ``encode(_:)`` wrote.
    static func decode(_ content: [UInt8]) -> LogBatch? {
        guard content.last == UInt8(ascii: "\n") else { return nil }
        let lines = content.dropLast().split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let decoder = JSONDecoder()
        do {
            guard let first = lines.first else { return nil }
            let header = try decoder.decode(Header.self, from: Data(first))
            guard header.fits(lines: lines.count) else { return nil }
            var rest = lines.dropFirst()
            let usage = try rest.prefix(header.usage).map { try decoder.decode(Usage.self, from: Data($0)).value }
            rest = rest.dropFirst(header.usage)
            let rollups = try rest.prefix(header.rollups ?? 0).map {
                try decoder.decode(Rollup.self, from: Data($0)).value()
            }
            rest = rest.dropFirst(header.rollups ?? 0)
            let records = try rest.map { try decoder.decode(Record.self, from: Data($0)).value() }
            return LogBatch(
                id: header.batch,
                records: records,
                usage: usage,
                rollups: header.rollups == nil ? Self.rollups(of: records) : rollups
            )
        } catch {
            // Whatever is wrong with it: the caller sets the file aside and says so.
            return nil
        }
    }

    private static func rollups(of records: [RequestRecord]) -> [RollupDelta] {
        var tally = RollupTally()
        for record in records { tally.count(record) }
        return tally.sums
    }

    private struct Header: Decodable {
        var batch: String
        var records: Int
        var usage: Int
        /// `nil` in files of a version without them.
        var rollups: Int?

        func fits(lines: Int) -> Bool {
            let rollups = self.rollups ?? 0
            guard self.usage >= 0, rollups >= 0, self.records >= 0, max(self.usage, rollups, self.records) <= lines
            else { return false }
            return lines == 1 + self.usage + rollups + self.records
        }
    }

    private struct Rollup: Decodable {
        var project_id: String
        var key_id: String?
        var path: String
        var minute: Int64
        var requests: Int64
        var errors: Int64
        var server_errors: Int64
        var bytes_received: Int64
        var bytes_sent: Int64
        var images: Int64
        var latency_histogram: Data

        func value() throws -> RollupDelta {
            guard let latency = LatencyHistogram(encoded: Array(self.latency_histogram)) else {
                throw StoreError(code: .corrupt, message: "a spooled histogram is malformed")
            }
            return RollupDelta(
                projectID: ProjectID(rawValue: self.project_id),
                keyID: self.key_id.map(KeyID.init(rawValue:)),
                path: self.path,
                minute: self.minute,
                counts: RollupCounts(
                    requests: self.requests,
                    errors: self.errors,
                    serverErrors: self.server_errors,
                    bytesReceived: self.bytes_received,
                    bytesSent: self.bytes_sent,
                    images: self.images
                ),
                latency: latency
            )
        }
    }

    private struct Usage: Decodable {
        var project_id: String
        var key_id: String
        var day: Int64
        var requests: Int64
        var images: Int64
        var last_used_at: Int64

        var value: UsageDelta {
            UsageDelta(
                projectID: ProjectID(rawValue: self.project_id),
                keyID: KeyID(rawValue: self.key_id),
                day: self.day,
                requests: self.requests,
                images: self.images,
                lastUsedAt: Timestamp(millisecondsSinceEpoch: self.last_used_at)
            )
        }
    }

    private struct Record: Decodable {
        var id: String
        var request_id: String
        var time: String
        var project_id: String?
        var key_id: String?
        var method: String
        var path: String
        var route: String?
        var status: Int
        var latency_ms: Double
        var bytes_received: Int64
        var bytes_sent: Int64
        var client_address: String
        var user_agent: String?
        var limit_verdict: String
        var fault: String
        var images: Int

        func value() throws -> RequestRecord {
            guard let time = Timestamp(rfc3339: self.time), let fault = Fault(rawValue: self.fault),
                let limitVerdict = LimitVerdict(rawValue: self.limit_verdict)
            else { throw StoreError(code: .corrupt, message: "a spooled record is malformed") }
            return RequestRecord(
                id: self.id,
                requestID: self.request_id,
                time: time,
                projectID: self.project_id.map(ProjectID.init(rawValue:)),
                keyID: self.key_id.map(KeyID.init(rawValue:)),
                method: self.method,
                path: self.path,
                route: self.route,
                status: self.status,
                latencyMicroseconds: Int64((self.latency_ms * 1_000).rounded()),
                bytesReceived: self.bytes_received,
                bytesSent: self.bytes_sent,
                clientAddress: self.client_address,
                userAgent: self.user_agent,
                limitVerdict: limitVerdict,
                fault: fault,
                images: self.images
            )
        }
    }
}
