import Support
import Testing
import WonkeyCore

@testable import WonkeyAdmin

@Suite("Management service")
struct ServiceTests {
    private let bench = ServiceBench()
    private let samples = SampleEndpoints()
    private let json = ("Content-Type", "application/json")
    private let alice = TokenNames.header("alice")

    private func answer(
        _ method: String,
        _ path: String,
        _ headers: [(String, String)] = [],
        _ body: String = ""
    ) async throws -> TestResponse {
        try await self.bench.answer(self.samples.all, method, path, headers: headers, body: body)
    }

    // MARK: Routes

    @Test(
        "a path is found by its segments, literal ones first, and decoded once",
        arguments: [
            ("/v1/things/mine", 200, "thing_mine"), ("/v1/things/thing_7", 200, "thing_7"),
            ("/v1/things/thing%5F7", 200, "thing_7"), ("/v1/things/%6dine", 200, "thing_mine"),
            ("/v1/things/thing%255F7", 404, nil), ("/v1/things/key_7", 404, nil), ("/v1/things/thing_7/", 404, nil),
            ("/v1//things", 404, nil), ("/v1/things/thing_%zz", 404, nil), ("/v1/things/thing_%ff", 404, nil),
            ("/v1/things/thing_%00", 404, nil), ("/v1/things/", 404, nil), ("/", 404, nil),
            ("/V1/things/mine", 404, nil),
        ]
    )
    func paths(path: String, status: Int, id: String?) async throws {
        let answer = try await self.answer("GET", path, [self.alice])
        #expect(answer.status == status)
        if let id {
            #expect(try answer.json["id"] == .string(id))
        } else {
            #expect(answer.header("Content-Type") == "application/problem+json")
            #expect(Problem.schema.faults(in: try answer.json) == [])
        }
    }

    @Test(
        "another method is answered 405 with what the path takes",
        arguments: [
            ("PUT", "/v1/things", "GET, HEAD, OPTIONS, POST"),
            ("DELETE", "/v1/things/thing_1", "GET, HEAD, OPTIONS, PATCH"),
            ("TRACE", "/v1/things", "GET, HEAD, OPTIONS, POST"), ("GET", "/v1/slow", "OPTIONS, POST"),
        ]
    )
    func methods(method: String, path: String, allow: String) async throws {
        let answer = try await self.answer(method, path)
        #expect(answer.status == 405)
        #expect(answer.header("Allow") == allow)
    }

    @Test("OPTIONS tells what a path takes, without a token")
    func options() async throws {
        let answer = try await self.answer("OPTIONS", "/v1/things")
        #expect(answer.status == 204)
        #expect(answer.header("Allow") == "GET, HEAD, OPTIONS, POST")
        #expect(answer.header("Content-Length") == nil)
        #expect(try await self.answer("OPTIONS", "/v1/nothing").status == 404)
    }

