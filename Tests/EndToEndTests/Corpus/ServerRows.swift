extension ServerRow {
    /// Conversations that every server must understand alike.
    static let all =
        Self.reading + Self.bodies + Self.fields + Self.answers + Self.connections + Self.clients
        + Corpus.heads.map { ServerRow(refused: $0, mayBeSeenInPart: false) }
        + Corpus.bodies.map { ServerRow(refused: $0, mayBeSeenInPart: true) }

    private static let long = "/" + String(repeating: "a", count: 8_000)
    private static let odd = "\"\u{FC}\u{C3}\u{BC}\u{80}\";q=1"
    private static let path = "/a;x=1/./b/../%7Ec//%c3?q=%2F&r=/../&%zz"

    private static let reading: [ServerRow] = [
        ServerRow(
            "R1, F13: octets are passed on as they are",
            get("/r1", "X-Odd: \(odd)\r\n"),
            seen: .forwarded("GET /r1", ["X-Odd: \(odd)"])
        ),
        ServerRow("R4: an empty line before the request is ignored", "\r\n" + get("/r4"), seen: .forwarded("GET /r4")),
        ServerRow(
            "R7, F13: an unknown method passes",
            post("/r7", "", "", method: "BREW"),
            seen: .forwarded("BREW /r7")
        ),
        ServerRow("R7, F8: 8000 octets of a target pass", get(long), seen: .forwarded("GET \(long)")),
        ServerRow(
            "R9: the authority of the target wins",
            "GET http://B:81/r9?y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            seen: .forwarded("GET /r9?y", host: "b:81")
        ),
        ServerRow(
            "R9, F22: no target chooses the upstream",
            "GET http://192.0.2.1:9/f22 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            seen: .forwarded("GET /f22", host: "192.0.2.1:9")
        ),
        ServerRow(
            "R14: names are compared without case",
            "POST /r14 HTTP/1.1\r\nhOST: a\r\ncONNECTION: cLOSE\r\nx-Mixed: 1\r\ncONTENT-lENGTH: 2\r\n\r\nhi",
            seen: .forwarded("POST /r14", ["x-Mixed: 1"], framing: ["Content-Length: 2"], body: "hi")
        ),
        ServerRow(
            "R16: half a head is no request",
            steps: [.send("GET /r16 HTTP/1.1\r\nHost: a\r\nX: y\r\n"), .close],
            answers: []
        ),
        ServerRow(
            "R17: a higher minor version is the highest known",
            "GET /r17 HTTP/1.9\r\nHost: a\r\nConnection: close\r\n\r\n",
            seen: .forwarded("GET /r17")
        ),
        ServerRow(
            "R18, X5: an underscore does not disguise a name that is trusted",
            get(
                "/r18",
                "X_WonKey_Key_Id: forged\r\nX_Forwarded_For: forged\r\nX-Forwarded_Host: forged\r\nX_Injected: forged\r\n"
                    + "Content_Length: 5\r\nmy_own: 1\r\n"
            ),
            seen: .forwarded("GET /r18", ["my_own: 1"])
        ),
        ServerRow("R19, F8: a path is passed on byte for byte", get(path), seen: .forwarded("GET \(path)")),
    ]

    static let request = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n"

    private static let bodies: [ServerRow] = [
        ServerRow(
            "B5: zeros before a length mean nothing",
            post("/b5", "Content-Length: 0002\r\n", "hi"),
            seen: .forwarded("POST /b5", framing: ["Content-Length: 2"], body: "hi")
        ),
        ServerRow(
            "B3, B7: chunks in any size, with extensions, in any case of their name",
            post(
                "/b7",
                "Transfer-Encoding: \t ChunKed \t\r\n",
                "1;a=\"b;c\"\r\nh\r\n000A;x\r\n\r\n0\r\n\r\n0\0\u{FF}\r\n0;last\r\n\r\n"
            ),
            seen: .forwarded(
                "POST /b7",
                framing: ["Transfer-Encoding: chunked"],
                body: "h\r\n0\r\n\r\n0\0\u{FF}"
            )
        ),
        ServerRow(
            "B8: trailers of a request go nowhere",
            post(
                "/b8",
                "Trailer: X-Late, Host\r\nTransfer-Encoding: chunked\r\n",
                "2\r\nhi\r\n0\r\nX-Late: 1\r\nHost: evil\r\nContent-Length: 9\r\n\r\n"
            ),
            seen: .forwarded("POST /b8", framing: ["Transfer-Encoding: chunked"], body: "hi")
        ),
        ServerRow(
            "B9: a body that is shorter than its length is not complete",
            steps: [.send("POST /b9/length HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhello"), .close],
            answers: [],
            mayBeSeenInPart: true
        ),
        ServerRow(
            "B9: a chunked body without its end is not complete",
            steps: [
                .send("POST /b9/chunks HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"),
                .close,
            ],
            answers: [],
            mayBeSeenInPart: true
        ),
        ServerRow(
            "B10, F11: what is refused by its head has no body that could be a request",
            "POST /keyed/b10 HTTP/1.1\r\nHost: a\r\nContent-Length: \(request.utf8.count)\r\n\r\n\(request)"
                + get("/b10"),
            answers: [401, 200],
            seen: .forwarded("GET /b10")
        ),
        ServerRow(
            "B15, B10: too large a body is read by nobody",
            "POST /b15 HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n\(request)",
            answers: [413],
            answer: .init(has: ["\r\nConnection: close\r\n"])
        ),
        ServerRow(
            "B14: a GET may have a body",
            post("/b14", "Content-Length: 2\r\n", "hi", method: "GET"),
            seen: .forwarded("GET /b14", framing: ["Content-Length: 2"], body: "hi")
        ),
        ServerRow(
            "B14: a body of DELETE that looks like a request is none",
            post("/b14", "Content-Length: \(request.utf8.count)\r\n", request, method: "DELETE"),
            seen: .forwarded("DELETE /b14", framing: ["Content-Length: \(request.utf8.count)"], body: request)
        ),
        ServerRow(
            "B14: nor is one of HEAD in chunks",
            post(
                "/b14",
                "Transfer-Encoding: chunked\r\n",
                "\(String(request.utf8.count, radix: 16))\r\n\(request)\r\n0\r\n\r\n",
                method: "HEAD"
            ),
            seen: .forwarded("HEAD /b14", framing: ["Transfer-Encoding: chunked"], body: request)
        ),
    ]

    private static let fields: [ServerRow] = [
        ServerRow(
            "F1: fields named in Connection end here",
            get(
                "/f1",
                "Connection: X-Hop, keep-alive\r\nx-hop: leak\r\nX-Stays: 1\r\nconnection: , x-late ,\r\nX-Late: leak\r\n"
            ),
            seen: .forwarded("GET /f1", ["X-Stays: 1"])
        ),
        ServerRow(
            "F2, F20: hop-by-hop fields end here, and an upgrade nobody agreed to is none",
            get(
                "/f2",
                "Proxy-Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nTE: gzip\r\nConnection: Upgrade\r\n"
                    + "Upgrade: websocket\r\nTrailer: X\r\nProxy-Authorization: Basic YTpi\r\n"
            ),
            seen: .forwarded("GET /f2")
        ),
        ServerRow(
            "F3: what is trusted does not vanish by Connection",
            post(
                "/f3",
                "Connection: Authorization, Via, Host, X-Request-Id, X-Forwarded-For, Forwarded, X-Injected, Content-Length\r\n"
                    + "Content-Length: 2\r\n",
                "hi"
            ),
            seen: .forwarded("POST /f3", framing: ["Content-Length: 2"], body: "hi")
        ),
        ServerRow(
            "F4: lines of one name keep their order",
            get("/f4", "X-A: 1\r\nX-B: 2\r\nx-a: 3\r\nX-A: 1\r\nX-Empty:\r\n"),
            seen: .forwarded("GET /f4", ["X-A: 1", "X-B: 2", "x-a: 3", "X-A: 1", "X-Empty: "])
        ),
        ServerRow(
            "F5: Via grows by one",
            get("/f5", "Via: 1.0 front, 1.1 next\r\n"),
            seen: .forwarded("GET /f5", ["Via: 1.0 front, 1.1 next"])
        ),
        ServerRow("F6: a loop ends here", get("/f6", "Via: 1.1 x, 1.1 wonkey\r\n"), answers: [508]),
        ServerRow(
            "F7: Max-Forwards counts down",
            post("/f7", "Max-Forwards: 5\r\n", "", method: "OPTIONS"),
            seen: .forwarded("OPTIONS /f7", ["Max-Forwards: 4"])
        ),
        ServerRow(
            "F7: the last hop answers",
            post("/f7", "Max-Forwards: 0\r\n", "", method: "OPTIONS"),
            answers: [204]
        ),
        ServerRow(
            "F7, F21: TRACE is refused and Allow says what is not",
            post("/f7", "", "", method: "TRACE"),
            answers: [405],
            answer: .init(has: ["\r\nAllow: GET"])
        ),
    ]
}
