import Foundation
import WonkeyCore

/// Writes records as JSON, one object per line, in the member names of `wonkey-admin logs --output json`.
struct JSONLines {
    private(set) var bytes: [UInt8] = []
    private var isFirst = true

    mutating func append(_ record: RequestRecord) {
        self.begin()
        self.member("id", record.id)
        self.member("request_id", record.requestID)
        self.member("time", record.time)
        self.member("project_id", record.projectID?.rawValue)
        self.member("key_id", record.keyID?.rawValue)
        self.member("method", record.method)
        self.member("path", record.path)
        self.member("route", record.route)
        self.member("status", Int64(record.status))
        self.member("latency_ms", thousandths: record.latencyMicroseconds)
        self.member("bytes_received", record.bytesReceived)
        self.member("bytes_sent", record.bytesSent)
        self.member("client_address", record.clientAddress)
        self.member("user_agent", record.userAgent)
        self.member("limit_verdict", record.limitVerdict.rawValue)
        self.member("fault", record.fault.rawValue)
        self.member("images", Int64(record.images))
        self.end()
    }

    mutating func append(_ usage: UsageDelta) {
        self.begin()
        self.member("project_id", usage.projectID.rawValue)
        self.member("key_id", usage.keyID.rawValue)
        self.member("day", usage.day)
        self.member("requests", usage.requests)
        self.member("images", usage.images)
        self.member("last_used_at", usage.lastUsedAt.millisecondsSinceEpoch)
        self.end()
    }

    mutating func append(_ rollup: RollupDelta) {
        self.begin()
        self.member("project_id", rollup.projectID.rawValue)
        self.member("key_id", rollup.keyID?.rawValue)
        self.member("path", rollup.path)
        self.member("minute", rollup.minute)
        self.member("requests", rollup.counts.requests)
        self.member("errors", rollup.counts.errors)
        self.member("server_errors", rollup.counts.serverErrors)
        self.member("bytes_received", rollup.counts.bytesReceived)
        self.member("bytes_sent", rollup.counts.bytesSent)
        self.member("images", rollup.counts.images)
        self.member("latency_histogram", Data(rollup.latency.encoded).base64EncodedString())
        self.end()
    }

    /// The line before the lines of a spooled batch.
    mutating func append(headerOf batch: LogBatch) {
        self.begin()
        self.member("batch", batch.id)
        self.member("records", Int64(batch.records.count))
        self.member("usage", Int64(batch.usage.count))
        self.member("rollups", Int64(batch.rollups.count))
        self.end()
    }

    private mutating func begin() {
        self.bytes.append(UInt8(ascii: "{"))
        self.isFirst = true
    }

    private mutating func end() {
        self.append("}\n")
    }

    private mutating func name(_ name: StaticString) {
        if !self.isFirst { self.bytes.append(UInt8(ascii: ",")) }
        self.isFirst = false
        self.bytes.append(UInt8(ascii: "\""))
        self.append(name)
        self.bytes.append(UInt8(ascii: "\""))
        self.bytes.append(UInt8(ascii: ":"))
    }

    private mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { unsafe self.bytes.append(contentsOf: $0) }
    }

    private mutating func member(_ name: StaticString, _ value: Int64) {
        self.name(name)
        if value < 0 { self.bytes.append(UInt8(ascii: "-")) }
        self.bytes.appendDecimal(value.magnitude)
    }

    /// A number with three decimals, exact.
    private mutating func member(_ name: StaticString, thousandths value: Int64) {
        self.name(name)
        if value < 0 { self.bytes.append(UInt8(ascii: "-")) }
        let (whole, rest) = value.magnitude.quotientAndRemainder(dividingBy: 1_000)
        self.bytes.appendDecimal(whole)
        self.bytes.append(UInt8(ascii: "."))
        self.bytes.appendDecimal(rest, digits: 3)
    }

    private mutating func member(_ name: StaticString, _ time: Timestamp) {
        self.name(name)
        self.bytes.append(UInt8(ascii: "\""))
        self.bytes.append(rfc3339: time)
        self.bytes.append(UInt8(ascii: "\""))
    }

    private mutating func member(_ name: StaticString, _ value: String?) {
        self.name(name)
        guard let value else { return self.append("null") }
        self.bytes.append(UInt8(ascii: "\""))
        let text = value.utf8Span.span
        if Self.isPlain(text) {
            unsafe text.withUnsafeBufferPointer { unsafe self.bytes.append(contentsOf: $0) }
        } else {
            self.appendEscaped(value)
        }
        self.bytes.append(UInt8(ascii: "\""))
    }

    private static func isPlain(_ bytes: Span<UInt8>) -> Bool {
        var index = 0
        while let word = bytes.word(at: index) {
            if word.containsLess(than: 0x20) || word.contains(0x7F) { return false }
            if word.contains(UInt8(ascii: "\"")) || word.contains(UInt8(ascii: "\\")) { return false }
            index += 8
        }
        while index < bytes.count {
            if Self.needsEscape(bytes[index]) { return false }
            index += 1
        }
        return true
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == 0x7F || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
    }

    private mutating func appendEscaped(_ value: String) {
        let digits = Array("0123456789abcdef".utf8)
        for byte in value.utf8 {
            guard Self.needsEscape(byte) else {
                self.bytes.append(byte)
                continue
            }
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                self.bytes.append(UInt8(ascii: "\\"))
                self.bytes.append(byte)
            default:
                self.append("\\u00")
                self.bytes.append(digits[Int(byte >> 4)])
                self.bytes.append(digits[Int(byte & 15)])
            }
        }
    }
}