    @Test("HEAD answers as GET, without the body")
    func head() async throws {
        let bench = self.bench
        try await bench.serving(self.samples.all) { port, _ in
            let client = try await RawClient.connect(port: port)
            try await client.send("HEAD /v1/things HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            let text = try await client.read { _, isClosed in isClosed }
            #expect(text.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(text.contains("\r\nContent-Length: 5"))
            #expect(text.hasSuffix("\r\n\r\n"))
        }
    }

    // MARK: Who

    @Test(
        "without one good bearer token there is only 401, and 503 if nobody can tell",
        arguments: [
            ([], 401, #"Bearer realm="wonkey""#), (["user-alice"], 401, #"Bearer realm="wonkey""#),
            (["Basic user-alice"], 401, #"Bearer realm="wonkey""#), (["Bearer"], 401, #"Bearer realm="wonkey""#),
            (["Bearer a b"], 401, #"Bearer realm="wonkey""#),
            (["Bearer user-alice", "Bearer user-alice"], 401, #"Bearer realm="wonkey""#),
            (["Bearer nonsense"], 401, #"Bearer realm="wonkey", error="invalid_token""#),
            (["Bearer expired"], 401, #"Bearer realm="wonkey", error="invalid_token""#),
            (["Bearer away"], 503, nil), (["bearer user-alice"], 200, nil),
        ] as [([String], Int, String?)]
    )
    func authentication(values: [String], status: Int, challenge: String?) async throws {
        let answer = try await self.answer("GET", "/v1/things/mine", values.map { ("Authorization", $0) })
        #expect(answer.status == status)
        #expect(answer.header("WWW-Authenticate") == challenge)
        #expect((answer.header("Retry-After") != nil) == (status == 503))
        #expect(!answer.text.contains("fire"))
    }

    @Test("the client's address is the peer's, or what trusted proxies say")
    func clientAddress() async throws {
        let fields = [self.alice, ("X-Forwarded-For", "198.51.100.7, 203.0.113.9")]
        #expect(try await self.answer("GET", "/v1/things/mine", fields).json["client"] == "127.0.0.1")
        var bench = self.bench
        bench.settings.trustedProxies = [try #require(AddressRange("127.0.0.0/8"))]
        let answer = try await bench.answer(self.samples.all, "GET", "/v1/things/mine", headers: fields)
        #expect(try answer.json["client"] == "203.0.113.9")
    }

    // MARK: What

    @Test(
        "a body is JSON of the declared form",
        arguments: [
            (#"{"name":"a"}"#, "application/json", 201, [:]),
            (#"{"name":"a"}"#, "Application/JSON; charset=UTF-8", 201, [:]),
            (#"{"name":"a"}"#, "text/json", 415, [:]), (#"{"name":"a"}"#, "application/json; charset=latin1", 415, [:]),
            (#"{"name":"a"}"#, nil, 415, [:]), ("", "application/json", 400, [:]), ("{", "application/json", 400, [:]),
            (#"{"name":"a","name":"b"}"#, "application/json", 400, [:]),
            ("[]", "application/json", 422, ["": "must be an object"]),
            ("{}", "application/json", 422, ["name": "is required"]),
            (
                #"{"name":7,"size":10,"color":"red"}"#, "application/json", 422,
                ["name": "must be a string", "size": "must be from 1 to 9", "color": "is not known"]
            ),
            (#"{"name":"taken"}"#, "application/json", 409, [:]),
        ] as [(String, String?, Int, [String: String])]
    )
    func bodies(body: String, mediaType: String?, status: Int, faults: [String: String]) async throws {
        let fields = [self.alice] + (mediaType.map { [("Content-Type", $0)] } ?? [])
        let answer = try await self.answer("POST", "/v1/things", fields, body)
        #expect(answer.status == status)
        #expect(try answer.faults == faults)
    }

    @Test("a body too large is refused by its length, and by its bytes if it has none")
    func largeBodies() async throws {
        var bench = self.bench
        bench.settings.bodyMax = 64
        let head =
            "POST /v1/things HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer user-a\r\nContent-Type: application/json\r\n"
        try await bench.serving(self.samples.all) { port, _ in
            for rest in [
                "Content-Length: 65\r\n\r\n",
                "Transfer-Encoding: chunked\r\n\r\n40\r\n" + String(repeating: " ", count: 64) + "\r\n1\r\n \r\n",
            ] {
                let client = try await RawClient.connect(port: port)
                try await client.send(head + rest)
                let text = try await client.read { text, _ in text.contains("at most 64 bytes") }
                #expect(text.hasPrefix("HTTP/1.1 413 "))
                #expect(text.contains("\r\nConnection: close\r\n"))
                _ = try await client.read { _, isClosed in isClosed }
            }
        }
    }

    @Test("a body that does not arrive in time is answered 408")
    func slowBody() async throws {
        var bench = self.bench
        bench.settings.bodyTimeout = .milliseconds(20)
        try await bench.serving(self.samples.all) { port, _ in
            let client = try await RawClient.connect(port: port)
            try await client.send(
                "POST /v1/things HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer user-a\r\n"
                    + "Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{"
            )
            let text = try await client.read { text, _ in text.contains("in time") }
            #expect(text.hasPrefix("HTTP/1.1 408 "))
        }
    }

    @Test("after an answer that says so the connection is closed, and nothing more that came on it is carried out")
    func lastAnswer() async throws {
        let samples = self.samples
        let head = "POST /v1/things HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer user-a\r\n"
        let type = "Content-Type: application/json\r\n"
        let refused = head + type + "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\n\r\n"
        let good = head + type + "Content-Length: 12\r\n\r\n{\"name\":\"a\"}"
        try await self.bench.serving(samples.all) { port, _ in
            let client = try await RawClient.connect(port: port)
            try await client.send(refused + good + good)
            let text = try await client.read { _, isClosed in isClosed }
            #expect(text.hasPrefix("HTTP/1.1 400 ") && text.contains("\r\nConnection: close\r\n"), "\(text)")
            #expect(text.ranges(of: "HTTP/1.1 ").count == 1, "\(text)")
            let other = try await RawClient.connect(port: port)
            try await other.send(good)
            _ = try await other.read { text, _ in text.contains("thing_1") }
        }
        #expect(samples.made == 1)
    }

    @Test("who goes on sending a body that is refused still gets the answer, whole")
    func lingering() async throws {
        try await self.bench.serving(self.samples.all) { port, _ in
            let client = try await RawClient.connect(port: port, reads: false)
            let size = 4 << 20
            try await client.send(
                "POST /v1/things HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer user-a\r\n"
                    + "Content-Type: application/json\r\nContent-Length: \(size)\r\n\r\n"
            )
            try await client.send(String(repeating: " ", count: size))
            try await client.startReading()
            let text = try await client.read { _, isClosed in isClosed }
            #expect(text.hasPrefix("HTTP/1.1 413 ") && text.hasSuffix("}"), "\(text)")
        }
    }

    @Test("an optional body may be left out")
    func optionalBody() async throws {
        #expect(try await self.answer("PATCH", "/v1/things/thing_1", [self.alice]).status == 204)
        #expect(try await self.answer("PATCH", "/v1/things/thing_1", [self.alice, self.json], "{}").status == 204)
    }

    @Test(
        "query parameters are typed, known, and given once",
        arguments: [
            ("", 200, #"[50,null,null,null]"#, [:]), ("?limit=7&only=a+b&deep=true", 200, #"[7,null,"a b",true]"#, [:]),
            ("?only=a%20b", 200, #"[50,null,"a b",null]"#, [:]), ("?cursor=WyJ4Il0", 200, #"[50,"x",null,null]"#, [:]),
            ("?limit=0", 422, nil, ["limit": "must be from 1 to 100"]),
            ("?limit=x", 422, nil, ["limit": "must be a whole number"]),
            ("?limit=", 422, nil, ["limit": "must be a whole number"]),
            ("?limit=1&limit=2", 422, nil, ["limit": "is given twice"]),
            ("?only=b", 422, nil, ["only": "must be one of a b, c"]),
            ("?deep=1", 422, nil, ["deep": "must be true or false"]),
            ("?lmit=1", 422, nil, ["lmit": "is not known; did you mean limit?"]),
            ("?only=%ff", 422, nil, ["": "the query has broken percent-encoding"]),
            ("?cursor=%00", 422, nil, ["cursor": "must not contain U+0000"]),
            ("?cursor=abc", 422, nil, ["cursor": "is no cursor of this list; leave it out to begin at the start"]),
        ] as [(String, Int, String?, [String: String])]
    )
    func queries(query: String, status: Int, data: String?, faults: [String: String]) async throws {
        let answer = try await self.answer("GET", "/v1/things" + query)
        #expect(answer.status == status)
        #expect(try answer.faults == faults)
        if let data { #expect(try answer.json["data"]?.text == data) }
    }

    @Test(
        "If-Match lets a change through or refuses it",
        arguments: [("\"3\"", 204), ("*", 204), ("\"2\"", 412), ("3", 422)]
    )
    func ifMatch(tag: String, status: Int) async throws {
        #expect(try await self.answer("PATCH", "/v1/things/thing_1", [self.alice, ("If-Match", tag)]).status == status)
    }

    // MARK: Answers

    @Test("every answer names its request and guards itself against browsers")
    func guards() async throws {
        for (method, path) in [
            ("GET", "/v1/things"), ("GET", "/nothing"), ("GET", "/v1/boom"), ("OPTIONS", "/v1/things"),
        ] {
            let answer = try await self.answer(method, path)
            #expect(answer.header("X-Request-Id")?.utf8.count == 36)
            #expect(answer.header("X-Content-Type-Options") == "nosniff")
            #expect(answer.header("X-Frame-Options") == "DENY")
            #expect(answer.header("Cache-Control") == "no-store")
            #expect(answer.header("Content-Security-Policy")?.hasPrefix("default-src 'none'") == true)
            #expect(answer.header("Server") == nil)
        }
    }

    @Test("an unexpected error is a 500 that tells nothing, and is logged with the request's id")
    func unexpected() async throws {
        let answer = try await self.answer("GET", "/v1/boom")
        #expect(answer.status == 500)
        #expect(!answer.text.contains("hunter2"))
        let id = try #require(answer.header("X-Request-Id"))
        #expect(try answer.json["instance"] == .string("urn:wonkey:request:\(id)"))
        let line = try #require(self.bench.log.lines.first { $0.hasPrefix("error") })
        #expect(line.contains("hunter2") && line.contains(id))
    }

    @Test("a store that is away is a 503 that says when to come again, and not why")
    func storeAway() async throws {
        let answer = try await self.answer("GET", "/v1/away")
        #expect(answer.status == 503)
        #expect(answer.header("Retry-After") == "1")
        #expect(!answer.text.contains("fire"))
        #expect(self.bench.log.lines.contains { $0.hasPrefix("warning") && $0.contains("disk on fire") })
    }

    @Test("each request has its line in the log, in which no key stands")
    func accessLog() async throws {
        let key = "nb_live_0123456789abcdef0123456789abcdef"
        let answer = try await self.answer("GET", "/v1/things/\(key)", [self.alice])
        let line = try #require(self.bench.log.lines.last)
        #expect(line.hasPrefix("info request client=127.0.0.1 "))
        #expect(line.contains("endpoint=getThing method=GET path=/v1/things/nb_live_01234567… "))
        let id = try #require(answer.header("X-Request-Id"))
        #expect(line.contains("request_id=\(id) status=404 user=usr_alice"))
        #expect(!line.contains(key))
    }

    @Test(
        "what is no HTTP is a problem, too, and ends the connection",
        arguments: ["GET /health\r\n\r\n", "GET /health HTTP/1.1\r\nHost: a\r\nX: \u{18}\r\n\r\n"]
    )
    func brokenHTTP(text: String) async throws {
        try await self.bench.serving(HealthEndpoints.all) { port, _ in
            let client = try await RawClient.connect(port: port)
            try await client.send(text)
            let answer = try await client.read { _, isClosed in isClosed }
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(answer.contains("\r\nX-Request-Id: "))
            #expect(answer.contains("\r\nContent-Type: application/problem+json\r\n"))
            #expect(answer.hasSuffix("}"))
        }
    }

    // MARK: Time

    @Test("a handler that does not end is cancelled, its client told to come again, and its Idempotency-Key free")
    func tooLong() async throws {
        var bench = self.bench
        bench.settings.requestTimeout = .milliseconds(20)
        for count in 1...2 {
            let fields = [self.alice, ("Idempotency-Key", "k")]
            let answer = try await bench.answer(self.samples.all, "POST", "/v1/stuck", headers: fields)
            #expect(answer.status == 503)
            #expect(answer.header("Retry-After") == "1")
            #expect(Problem.schema.faults(in: try answer.json) == [])
            #expect(self.samples.brokenOff == count)
        }
    }

    @Test("what was carried out although its time was up is answered as such")
    func lateSuccess() async throws {
        var bench = self.bench
        bench.settings.requestTimeout = .milliseconds(20)
        #expect(try await bench.answer(self.samples.all, "POST", "/v1/slow", headers: [self.alice]).status == 201)
    }

    // MARK: Readiness

    @Test("readiness follows the store, health does not")
    func readiness() async throws {
        let bench = self.bench
        try await bench.serving(HealthEndpoints.all) { port, _ in
            try await withTestClient(port: port) { client in
                #expect(try await client.send("GET", "/ready").status == 200)
                bench.store.with { $0.failure = StoreError(code: .unavailable, message: "disk on fire") }
                let answer = try await client.send("GET", "/ready")
                #expect(answer.status == 503)
                #expect(answer.header("Retry-After") == "1")
                #expect(try await client.send("GET", "/health").status == 200)
                bench.store.with { $0.failure = nil }
                #expect(try await client.send("GET", "/ready").status == 200)
            }
        }
    }

    @Test("shutting down finishes the running request and takes no new connection")
    func drain() async throws {
        let (bench, samples, alice) = (self.bench, self.samples, self.alice)
        try await bench.serving(samples.all) { port, stop in
            let idle = try await RawClient.connect(port: port)
            async let answer = withTestClient(port: port) { try await $0.send("POST", "/v1/slow", headers: [alice]) }
            var begun = samples.begun.stream.makeAsyncIterator()
            await begun.next()
            await stop()
            // The listener and idle connections go at once, while the request still runs.
            _ = try await idle.read { _, isClosed in isClosed }
            #expect(bench.drain.isDraining)
            await #expect(throws: (any Error).self) { try await RawClient.connect(port: port) }
            samples.release()
            #expect(try await answer.status == 201)
        }
    }
}
