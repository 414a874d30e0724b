import Testing

@testable import WonkeyCore

@Suite("Lines of the access log")
struct AccessLogLinesTests {
    private static let entry: AccessEntry = {
        var record = RequestRecord(
            id: "i",
            requestID: "r-1",
            time: Timestamp(millisecondsSinceEpoch: 1_795_289_072_007),
            method: "GET",
            path: "/a\"b",
            route: "api",
            status: 200,
            latencyMicroseconds: 1_000_042,
            bytesReceived: 90,
            bytesSent: 250,
            clientAddress: "2001:db8::1",
            userAgent: "curl\u{7}/8 \\ \"ü\"",
            limitVerdict: .admitted
        )
        record.keyID = KeyID(rawValue: "key_1")
        return AccessEntry(
            record: record,
            query: "a=1&token=s3cret",
            referer: "https://x:y@ref.example/?key=s3cret",
            host: "api.example",
            scheme: "https",
            upstream: "main",
            target: "10.0.0.1:80",
            trace: TraceID(high: 1, low: 2)
        )
    }()

    private func line(_ format: AccessLogFormat, _ query: AccessLogQuery = .redact, _ entry: AccessEntry = Self.entry)
        -> String
    {
        var lines = AccessLogLines(format, query: query, keys: .standard)
        lines.append(entry)
        return String(decoding: lines.bytes, as: UTF8.self)
    }

    @Test("JSON: one object per line, nothing secret, control characters escaped")
    func json() {
        #expect(
            self.line(.json) == """
                {"time":"2026-11-21T19:24:32.007Z","request_id":"r-1","trace_id":"00000000000000010000000000000002",\
                "client":"2001:db8::1","method":"GET","scheme":"https","host":"api.example","path":"/a\\"b",\
                "query":"a=1&token=REDACTED","protocol":"HTTP/1.1","status":200,"duration":1.000042,\
                "bytes_received":90,"bytes_sent":250,"route":"api","upstream":"main","target":"10.0.0.1:80",\
                "key_id":"key_1","limit":"admitted","fault":"none","referer":"https://REDACTED@ref.example/?key=REDACTED",\
                "user_agent":"curl\\u0007/8 \\\\ \\"ü\\""}

                """
        )
    }

    @Test("the client's certificate is named in JSON")
    func certificate() {
        var entry = Self.entry
        entry.certificate = ClientCertificate(subject: "CN=a", names: ["DNS:a", "URI:spiffe://b"], fingerprint: "00ff")
        #expect(
            self.line(.json, .redact, entry).hasSuffix(
                #","client_subject":"CN=a","client_fingerprint":"00ff","client_names":["DNS:a","URI:spiffe://b"]}"#
                    + "\n"
            )
        )
    }

    @Test("common: NCSA's fields, quotes and bytes that do not print escaped")
    func common() {
        #expect(
            self.line(.common) == """
                2001:db8::1 - key_1 [21/Nov/2026:19:24:32 +0000] "GET /a\\"b?a=1&token=REDACTED HTTP/1.1" 200 250

                """
        )
        #expect(self.line(.common, .drop).contains(#""GET /a\"b HTTP/1.1""#))
    }

    @Test("combined: referer and user agent behind it")
    func combined() {
        #expect(
            self.line(.combined).hasSuffix(
                #" 200 250 "https://REDACTED@ref.example/?key=REDACTED" "curl\x07/8 \\ \"\xc3\xbc\"""# + "\n"
            )
        )
        #expect(self.line(.combined, .drop).contains(#""https://REDACTED@ref.example/""#))
    }

    @Test("what a request does not have is a dash, or left out")
    func empty() {
        let entry = AccessEntry(
            record: RequestRecord(
                id: "",
                requestID: "r",
                time: .init(millisecondsSinceEpoch: 0),
                method: "",
                path: "",
                status: 499
            )
        )
        #expect(
            self.line(.combined, .redact, entry) == """
                - - - [01/Jan/1970:00:00:00 +0000] "  HTTP/1.1" 499 0 "-" "-"

                """
        )
        #expect(!self.line(.json, .redact, entry).contains("query"))
    }
}
