/// A request to httpbin.
struct HTTPBinRow: Sendable, Encodable {
    var method: String
    var target: String
    var fields: [[String]]
    var body: String

    /// Every request says these.
    private static let common = [["Host", "httpbin.example"], ["User-Agent", "differential"]]

    init(_ method: String, _ target: String, _ fields: [[String]] = [], body: String = "") {
        self.method = method
        self.target = target
        self.fields = Self.common + fields
        self.body = body
    }

    var name: String { "\(self.method) \(self.target)" }

    /// Whether it asks for a route of httpbin, such as `/links/<int:n>`.
    func isOf(_ route: HTTPBinRoute) -> Bool {
        let path = self.target.prefix { $0 != "?" }.split(separator: "/")
        let pattern = route.rule.split(separator: "/")
        let takesRest = pattern.last?.hasPrefix("<path:") ?? false
        guard route.methods.contains(self.method) else { return false }
        guard path.count == pattern.count || (takesRest && path.count > pattern.count) else { return false }
        return zip(path, pattern).allSatisfy { $0 == $1 || $1.hasPrefix("<") }
    }
}

/// An endpoint, as httpbin's own table has it.
struct HTTPBinRoute: Decodable {
    var rule: String
    var methods: [String]
}

extension HTTPBinRow {
    static let all = Self.targets.map { HTTPBinRow("GET", $0) } + Self.conditions + Self.methods + Self.bodies

    private static let targets: [String] = [
        "/", "/get?a=1&b=%20c&b=d", "/ip", "/uuid", "/headers", "/headers?show_env=1", "/user-agent", "/html", "/xml",
        "/json", "/robots.txt",
        "/deny", "/encoding/utf8", "/gzip", "/deflate", "/brotli", "/forms/post", "/static/favicon.ico", "/cookies",
        "/cookies/set?a=b", "/cookies/set/c/d", "/cookies/delete?a",
        "/response-headers?X-Own=1&X-Own=2&Content-Type=text%2Fplain",
        "/redirect/2", "/redirect-to?url=%2Fget&status_code=307", "/relative-redirect/1", "/absolute-redirect/1",
        "/basic-auth/u/p", "/hidden-basic-auth/u/p", "/bearer", "/digest-auth/auth/u/p",
        "/digest-auth/auth-int/u/p/SHA-256",
        "/digest-auth/auth/u/p/MD5/3", "/stream/5", "/delay/0",
        "/drip?duration=0.2&numbytes=20&delay=0", "/range/100", "/bytes/500?seed=7", "/stream-bytes/500?seed=7",
        "/links/5/1", "/links/5", "/image", "/image/png", "/image/jpeg", "/image/svg", "/image/webp",
        "/base64/d29ua2V5",
        "/cache", "/cache/60", "/etag/abc", "/anything", "/anything/a/b?c=d", "/nowhere", "/status/200", "/status/204",
        "/status/301", "/status/304", "/status/400", "/status/401", "/status/402", "/status/404", "/status/406",
        "/status/418", "/status/429", "/status/500", "/status/503",
    ]

    private static let conditions = [
        HTTPBinRow("GET", "/headers", [["X-One", "1"], ["X-One", "2"], ["Accept-Language", "de"]]),
        HTTPBinRow("GET", "/cookies", [["Cookie", "a=b; c=d"]]),
        HTTPBinRow("GET", "/image", [["Accept", "image/webp"]]),
        HTTPBinRow("GET", "/image", [["Accept", "text/plain"]]),
        HTTPBinRow("GET", "/range/100", [["Range", "bytes=10-19"]]),
        HTTPBinRow("GET", "/etag/abc", [["If-None-Match", "abc"]]),
        HTTPBinRow("GET", "/etag/abc", [["If-Match", "other"]]),
        HTTPBinRow("GET", "/cache", [["If-None-Match", "x"]]),
        HTTPBinRow("GET", "/basic-auth/u/p", [["Authorization", "Basic dTpw"]]),
        HTTPBinRow("HEAD", "/get"), HTTPBinRow("HEAD", "/stream/3"), HTTPBinRow("HEAD", "/image/png"),
        HTTPBinRow("OPTIONS", "/get"), HTTPBinRow("OPTIONS", "/anything"),
    ]

    /// Endpoints that take any method.
    private static let methods = ["DELETE", "PATCH", "POST", "PUT"].flatMap { method in
        ["/anything", "/anything/a/b?c=d", "/delay/0", "/redirect-to?url=%2Fget&status_code=308", "/status/418"].flatMap
        {
            [HTTPBinRow(method, $0), HTTPBinRow(method, $0, body: "with a body")]
        }
    }

    private static let json = [["Content-Type", "application/json"]]

    private static let bodies = [
        HTTPBinRow("DELETE", "/delete"),
        HTTPBinRow("POST", "/post", json, body: #"{"a": [1, "ü"]}"#),
        HTTPBinRow("POST", "/post", [["Content-Type", "application/x-www-form-urlencoded"]], body: "a=1&b=%C3%BC"),
        HTTPBinRow(
            "POST",
            "/post",
            [["Content-Type", "multipart/form-data; boundary=xx"]],
            body: "--xx\r\nContent-Disposition: form-data; name=\"f\"; filename=\"n\"\r\n\r\ncontent\r\n--xx--\r\n"
        ),
        HTTPBinRow("POST", "/post", body: String(repeating: "0123456789", count: 20_000)),
        HTTPBinRow("PUT", "/put", json, body: "[]"), HTTPBinRow("PATCH", "/patch", body: "x"),
        HTTPBinRow("POST", "/response-headers?X-Own=1", body: "x"), HTTPBinRow("POST", "/get", body: "x"),
    ]
}
