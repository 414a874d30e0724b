import Foundation
import Support
import Testing

@Suite("httpbin, directly and through the proxy", .temporaryDirectory)
struct HTTPBinTests {
    struct Row: Sendable, CustomTestStringConvertible {
        var method: String
        var target: String
        var headers: [(String, String)] = []
        var body = ""

        var testDescription: String { "\(self.method) \(self.target)" }
    }

    /// What an answer is compared by.
    private struct Seen: Equatable {
        var status: Int
        var headers: [String]
        var body: String
    }

    private static func get(_ target: String, _ headers: [(String, String)] = []) -> Row {
        Row(method: "GET", target: target, headers: headers)
    }

    private static let json = [("Content-Type", "application/json")]

    /// Every endpoint of httpbin 0.10 whose answer does not change by itself, but for one that is chosen at random.
    private static let rows = Self.targets.map { Self.get($0) } + Self.further

    private static let targets: [String] = [
        "/", "/get?a=1&b=%20c&b=d", "/ip", "/headers", "/user-agent", "/html", "/xml", "/json", "/robots.txt", "/deny",
        "/encoding/utf8", "/gzip", "/deflate", "/brotli", "/forms/post", "/cookies", "/cookies/set?a=b",
        "/cookies/set/c/d", "/cookies/delete?a", "/response-headers?X-Own=1&X-Own=2&Content-Type=text%2Fplain",
        "/redirect/2", "/redirect-to?url=%2Fget&status_code=307", "/relative-redirect/1", "/absolute-redirect/1",
        "/basic-auth/u/p", "/hidden-basic-auth/u/p", "/bearer", "/stream/5", "/delay/0",
        "/drip?duration=0.2&numbytes=20&delay=0", "/range/100", "/bytes/500?seed=7", "/stream-bytes/500?seed=7",
        "/links/5/1", "/links/5", "/image/png", "/image/jpeg", "/image/svg", "/image/webp", "/base64/d29ua2V5",
        "/cache/60", "/etag/abc", "/anything/a/b?c=d", "/nowhere", "/status/200", "/status/204", "/status/301",
        "/status/304", "/status/400", "/status/401", "/status/402", "/status/404", "/status/406", "/status/418",
        "/status/429", "/status/500", "/status/503",
    ]

    private static let further: [Row] = [
        get("/headers", [("X-One", "1"), ("X-One", "2"), ("Accept-Language", "de")]),
        get("/cookies", [("Cookie", "a=b; c=d")]), get("/image", [("Accept", "image/webp")]),
        get("/image", [("Accept", "text/plain")]), get("/range/100", [("Range", "bytes=10-19")]),
        get("/etag/abc", [("If-None-Match", "abc")]), get("/etag/abc", [("If-Match", "other")]),
        get("/cache", [("If-None-Match", "x")]),
        Row(method: "HEAD", target: "/get"), Row(method: "HEAD", target: "/stream/3"),
        Row(method: "OPTIONS", target: "/get"), Row(method: "DELETE", target: "/delete"),
        Row(method: "DELETE", target: "/anything", body: "with a body"),
        Row(method: "POST", target: "/post", headers: json, body: #"{"a": [1, "ü"]}"#),
        Row(
            method: "POST",
            target: "/post",
            headers: [("Content-Type", "application/x-www-form-urlencoded")],
            body: "a=1&b=%C3%BC"
        ),
        Row(
            method: "POST",
            target: "/post",
            headers: [("Content-Type", "multipart/form-data; boundary=xx")],
            body: "--xx\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n\"\r\n\r\ncontent\r\n--xx--\r\n"
        ),
        Row(method: "POST", target: "/post", body: String(repeating: "0123456789", count: 20_000)),
        Row(method: "PUT", target: "/put", headers: json, body: "[]"),
        Row(method: "PATCH", target: "/patch", body: "x"),
        Row(method: "POST", target: "/anything", body: "x"), Row(method: "POST", target: "/get", body: "x"),
        Row(method: "PUT", target: "/status/418", body: "x"),
    ]

    /// What the proxy tells upstreams of itself and of the client.
    private static let told: Set<String> = [
        "via", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port", "x-real-ip",
        "x-request-id",
    ]

    @Test("every endpoint answers alike, but for the fields the proxy is documented to add")
    func alike() async throws {
        let environment = ProcessInfo.processInfo.environment
        let server = environment["WONKEY_TEST_HTTPBIN"] ?? ".build/httpbin-venv/bin/waitress-serve"
        guard FileManager.default.isExecutableFile(atPath: server) else {
            Issue.record("there is no \(server); run deploy/test, which installs httpbin")
            return
        }
        let port = try await FreePort.reserve()
        let deployment = try await Deployment(
            in: try #require(TemporaryDirectory.current),
            """
            counters: {url: "memory:"}
            upstreams: {api: {url: "http://127.0.0.1:\(port)", preserve_host: true}}
            routes: [{name: open, match: {prefix: /}, proxy: api, authentication: none}]
            """
        )
        let arguments = ["--listen=127.0.0.1:\(port)", "--threads=4", "httpbin:app"]
        _ = try await BuiltProduct(path: server).run(arguments, within: .seconds(120)) { program in
            defer { try? program.signal(.kill) }
            try await eventually("httpbin") { try await Self.send(Self.get("/get"), to: port).status == 200 }
            try await deployment.serving { _ in
                for row in Self.rows {
                    let direct = try await Self.send(row, to: port)
                    let proxied = try await Self.send(row, to: deployment.port)
                    #expect(proxied == direct, "\(row.testDescription)")
                }
            }
        }
    }

    private static func send(_ row: Row, to port: Int) async throws -> Seen {
        let answer = try await withTestClient(port: port) { client in
            let headers = [("Host", "httpbin.example"), ("User-Agent", "differential")] + row.headers
            return try await client.send(row.method, row.target, headers: headers, body: Array(row.body.utf8))
        }
        // A new one each time, or the connection's and not the answer's.
        let changing: Set<String> = ["date", "x-request-id", "connection", "transfer-encoding"]
        let isCached = row.target.hasPrefix("/cache")
        return Seen(
            status: answer.status,
            headers: answer.headers.map { (name: $0.name.lowercased(), value: $0.value) }
                .filter { !changing.contains($0.name) && !(isCached && ["etag", "last-modified"].contains($0.name)) }
                .filter { $0.name != "content-length" || !Self.echoes(answer) }
                .map { "\($0.name): \($0.value)" }.sorted(),
            body: Self.text(of: answer)
        )
    }

    private static func echo(_ answer: TestResponse) -> [String: Any]? {
        let object = try? JSONSerialization.jsonObject(with: Data(answer.body)) as? [String: Any]
        return object?["headers"] is [String: Any] ? object : nil
    }

    private static func echoes(_ answer: TestResponse) -> Bool { Self.echo(answer) != nil }

    /// The body; what it repeats of the request's fields without those the proxy adds.
    private static func text(of answer: TestResponse) -> String {
        guard var object = Self.echo(answer), let fields = object["headers"] as? [String: Any] else {
            return String(decoding: answer.body, as: UTF8.self)
        }
        object["headers"] = fields.filter { !Self.told.contains($0.key.lowercased()) }
        let data = try? JSONSerialization.data(withJSONObject: object, options: .sortedKeys)
        return data.map { String(decoding: $0, as: UTF8.self) } ?? ""
    }
}
