extension HTTP2Row {
    static let all =
        Self.valid + Self.names + Self.values + Self.connection + Self.lengths + Self.pseudo + Self.trailing
        + Self.bounds

    private static func seen(
        _ line: String,
        host: String = "a",
        _ fields: [String] = [],
        framing: [String] = [],
        body: String = ""
    ) -> SeenRequest {
        .forwarded(line, host: host, fields, via: "2.0", framing: framing, body: body)
    }

    private static let smuggled = "0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

    private static let valid: [HTTP2Row] = [
        .valid(
            "H8.2.3: crumbs of cookie are joined",
            section(
                "GET",
                "/crumbs",
                adding: [["cookie", "a=1"], ["x-a", "1"], ["cookie", "b=2"], ["cookie", "c"]]
            ),
            seen: seen("GET /crumbs", ["x-a: 1", "cookie: a=1; b=2; c"])
        ),
        .valid(
            "H8.2.1: octets, spaces and tabs within a value are passed on as they are",
            section("GET", "/octets", adding: [["x-a", "a \t\u{C3}\u{BC}b"], ["x-a", ""], ["x-a", "2"]]),
            seen: seen("GET /octets", ["x-a: a \t\u{C3}\u{BC}b", "x-a: ", "x-a: 2"])
        ),
        .valid(
            "H8.2.2: trailers may be wanted",
            section("GET", "/te", adding: [["te", "trailers"]]),
            seen: seen("GET /te", framing: ["TE: trailers", "Connection: TE"])
        ),
        .valid(
            "H8.3.1: the authority is Host",
            section("GET", "/authority?x=%2F;y", authority: "B.test:99"),
            seen: seen("GET /authority?x=%2F;y", host: "b.test:99")
        ),
        .valid(
            "H8.3.1: Host without authority",
            section("GET", "/host", authority: nil, adding: [["host", "b.test"]]),
            seen: seen("GET /host", host: "b.test")
        ),
        .valid(
            "H8.3.1: Host that agrees with the authority",
            section("GET", "/both", authority: "B.test", adding: [["host", "b.TEST"]]),
            seen: seen("GET /both", host: "b.test")
        ),
        .valid(
            "H8.1.1: a body of its length",
            section("POST", "/length", adding: [["content-length", "5"]]),
            body: ["he", "", "llo"],
            seen: seen("POST /length", framing: ["Content-Length: 5"], body: "hello")
        ),
        .valid(
            "H8.1.1: a length of nothing",
            section("POST", "/nothing", adding: [["content-length", "0"]]),
            seen: seen("POST /nothing", framing: ["Content-Length: 0"])
        ),
        .valid(
            "H8.1.1, B14: a body that looks like the end of chunks and a request is none",
            section("POST", "/smuggling"),
            body: [smuggled, "x"],
            seen: seen("POST /smuggling", framing: ["Transfer-Encoding: chunked"], body: smuggled + "x")
        ),
        .valid(
            "H8.1.1, B8: trailers of a request go nowhere",
            section("POST", "/trailers"),
            body: ["hi"],
            trailers: [["x-end", "1"]],
            seen: seen("POST /trailers", framing: ["Transfer-Encoding: chunked"], body: "hi")
        ),
        .valid(
            "R18, X3, X5: a client says nothing about itself",
            section(
                "GET",
                "/forged",
                adding: [
                    ["x-wonkey-key-id", "forged"], ["x_forwarded_for", "forged"], ["x-forwarded-for", "1.2.3.4"],
                    ["forwarded", "for=1.2.3.4"], ["content_length", "5"], ["transfer_encoding", "chunked"],
                ]
            ),
            seen: seen("GET /forged")
        ),
    ]

    private static let names: [HTTP2Row] =
        [
            ("upper case", "X-Upper"), ("space", "x a"), ("line feed", "x\nb"), ("a field within", "x: y\r\nb"),
            ("colon", "x:b"),
            ("NUL", "x\0"), ("DEL", "x\u{7F}"), ("not ASCII", "\u{C3}\u{BC}"), ("tab", "x\t"),
        ].map { .malformed("H8.2.1: a name with \($0.0)", section(adding: [[$0.1, "1"]])) } + [
            .malformed("H8.2.1: no name", section(adding: [["", "1"]]), outcome: "GOAWAY COMPRESSION_ERROR")
        ]

    private static let values: [HTTP2Row] = [
        ("line feed", "a\nb: c"), ("CR LF", "a\r\nb: c"), ("CR", "a\rb"), ("NUL", "a\0b"), ("a space before", " a"),
        ("a space behind", "a "), ("a tab before", "\ta"), ("a tab behind", "a\t"),
        ("a request within", "a\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"),
    ].flatMap { fault, value -> [HTTP2Row] in
        [
            .malformed("H8.2.1: a value with \(fault)", section(adding: [["x-a", value]])),
            .malformed(
                "H8.2.1, H8.2.3: a crumb with \(fault)",
                section(adding: [["cookie", "a=1"], ["cookie", value]])
            ),
            .malformed(
                "H8.2.1, H8.2.3: a first crumb with \(fault)",
                section(adding: [["cookie", value], ["cookie", "a"]])
            ),
            .malformed("H8.2.1, H8.3.1: a path with \(fault)", section("GET", "/" + value)),
            .malformed("H8.2.1, H8.3.1: a method with \(fault)", section(value, "/bad")),
            .malformed("H8.2.1, H8.3.1: an authority with \(fault)", section("GET", "/bad", authority: value)),
            .malformed("H8.2.1, H8.3.1: a scheme with \(fault)", section("GET", "/bad", scheme: value)),
        ]
    }

