import Support
import Testing
import WonkeyCore

@testable import WonkeyAdmin

@Suite("Idempotency keys")
struct IdempotencyTests {
    private let bench = ServiceBench()
    private let samples = SampleEndpoints()

    private static func headers(_ key: String, user: String = "alice") -> [(String, String)] {
        [TokenNames.header(user), ("Content-Type", "application/json"), ("Idempotency-Key", key)]
    }

    private static func make(
        _ client: TestClient,
        _ key: String,
        user: String = "alice",
        name: String = "a"
    ) async throws -> TestResponse {
        try await client.send(
            "POST",
            "/v1/things",
            headers: Self.headers(key, user: user),
            body: Array(#"{"name":"\#(name)"}"#.utf8)
        )
    }

    @Test("a repeated request is carried out once and answered as before")
    func replay() async throws {
        let samples = self.samples
        try await self.bench.serving(samples.all) { port, _ in
            try await withTestClient(port: port) { client in
                let first = try await Self.make(client, "k1")
                let second = try await Self.make(client, "k1")
                #expect(first.status == 201 && second.status == 201)
                #expect(first.body == second.body)
                #expect(first.header("Idempotency-Replayed") == nil)
                #expect(second.header("Idempotency-Replayed") == "true")
                #expect(second.header("Location") == first.header("Location"))
                #expect(second.header("ETag") == "\"1\"")
                #expect(second.header("X-Request-Id") != first.header("X-Request-Id"))
                #expect(samples.made == 1)
            }
        }
    }

    @Test("the key belongs to one request and one user")
    func otherRequests() async throws {
        let samples = self.samples
        try await self.bench.serving(samples.all) { port, _ in
            try await withTestClient(port: port) { client in
                _ = try await Self.make(client, "k1")
                let other = try await Self.make(client, "k1", name: "b")
                #expect(other.status == 422)
                #expect(try other.faults == ["Idempotency-Key": "was used for another request; make a new one"])
                #expect(try await Self.make(client, "k1", user: "bob").status == 201)
                #expect(try await Self.make(client, "k2").status == 201)
                #expect(samples.made == 3)
            }
        }
    }

    @Test("while the request runs, its repetition is answered 409")
    func inFlight() async throws {
        let samples = self.samples
        try await self.bench.serving(samples.all) { port, _ in
            async let first = withTestClient(port: port) { client in
                try await client.send("POST", "/v1/slow", headers: Self.headers("k1"))
            }
            var begun = samples.begun.stream.makeAsyncIterator()
            await begun.next()
            let second = try await withTestClient(port: port) { client in
                try await client.send("POST", "/v1/slow", headers: Self.headers("k1"))
            }
            #expect(second.status == 409)
            #expect(second.header("Retry-After") == "1")
            samples.release()
            #expect(try await first.status == 201)
        }
    }

    @Test("a request that did nothing frees its key")
    func problems() async throws {
        try await self.bench.serving(self.samples.all) { port, _ in
            try await withTestClient(port: port) { client in
                let taken = try await Self.make(client, "k1", name: "taken")
                let made = try await Self.make(client, "k1", name: "a")
                #expect([taken.status, made.status] == [409, 201])
            }
        }
        #expect(self.bench.answers.all.count == 1)
    }

    @Test("after a day the key is new, and a claim without an answer is free after two minutes")
    func times() async throws {
        let (bench, samples) = (self.bench, self.samples)
        try await bench.serving(samples.all) { port, _ in
            try await withTestClient(port: port) { client in
                _ = try await Self.make(client, "k1")
                bench.clock.advance(by: .seconds(86_399))
                #expect(try await Self.make(client, "k1").header("Idempotency-Replayed") == "true")
                bench.clock.advance(by: .seconds(2))
                #expect(try await Self.make(client, "k1").header("Idempotency-Replayed") == nil)
                #expect(samples.made == 2)
            }
        }
    }

    @Test("nothing of the key and the answer is stored in clear")
    func encryption() async throws {
        try await self.bench.serving(self.samples.all) { port, _ in
            try await withTestClient(port: port) { client in _ = try await Self.make(client, "secret-key") }
        }
        let row = try #require(self.bench.answers.all.first)
        let answer = try #require(row.answer)
        for text in ["secret-key", "thing_1", "Location"] {
            let found = [answer, row.claim.keyHash].contains { $0.firstRange(of: Array(text.utf8)) != nil }
            #expect(!found)
        }
        let reply = Reply.created(["key": "nb_live_1"], at: "/x")
        let (hash, secret) = (row.claim.keyHash, HeldSealingKeys.key(1))
        let sealed = try AnswerSeal(key: "k", keyHash: hash).close(reply, with: secret)
        #expect(AnswerSeal.keyID(of: sealed) == secret.id)
        #expect(AnswerSeal(key: "k", keyHash: hash).open(sealed, with: secret) == reply)
        #expect(AnswerSeal(key: "l", keyHash: hash).open(sealed, with: secret) == nil)
        #expect(AnswerSeal(key: "k", keyHash: hash).open(sealed, with: HeldSealingKeys.key(2)) == nil)
        #expect(AnswerSeal(key: "k", keyHash: [1]).open(sealed, with: secret) == nil)
        #expect(AnswerSeal(key: "k", keyHash: hash).open(sealed.dropLast() + [0], with: secret) == nil)
        for broken in [[], [9], [0], [255, 1]] as [[UInt8]] {
            #expect(AnswerSeal(key: "k", keyHash: hash).open(broken, with: secret) == nil)
        }
        #expect(AnswerSeal.keyID(of: [9, 65]) == nil && AnswerSeal.keyID(of: []) == nil)
    }

    @Test("an answer outlives a rotation of the service's secret, for as long as the old one is kept")
    func rotation() async throws {
        let (bench, samples) = (self.bench, self.samples)
        try await bench.serving(samples.all) { port, _ in
            try await withTestClient(port: port) { client in
                let first = try await Self.make(client, "k1")
                bench.sealing.replace(2, 1)
                let second = try await Self.make(client, "k1")
                #expect(second.status == 201 && second.body == first.body)
                bench.sealing.replace(2)
                let third = try await Self.make(client, "k1")
                #expect(third.status == 409 && third.text.contains("its answer is lost"))
                #expect(samples.made == 1)
            }
        }
    }

    @Test("a request whose answer was lost is never carried out again")
    func lost() async throws {
        let (bench, samples) = (self.bench, self.samples)
        try await bench.serving(samples.all) { port, _ in
            try await withTestClient(port: port) { client in
                _ = try await Self.make(client, "k1")
                bench.answers.loseAnswers()
                #expect(try await Self.make(client, "k1").header("Retry-After") == "1")
                bench.clock.advance(by: .seconds(121))
                let answer = try await Self.make(client, "k1")
                #expect(answer.status == 409 && answer.text.contains("its answer is lost"))
                #expect(answer.header("Retry-After") == nil)
                #expect(samples.made == 1)
            }
        }
    }

    @Test("a key that is none is refused", arguments: ["a b", "ä", String(repeating: "x", count: 256)])
    func badKeys(key: String) async throws {
        let answer = try await self.bench.answer(
            self.samples.all,
            "POST",
            "/v1/things",
            headers: Self.headers(key),
            body: #"{"name":"a"}"#
        )
        #expect(answer.status == 422)
        #expect(self.samples.made == 0)
    }
}
