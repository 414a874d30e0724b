import Support

/// One request through the proxy, what the origin does with it, and what each side must and must not see.
struct ForwardingRow: Sendable {
    struct Expectation: Sendable {
        var begins = ""
        var has: [String] = []
        /// Of what there must be one and no more.
        var once: [String] = []
        var lacks: [String] = []

        /// What `text` has too much or too little, compared without case.
        func faults(_ side: String, _ text: String) -> [String] {
            let lower = text.lowercased()
            var faults: [String] = []
            if !lower.hasPrefix(self.begins.lowercased()) { faults.append("\(side) does not begin \(self.begins)") }
            faults += self.has.filter { !lower.contains($0.lowercased()) }.map { "\(side) lacks \($0)" }
            faults += self.once.filter { lower.ranges(of: $0.lowercased()).count != 1 }
                .map { "\(side) has not one \($0)" }
            faults += self.lacks.filter { lower.contains($0.lowercased()) }.map { "\(side) has \($0)" }
            return faults.map { "\($0) in \(text.debugDescription)" }
        }
    }

    var name: String
    /// `PATH` stands for the row's own path, below which its own origin is reached.
    var request: String
    /// What the origin does on every connection; `nil`: there is none, nothing listens.
    var script: [OriginServer.Step]?
    var answer: Expectation
    var origin: Expectation
    /// Connections the origin must have seen.
    var connections = 1
    /// How long the proxy waits for the origin.
    var timeout = "30s"

    /// How the faults begin that this row shows, compared without case.
    func faults(answer: String, received: [String]) -> [String] {
        let seen = received.joined()
        var faults: [String] = []
        if received.count != self.connections { faults.append("\(received.count) connections to the origin") }
        faults += self.answer.faults("answer", answer) + self.origin.faults("origin", seen)
        return faults.map { "\(self.name): \($0)" }
    }
}

extension ForwardingRow {
    static let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    /// A GET with more fields, answered with a text.
    private static func get(
        _ name: String,
        _ fields: String = "",
        reply: String = ForwardingRow.ok,
        answer: Expectation = Expectation(begins: "HTTP/1.1 200 OK\r\n"),
        origin: Expectation = Expectation()
    ) -> ForwardingRow {
        let lines = fields.isEmpty ? "" : fields + "\r\n"
        return ForwardingRow(
            name: name,
            request: "GET PATH HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\(lines)\r\n",
            script: [.await("\r\n\r\n"), .send(reply)],
            answer: answer,
            origin: origin
        )
    }

    /// A GET whose answer is broken: 502, and nothing of the answer is passed on.
    private static func broken(_ name: String, _ reply: String) -> ForwardingRow {
        .get(
            name,
            reply: reply,
            answer: Expectation(
                begins: "HTTP/1.1 502 ",
                has: ["content-type: application/problem+json", "\"code\":\"upstream_invalid\""],
                lacks: ["leak"]
            )
        )
    }

    static let requestFields: [ForwardingRow] = [
        .get(
            "F1: fields named in Connection end here",
            "Connection: X-Hop, keep-alive\r\nX-Hop: leak\r\nX-Stays: 1",
            origin: Expectation(has: ["\r\nX-Stays: 1\r\n"], lacks: ["x-hop", "\r\nconnection:"])
        ),
        .get(
            "F2: hop-by-hop fields end here, and an upgrade nobody agreed to is none (F20)",
            "Proxy-Connection: keep-alive\r\nKeep-Alive: timeout=5\r\nTE: gzip\r\nUpgrade: websocket\r\nTrailer: X",
            origin: Expectation(lacks: ["proxy-connection", "keep-alive", "\r\nte:", "upgrade", "trailer"])
        ),
        .get(
            "F3: what the proxy adds does not vanish by Connection",
            "Connection: Authorization, Via, Host, X-Request-Id, X-Forwarded-For, Forwarded, X-Injected",
            origin: Expectation(
                has: [
                    "\r\nHost: a.example\r\n", "\r\nAuthorization: Bearer upstream-secret\r\n",
                    "\r\nVia: 1.1 wonkey\r\n",
                    "\r\nX-Request-Id: ", "\r\nX-Forwarded-For: 127.0.0.1\r\n", "\r\nForwarded: for=127.0.0.1",
                    "\r\nX-Injected: yes\r\n",
                ]
            )
        ),
        .get(
            "F4: the order of lines of one name stays",
            "X-A: 1\r\nX-B: 2\r\nX-A: 3",
            origin: Expectation(has: ["\r\nX-A: 1\r\nX-B: 2\r\nX-A: 3\r\n"])
        ),
        .get(
            "F5: Via grows by one",
            "Via: 1.0 front, 1.1 next",
            origin: Expectation(has: ["\r\nVia: 1.0 front, 1.1 next\r\n", "\r\nVia: 1.1 wonkey\r\n"])
        ),
        .get(
            "F13, R1: unknown fields pass, bytes above ASCII too",
            "X-Unknown: \"ü\";q=1",
            origin: Expectation(has: ["\r\nX-Unknown: \"ü\";q=1\r\n"])
        ),
        .get(
            "X3: what an untrusted client says of others is discarded",
            "X-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Proto: https\r\nForwarded: for=1.2.3.4\r\nX-Real-IP: 1.2.3.4",
            origin: Expectation(
                has: [
                    "\r\nX-Forwarded-For: 127.0.0.1\r\n", "\r\nX-Forwarded-Proto: http\r\n",
                    "\r\nForwarded: for=127.0.0.1;host=a.example;proto=http\r\n",
                ],
                lacks: ["1.2.3.4", "https"]
            )
        ),
        .get(
            "X5: identity comes from the proxy alone",
            "X-WonKey-Key-Id: forged\r\nX-WonKey-Project-Id: forged\r\nX-Request-Id: forged",
            origin: Expectation(lacks: ["forged"])
        ),
        .get(
            "R18: underscores do not disguise trusted names",
            "X_WonKey_Key_Id: forged\r\nX_Forwarded_For: forged\r\nX-Forwarded_Host: forged\r\nX_Injected: forged\r\nmy_own: 1",
            origin: Expectation(has: ["\r\nmy_own: 1\r\n"], lacks: ["forged"])
        ),
    ]

