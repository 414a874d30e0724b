/// How a line of the access log is written.
package enum AccessLogFormat: String, Hashable, Sendable, CaseIterable {
    case json
    /// NCSA's: `host ident user [time] "request" status bytes`.
    case common
    /// The same, then `"referer" "user agent"`.
    case combined
}

/// What becomes of the query in the access log.
package enum AccessLogQuery: String, Hashable, Sendable, CaseIterable {
    /// Credentials in it are replaced by `REDACTED`.
    case redact
    /// It is left out.
    case drop
}

/// Writes lines of the access log.
package struct AccessLogLines {
    private let format: AccessLogFormat
    private let query: AccessLogQuery
    private let keys: KeyFormat
    private var text = ""

    package init(_ format: AccessLogFormat, query: AccessLogQuery, keys: KeyFormat) {
        self.format = format
        self.query = query
        self.keys = keys
    }

    package mutating func append(_ entry: AccessEntry) {
        switch self.format {
        case .json: self.appendJSON(entry)
        case .common: self.appendCommon(entry)
        case .combined:
            self.appendCommon(entry)
            self.text += " \""
            self.text.appendLogText(self.referer(of: entry) ?? "-")
            self.text += "\" \""
            self.text.appendLogText(entry.record.userAgent ?? "-")
            self.text += "\""
        }
        self.text += "\n"
    }

    /// All lines so far, in UTF-8.
    package var bytes: [UInt8] { Array(self.text.utf8) }

    private func query(of entry: AccessEntry) -> String? {
        switch self.query {
        case .redact: entry.query.map { RedactedQuery.text($0, keys: self.keys) }
        case .drop: nil
        }
    }

    private func referer(of entry: AccessEntry) -> String? {
        guard let referer = entry.referer else { return nil }
        let shown = RedactedURL.text(referer, keys: self.keys)
        switch self.query {
        case .redact: return shown
        case .drop: return String(shown.prefix { $0 != "?" })
        }
    }
}

// MARK: - JSON

extension AccessLogLines {
    private mutating func appendJSON(_ entry: AccessEntry) {
        let record = entry.record
        self.text += "{\"time\":\"\(record.time.rfc3339)\""
        if let malformation = entry.malformation {
            self.member("client", record.clientAddress)
            self.member("status", Int64(record.status))
            self.member("malformed", malformation)
            self.text += "}"
            return
        }
        self.member("request_id", record.requestID)
        self.member("trace_id", entry.trace?.text)
        self.member("client", record.clientAddress)
        self.member("method", record.method)
        self.member("scheme", entry.scheme)
        self.member("host", entry.host)
        self.member("path", record.path)
        self.member("query", self.query(of: entry))
        self.member("protocol", "HTTP/\(entry.version)")
        self.member("status", Int64(record.status))
        self.text += ",\"duration\":\(Self.seconds(record.latencyMicroseconds))"
        self.member("bytes_received", record.bytesReceived)
        self.member("bytes_sent", record.bytesSent)
        self.member("route", record.route)
        self.member("upstream", entry.upstream)
        self.member("target", entry.target)
        self.member("project_id", record.projectID?.rawValue)
        self.member("key_id", record.keyID?.rawValue)
        self.member("limit", record.limitVerdict.rawValue)
        self.member("fault", record.fault.rawValue)
        if record.images > 0 { self.member("images", Int64(record.images)) }
        self.member("referer", self.referer(of: entry))
        self.member("user_agent", record.userAgent)
        if let certificate = entry.certificate { self.member(certificate) }
        self.text += "}"
    }

    private mutating func member(_ certificate: ClientCertificate) {
        self.member("client_subject", certificate.subject)
        self.member("client_fingerprint", certificate.fingerprint)
        guard !certificate.names.isEmpty else { return }
        self.text += ",\"client_names\":["
        for (index, name) in certificate.names.enumerated() {
            if index > 0 { self.text += "," }
            self.text.appendJSONString(name)
        }
        self.text += "]"
    }

    private mutating func member(_ name: String, _ value: String?) {
        guard let value else { return }
        self.text += ",\"\(name)\":"
        self.text.appendJSONString(value)
    }

    private mutating func member(_ name: String, _ value: Int64) {
        self.text += ",\"\(name)\":\(value)"
    }

    /// `0.001234`: exact, where a floating-point number would not be.
    private static func seconds(_ microseconds: Int64) -> String {
        let (seconds, fraction) = max(0, microseconds).quotientAndRemainder(dividingBy: 1_000_000)
        return "\(seconds).\(padded(Int(fraction), 6))"
    }
}

// MARK: - NCSA

extension AccessLogLines {
    private mutating func appendCommon(_ entry: AccessEntry) {
        let record = entry.record
        self.text.appendLogText(record.clientAddress.isEmpty ? "-" : record.clientAddress)
        self.text += " - "
        self.text.appendLogText(record.keyID?.rawValue ?? "-")
        self.text += " [\(Self.time(record.time))] \""
        guard entry.malformation == nil else {
            self.text += "-\" \(record.status) -"
            return
        }
        self.text.appendLogText(record.method)
        self.text += " "
        self.text.appendLogText(record.path)
        if let query = self.query(of: entry) {
            self.text += "?"
            self.text.appendLogText(query)
        }
        self.text += " HTTP/\(entry.version)\" \(record.status) \(record.bytesSent)"
    }

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `21/Nov/2026:19:24:32 +0000`.
    private static func time(_ time: Timestamp) -> String {
        let days = time.daysSinceEpoch
        let date = CivilDate(daysSinceEpoch: days)
        let seconds = Int((time.millisecondsSinceEpoch - days * 86_400_000) / 1_000)
        let clock = [seconds / 3_600, seconds / 60 % 60, seconds % 60].map { padded($0, 2) }.joined(separator: ":")
        return "\(padded(date.day, 2))/\(Self.months[date.month - 1])/\(padded(date.year, 4)):\(clock) +0000"
    }
}

extension String {
    /// Appends text as Apache and nginx write it in quotes: `\"`, `\\`, and `\xhh` for what is not printable ASCII.
    fileprivate mutating func appendLogText(_ text: String) {
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                self += "\\"
                self.unicodeScalars.append(Unicode.Scalar(byte))
            case 0x20...0x7E: self.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16)
                self += digits.utf8.count == 1 ? "\\x0" : "\\x"
                self += digits
            }
        }
    }
}
