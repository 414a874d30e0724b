import Foundation
import WonkeyCore

/// The content of a spool file: a header line, a line per usage, a line per record.
enum SpooledBatch {
    static func encode(_ batch: LogBatch) -> [UInt8] {
        var lines = JSONLines()
        lines.append(headerOf: batch)
        for usage in batch.usage { lines.append(usage) }
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
            guard header.usage >= 0, header.records >= 0, lines.count == 1 + header.usage + header.records else {
                return nil
            }
            let usage = try lines.dropFirst().prefix(header.usage).map {
                try decoder.decode(Usage.self, from: Data($0))
            }
            let records = try lines.dropFirst(1 + header.usage).map { try decoder.decode(Record.self, from: Data($0)) }
            return LogBatch(id: header.batch, records: try records.map { try $0.value() }, usage: usage.map(\.value))
        } catch {
            // Whatever is wrong with it: the caller sets the file aside and says so.
            return nil
        }
    }

    private struct Header: Decodable {
        var batch: String
        var records: Int
        var usage: Int
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