    static let responses: [ForwardingRow] = [
        .get(
            "F1, F2: the answer's hop-by-hop fields end here",
            reply:
                "HTTP/1.1 200 OK\r\nConnection: X-Hop\r\nX-Hop: leak\r\nKeep-Alive: timeout=9\r\nContent-Length: 0\r\n\r\n",
            answer: Expectation(begins: "HTTP/1.1 200 OK\r\n", lacks: ["x-hop", "keep-alive"])
        ),
        .get(
            "F4: Set-Cookie lines are never joined",
            reply:
                "HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nX: y\r\nSet-Cookie: b=2\r\nSet-Cookie: c=3\r\nContent-Length: 0\r\n\r\n",
            answer: Expectation(has: ["\r\nSet-Cookie: a=1\r\nX: y\r\nSet-Cookie: b=2\r\nSet-Cookie: c=3\r\n"])
        ),
        .get("F9: an answer without Date gets one", answer: Expectation(has: ["\r\nDate: "])),
        .get(
            "F9: an answer's own Date stays",
            reply: "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\nContent-Length: 0\r\n\r\n",
            answer: Expectation(has: ["\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"], once: ["\r\nDate:"])
        ),
        .get(
            "F10: 1xx answers pass",
            reply: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + ForwardingRow.ok,
            answer: Expectation(begins: "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n")
        ),
        .get(
            "F13: unknown status codes pass",
            reply: "HTTP/1.1 299 Fine\r\nContent-Length: 0\r\n\r\n",
            answer: Expectation(begins: "HTTP/1.1 299 Fine\r\n")
        ),
        .get(
            "F21: 426 says what to upgrade to",
            reply:
                "HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.0\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n",
            answer: Expectation(begins: "HTTP/1.1 426 ", has: ["\r\nUpgrade: TLS/1.0\r\n"])
        ),
        .get(
            "F22: redirects are the client's to follow",
            reply: "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/x\r\nContent-Length: 0\r\n\r\n",
            answer: Expectation(begins: "HTTP/1.1 302 Found\r\n", has: ["\r\nLocation: http://127.0.0.1:1/x\r\n"])
        ),
        .get(
            "B13: 204 has no body and no length",
            reply: "HTTP/1.1 204 No Content\r\n\r\n",
            answer: Expectation(begins: "HTTP/1.1 204 ", lacks: ["content-length", "transfer-encoding"])
        ),
        .get(
            "B13: 304 has no body whatever its fields say",
            reply: "HTTP/1.1 304 Not Modified\r\nContent-Length: 500\r\nETag: \"x\"\r\n\r\n",
            answer: Expectation(begins: "HTTP/1.1 304 ", has: ["\r\nContent-Length: 500\r\n", "\r\nETag: \"x\"\r\n"])
        ),
        .broken("B11: two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nleak"),
        .broken("B11: both framings", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\nleak"),
        .broken("B11: no HTTP", "SSH-2.0-leak\r\n\r\n"),
        .broken("R11: space before colon", "HTTP/1.1 200 OK\r\nX : leak\r\nContent-Length: 0\r\n\r\n"),
        .broken("R12: obs-fold", "HTTP/1.1 200 OK\r\nX: a\r\n leak\r\nContent-Length: 0\r\n\r\n"),
        .broken("R13: NUL", "HTTP/1.1 200 OK\r\nX: a\0leak\r\nContent-Length: 0\r\n\r\n"),
        .broken("F20: 101 nobody asked for", "HTTP/1.1 101 leak\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
    ]

    static let others: [ForwardingRow] = [
        ForwardingRow(
            name: "F6: a loop ends with 508",
            request: "GET PATH HTTP/1.1\r\nHost: a\r\nConnection: close\r\nVia: 1.1 x, 1.1 wonkey\r\n\r\n",
            script: [.await("\r\n\r\n"), .send(ok)],
            answer: Expectation(begins: "HTTP/1.1 508 ", has: ["application/problem+json"]),
            origin: Expectation(),
            connections: 0
        ),
        ForwardingRow(
            name: "F7: the last hop answers OPTIONS",
            request: "OPTIONS PATH HTTP/1.1\r\nHost: a\r\nConnection: close\r\nMax-Forwards: 0\r\n\r\n",
            script: [.await("\r\n\r\n"), .send(ok)],
            answer: Expectation(begins: "HTTP/1.1 204 ", has: ["\r\nAllow: GET"]),
            origin: Expectation(),
            connections: 0
        ),
        ForwardingRow(
            name: "F7: Max-Forwards counts down",
            request: "OPTIONS PATH HTTP/1.1\r\nHost: a\r\nConnection: close\r\nMax-Forwards: 5\r\n\r\n",
            script: [.await("\r\n\r\n"), .send(ok)],
            answer: Expectation(begins: "HTTP/1.1 200 "),
            origin: Expectation(has: ["\r\nMax-Forwards: 4\r\n"])
        ),
        ForwardingRow(
            name: "F7, F21: TRACE is refused with 405 and Allow",
            request: "TRACE PATH HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            script: [.await("\r\n\r\n"), .send(ok)],
            answer: Expectation(begins: "HTTP/1.1 405 ", has: ["\r\nAllow: GET", "application/problem+json"]),
            origin: Expectation(),
            connections: 0
        ),
        ForwardingRow(
            name: "F12: a POST whose connection ends is not repeated",
            request: "POST PATH HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
            script: [.await("hello"), .close],
            answer: Expectation(begins: "HTTP/1.1 502 ", has: ["\"code\":\"upstream_closed\""]),
            origin: Expectation(has: ["\r\n\r\nhello"])
        ),
        ForwardingRow(
            name: "F14: an origin that is away is 502",
            request: "GET PATH HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            script: nil,
            answer: Expectation(begins: "HTTP/1.1 502 ", has: ["\"code\":\"upstream_unreachable\""]),
            origin: Expectation(),
            connections: 0
        ),
        ForwardingRow(
            name: "F14: an origin that is slow is 504",
            request: "GET PATH HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            script: [.await("\r\n\r\n")],
            answer: Expectation(begins: "HTTP/1.1 504 ", has: ["\"code\":\"upstream_timeout\""]),
            origin: Expectation(begins: "GET "),
            timeout: "300ms"
        ),
        ForwardingRow(
            name: "B9: an answer that breaks off is not complete for the client either",
            request: "GET PATH HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            script: [
                .await("\r\n\r\n"), .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n"), .close,
            ],
            answer: Expectation(begins: "HTTP/1.1 200 OK\r\n", has: ["4\r\npart\r\n"], lacks: ["\r\n0\r\n"]),
            origin: Expectation()
        ),
        ForwardingRow(
            name: "F15: HTTP/1.0 gets no chunks, no 1xx and the connection's end",
            request: "GET PATH HTTP/1.0\r\nHost: a\r\n\r\n",
            script: [
                .await("\r\n\r\n"),
                .send("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                .send("4\r\npart\r\n0\r\n\r\n"),
            ],
            answer: Expectation(
                begins: "HTTP/1.1 200 OK\r\n",
                has: ["\r\nConnection: close\r\n", "\r\n\r\npart"],
                lacks: ["transfer-encoding", " 103 "]
            ),
            origin: Expectation(has: [" HTTP/1.1\r\n", "\r\nVia: 1.0 wonkey\r\n"])
        ),
        ForwardingRow(
            name: "B13: HEAD has the fields of GET and no body",
            request: "HEAD PATH HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            script: [.await("\r\n\r\n"), .send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n")],
            answer: Expectation(begins: "HTTP/1.1 200 OK\r\n", has: ["\r\nContent-Length: 500\r\n"]),
            origin: Expectation(begins: "HEAD ")
        ),
        ForwardingRow(
            name: "B8: trailers go to who asks for them",
            request: "GET PATH HTTP/1.1\r\nHost: a\r\nConnection: close, TE\r\nTE: trailers\r\n\r\n",
            script: [
                .await("\r\n\r\n"), .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
                .send("0\r\nX-Sum: 1\r\nContent-Length: 7\r\n\r\n"),
            ],
            answer: Expectation(has: ["\r\n0\r\nX-Sum: 1\r\n\r\n"], lacks: ["content-length"]),
            origin: Expectation(has: ["\r\nTE: trailers\r\n"])
        ),
        ForwardingRow(
            name: "B8: trailers do not go to others",
            request: "GET PATH HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            script: [
                .await("\r\n\r\n"), .send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n"),
            ],
            answer: Expectation(has: ["\r\n0\r\n\r\n"], lacks: ["x-sum"]),
            origin: Expectation(lacks: ["trailers"])
        ),
    ]
}
