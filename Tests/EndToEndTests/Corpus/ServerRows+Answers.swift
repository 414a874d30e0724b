extension ServerRow {
    static let answers: [ServerRow] = [
        ServerRow(
            "F4: lines of Set-Cookie are never joined",
            get("/cookies"),
            answer: .init(has: ["\r\nSet-Cookie: a=1\r\nX-Own: y\r\nSet-Cookie: b=2\r\n"]),
            seen: .forwarded("GET /cookies")
        ),
        ServerRow(
            "F8: content is not transformed",
            get("/transform", "Accept-Encoding: gzip\r\n"),
            answer: .init(has: ["\r\nCache-Control: no-transform\r\n", "\r\nContent-Length: 8\r\n", "\r\n\r\n  ok  ok"]
            ),
            seen: .forwarded("GET /transform", ["Accept-Encoding: gzip"])
        ),
        ServerRow(
            "F9: an answer has one Date, the server's or ours",
            get("/f9"),
            answer: .init(has: ["\r\nDate: "]),
            seen: .forwarded("GET /f9")
        ),
        ServerRow("F13: an unknown status passes", get("/299"), answers: [299], seen: .forwarded("GET /299")),
        ServerRow(
            "F21: 426 says what to upgrade to",
            get("/426"),
            answers: [426],
            answer: .init(has: ["\r\nUpgrade: TLS/1.0\r\n"]),
            seen: .forwarded("GET /426")
        ),
        ServerRow(
            "F21: 401 says how to prove who one is",
            get("/keyed/f21"),
            answers: [401],
            answer: .init(has: ["\r\nWWW-Authenticate: Bearer "])
        ),
        ServerRow(
            "F22: a redirect is the client's to follow",
            get("/302"),
            answers: [302],
            answer: .init(has: ["\r\nLocation: http://127.0.0.1:1/x\r\n"]),
            seen: .forwarded("GET /302")
        ),
        ServerRow(
            "F12, F14: a POST that is dropped is not repeated",
            post("/drop", "Content-Length: 0\r\n", ""),
            answers: [502],
            seen: .forwarded("POST /drop", framing: ["Content-Length: 0"], isServed: false)
        ),
        ServerRow(
            "F14: a server that is slow is 504",
            get("/silent"),
            answers: [504],
            seen: .forwarded("GET /silent", isServed: false)
        ),
        ServerRow(
            "F19: an event waits for no buffer to fill",
            steps: [.send(get("/stream")), .read("data: 1\n\n"), .close],
            answers: [200],
            seen: .forwarded("GET /stream")
        ),
    ]

    static let connections: [ServerRow] = [
        ServerRow(
            "F20: an upgrade that is agreed to is the end of HTTP on this connection",
            steps: [
                .send("GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c, websocket\r\n"),
                .send("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"),
                .read("\r\n\r\n"), .send(request + "ping"),
            ],
            answers: [101],
            answer: .init(has: ["\r\nUpgrade: websocket\r\n", "\r\n\r\npong"]),
            seen: .forwarded(
                "GET /upgrade",
                ["Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="],
                framing: ["Connection: Upgrade", "Upgrade: websocket"]
            )
        ),
        ServerRow(
            "B13: HEAD, 204 and 304 have no body, and what is behind them is the next answer",
            "HEAD /b13 HTTP/1.1\r\nHost: a\r\n\r\nGET /204 HTTP/1.1\r\nHost: a\r\n\r\n"
                + "GET /304 HTTP/1.1\r\nHost: a\r\n\r\n" + get("/b13"),
            answers: [200, 204, 304, 200],
            seen: .forwarded("HEAD /b13"),
            .forwarded("GET /204"),
            .forwarded("GET /304"),
            .forwarded("GET /b13")
        ),
        ServerRow(
            "F11: a body that is asked for comes, and the server hears of no expectation",
            steps: [
                .send(post("/f11", "Expect: 100-continue\r\nContent-Length: 2\r\n", "")),
                .read("HTTP/1.1 100 Continue\r\n\r\n"), .send("hi"),
            ],
            answers: [100, 200],
            seen: .forwarded("POST /f11", framing: ["Content-Length: 2"], body: "hi")
        ),
        ServerRow(
            "F15: HTTP/1.0 gets the connection's end",
            "GET /f15 HTTP/1.0\r\nHost: a\r\n\r\n",
            answer: .init(has: ["\r\nConnection: close\r\n", "\r\n\r\nok"]),
            seen: .forwarded("GET /f15", via: "1.0")
        ),
        ServerRow(
            "F16: nothing behind the last request is one",
            get("/f16") + request,
            answer: .init(has: ["\r\nConnection: close\r\n"]),
            seen: .forwarded("GET /f16")
        ),
        ServerRow(
            "F17: pipelined requests are answered in order, bodies and all",
            "POST /f17/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
                + "GET /299 HTTP/1.1\r\nHost: a\r\n\r\n"
                + "PUT /f17/3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
                + get("/302"),
            answers: [200, 299, 200, 302],
            seen: .forwarded("POST /f17/1", framing: ["Content-Length: 2"], body: "hi"),
            .forwarded("GET /299"),
            .forwarded("PUT /f17/3", framing: ["Transfer-Encoding: chunked"], body: "x"),
            .forwarded("GET /302")
        ),
    ]

    static let clients: [ServerRow] = [
        ServerRow(
            "X3: what an untrusted client says of others is discarded",
            get(
                "/x3",
                "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\n"
                    + "Forwarded: for=1.2.3.4\r\nX-Real-IP: 1.2.3.4\r\nX-Request-Id: forged\r\n"
            ),
            seen: .forwarded("GET /x3")
        ),
        ServerRow(
            "X3, X4: the client is the last address that is not trusted",
            get("/x4", "X-Forwarded-For: 6.6.6.6, 1.2.3.4, 10.0.0.1\r\n"),
            client: .trusted,
            seen: .forwarded(
                "GET /x4",
                chain: (
                    "1.2.3.4, 10.0.0.1, 127.0.0.2", "for=1.2.3.4;host=a;proto=http, for=10.0.0.1, for=127.0.0.2"
                )
            )
        ),
        ServerRow(
            "X1, X2: an address with colons is bracketed and quoted",
            get("/x2", "Forwarded: For=\"[2001:db8::1]:4711\"\r\n"),
            client: .trusted,
            seen: .forwarded(
                "GET /x2",
                chain: ("2001:db8::1, 127.0.0.2", "for=\"[2001:db8::1]\";host=a;proto=http, for=127.0.0.2")
            )
        ),
        ServerRow(
            "F3, F13: where no key is asked for, credentials are the upstream's",
            get("/f3", "Connection: Authorization\r\nAuthorization: Basic YTpi\r\n"),
            seen: .forwarded("GET /f3", ["Authorization: Basic YTpi"])
        ),
        ServerRow(
            "X5: a key that nobody asked for goes nowhere either",
            get("/x5", "Authorization: bearer {key}\r\n"),
            seen: .forwarded("GET /x5")
        ),
        ServerRow(
            "X5: nor does one among others",
            get("/x5", "Authorization: Basic YTpi\r\nAuthorization: Bearer {key}\r\n"),
            seen: .forwarded("GET /x5")
        ),
        ServerRow(
            "X5: who the client is comes from its key alone",
            get(
                "/keyed/x5",
                "Authorization: Bearer {key}\r\nX-WonKey-Key-Id: forged\r\nx-wonkey-project-id: forged\r\n"
                    + "X_WONKEY_KEY_ID: forged\r\n"
            ),
            seen: .forwarded(
                "GET /keyed/x5",
                identity: ["X-WonKey-Key-Id: KEYID", "X-WonKey-Project-Id: PROJECTID"]
            )
        ),
    ]
}