    private static let connection: [HTTP2Row] = [
        ("connection", "close"), ("connection", "x-a"), ("keep-alive", "timeout=5"), ("proxy-connection", "keep-alive"),
        ("transfer-encoding", "chunked"), ("upgrade", "websocket"), ("te", "gzip"), ("te", "trailers, gzip"),
    ].flatMap { name, value -> [HTTP2Row] in
        [
            .malformed("H8.2.2: \(name): \(value)", section(adding: [[name, value]])),
            .malformed(
                "H8.2.2: \(name): \(value), with a body",
                section("POST", "/bad", adding: [[name, value]]),
                body: [smuggled]
            ),
        ]
    }

    private static let lengths: [HTTP2Row] =
        [
            ("too long", [["content-length", "9"]], ["hello"]), ("too short", [["content-length", "2"]], ["hello"]),
            ("too short in frames", [["content-length", "2"]], ["he", "llo"]),
            ("too short by far", [["content-length", "2"]], ["he", smuggled, smuggled]),
            ("of no body", [["content-length", "2"]], nil), ("of an empty body", [["content-length", "2"]], [""]),
            ("of nothing for a body", [["content-length", "0"]], [smuggled]),
            ("in hex", [["content-length", "0x5"]], ["hello"]),
            ("different", [["content-length", "5"], ["content-length", "6"]], ["hello"]),
            ("without end", [["content-length", "18446744073709551621"]], ["hello"]),
        ].map { .malformed("H8.1.1: a length \($0.0)", section("POST", "/bad", adding: $0.1), body: $0.2) }
        + [
            ("with a sign", [["content-length", "+5"]]), ("of no digits", [["content-length", ""]]),
            ("twice in a line", [["content-length", "5, 5"]]),
            ("twice", [["content-length", "5"], ["content-length", "5"]]),
        ].map {
            .malformed(
                "B5, B6, H8.1.1: a length \($0.0)",
                section("POST", "/bad", adding: $0.1),
                body: ["hello"],
                outcome: "400 "
            )
        }

    private static let pseudo: [HTTP2Row] =
        [
            ("no path", section("GET", nil)), ("an empty path", section("GET", "")),
            ("a path without slash", section("GET", "x")),
            ("an absolute path", section("GET", "http://evil/x")), ("* for GET", section("GET", "*")),
            ("no method", section(nil, "/bad")), ("an empty method", section("", "/bad")),
            ("no scheme", section(scheme: nil)),
            ("two methods", section(adding: [[":method", "GET"]])),
            ("two paths", section(adding: [[":path", "/bad"]])),
            ("two schemes", section(adding: [[":scheme", "http"]])),
            ("two authorities", section(adding: [[":authority", "a"]])),
            ("a late one", [[":method", "GET"], [":scheme", "http"], ["x", "1"], [":path", "/bad"]]),
            ("an unknown one", section(adding: [[":own", "1"]])),
            ("one of an answer", section(adding: [[":status", "200"]])),
            ("one in upper case", section(adding: [[":Path", "/bad"]])),
            ("Host of somebody else", section(adding: [["host", "evil"]])),
        ].map { .malformed("H8.3.1: \($0.0)", $0.1) } + [
            .malformed("R8, H8.3.1: two Hosts", section(adding: [["host", "a"], ["host", "a"]]), outcome: "400 "),
            .malformed("R8, H8.3.1: nobody's request", section(authority: nil), outcome: "400 "),
            .malformed("R8, H8.3.1: a path in the authority", section(authority: "a/b"), outcome: "400 "),
            .malformed("R8, H8.3.1: a user in the authority", section(authority: "u@a"), outcome: "400 "),
            .malformed("R10, H8.3.1: CONNECT", [[":method", "CONNECT"], [":authority", "a:1"]], outcome: "501 "),
            .malformed("R19, H8.3.1: a path that leaves the root", section("GET", "/%2e%2e/x"), outcome: "400 "),
            .malformed("F6: a loop", section(adding: [["via", "2.0 wonkey"]]), outcome: "508 "),
        ]

    private static let trailing: [HTTP2Row] = [
        ("upper case", ["X-End", "1"]), ("line feed", ["x-end", "a\nb"]), ("a pseudo-header field", [":path", "/x"]),
        ("connection", ["connection", "close"]), ("transfer-encoding", ["transfer-encoding", "chunked"]),
    ].map {
        .malformed("H8.2.1, H8.2.2: trailers with \($0.0)", section("POST", "/bad"), body: ["hi"], trailers: [$0.1])
    }

    private static let bounds: [HTTP2Row] = [
        .bounded("H.streams: too many at once", "101 streams", outcome: "GOAWAY PROTOCOL_ERROR"),
        .bounded("R15, H.header-list: too much, in some frames", "40 KiB of fields", outcome: "431 "),
        .bounded("R15, H.header-list: too much to keep", "120 KiB of fields", outcome: "GOAWAY PROTOCOL_ERROR"),
        .bounded("R15, H.header-list: too many", "120 fields", outcome: "431 "),
        .bounded("H.continuations: without end", "continuation flood", outcome: "GOAWAY ENHANCE_YOUR_CALM"),
        .bounded("H.pings: without end", "ping flood", outcome: "GOAWAY ENHANCE_YOUR_CALM"),
        .bounded("H.settings: without end", "settings flood", outcome: "GOAWAY ENHANCE_YOUR_CALM"),
        .bounded(
            "H.resets: of every request at once",
            "rapid reset",
            outcome: "GOAWAY ENHANCE_YOUR_CALM",
            isServedInPart: true
        ),
    ]
}
