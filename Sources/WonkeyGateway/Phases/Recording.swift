import NIOCore
package import WonkeyCore
import WonkeyHTTP

/// What is written down and counted when a request is over.
extension GatewayExchange {
    func record() {
        let latency = NIODeadline.now() - self.startedAt
        let metrics = self.route?.metrics ?? self.loop.metrics.unrouted
        metrics.answered(status: self.status, in: latency, fault: self.fault)
        self.loop.requestEnds()
        if self.images > 0 { self.loop.resources.metrics.imagesReturned.increment(by: self.images) }
        let record = self.makeRecord(latency)
        if let telemetry = self.loop.telemetry { self.tell(record, telemetry) }
        self.loop.records.append(record, use: self.use)
    }

    /// A request counts as use of its key once the gate admitted it.
    private var use: RecordedUse {
        switch self.limitVerdict {
        case .admitted, .admittedDegraded, .shadowRefused: .counted
        case .notChecked, .refused, .refusedDegraded, .replayed: .uncounted
        }
    }

    private func makeRecord(_ latency: TimeAmount) -> RequestRecord {
        RequestRecord(
            id: self.id,
            requestID: self.requestID,
            time: self.time,
            projectID: self.key?.record.projectID,
            keyID: self.key?.record.id,
            method: self.head?.method.text ?? "",
            path: RecordedPath.text(of: self.head?.target.path ?? "", keys: self.generation.snapshot.keyFormat),
            route: self.route?.rule.name,
            status: self.status,
            latencyMicroseconds: latency.nanoseconds / 1_000,
            bytesReceived: self.exchange.bytesReceived,
            bytesSent: self.exchange.bytesSent,
            clientAddress: self.client?.ip ?? "",
            userAgent: self.head?.fields.first(.userAgent).map(Self.shortened),
            limitVerdict: self.limitVerdict,
            fault: self.fault,
            images: self.images
        )
    }

    /// At most 256 characters of a text; the usual one is short.
    private static func shortened(_ text: String) -> String {
        text.utf8.count <= 256 ? text : String(text.prefix(256))
    }
}

/// The path as it is logged: without query, without keys, bounded.
package enum RecordedPath {
    package static let bytesMax = 1_024

    /// Cuts the path and replaces whatever looks like a key in it by the key's public start.
    ///
    /// - Parameters:
    ///   - path: As sent, without query.
    ///   - format: What keys look like.
    /// - Returns: At most ``bytesMax`` bytes of UTF-8.
    package static func text(of path: String, keys format: KeyFormat) -> String {
        let bytes = path.utf8
        guard bytes.count > 40 else { return path }
        let cut = bytes.count > Self.bytesMax ? String(decoding: bytes.prefix(Self.bytesMax), as: UTF8.self) : path
        guard Self.mentions(format.prefix, in: cut) else { return cut }
        return KeyEnvironment.allCases.reduce(cut) { text, environment in
            Self.redact("\(format.prefix)_\(environment.rawValue)_", in: text)
        }
    }

    /// Whether the text holds the prefix and an underscore; it rarely does, and what follows costs copies.
    private static func mentions(_ prefix: String, in text: String) -> Bool {
        let bytes = text.utf8Span.span
        let pattern = prefix.utf8Span.span
        let lastStart = bytes.count - pattern.count - 1
        guard lastStart >= 0 else { return false }
        for start in 0...lastStart {
            var length = 0
            while length < pattern.count, bytes[start + length] == pattern[length] { length += 1 }
            if length == pattern.count, bytes[start + length] == UInt8(ascii: "_") { return true }
        }
        return false
    }

    private static func redact(_ head: String, in text: String) -> String {
        let bytes = Array(text.utf8)
        let pattern = Array(head.utf8)
        var result: [UInt8] = []
        var position = 0
        var found = false
        while position < bytes.count {
            guard bytes[position...].starts(with: pattern) else {
                result.append(bytes[position])
                position += 1
                continue
            }
            let digits = bytes[(position + pattern.count)...].prefix { Self.isAlphanumeric($0) }
            guard digits.count > KeyText.shownDigits else {
                result.append(bytes[position])
                position += 1
                continue
            }
            found = true
            result += pattern + digits.prefix(KeyText.shownDigits) + Array("…".utf8)
            position += pattern.count + digits.count
        }
        return found ? String(decoding: result, as: UTF8.self) : text
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "A")...UInt8(ascii: "Z"):
            true
        default: false
        }
    }
}
