import Testing

@testable import WonkeyCore

@Suite("Idempotency keys")
struct IdempotencyTests {
    @Test(
        "a key is a string in quotes, or bare",
        arguments: [
            (#""8e03978e-40d5""#, IdempotencyKey.quoted("8e03978e-40d5")), (#""a b""#, .quoted("a b")),
            (#""a\"\\b""#, .quoted(#"a"\b"#)), ("8e03978e-40d5", .unquoted("8e03978e-40d5")),
            ("a/b=", .unquoted("a/b=")),
            ("", .malformed), (#""""#, .malformed), (#"""#, .malformed), (#""a"#, .malformed), (#""a"b"#, .malformed),
            (#""a", "b""#, .malformed), ("a, b", .malformed), ("a b", .malformed), (#""a\b""#, .malformed),
            (#""a\"#, .malformed), ("\"é\"", .malformed), ("é", .malformed), (#""a";x"#, .malformed),
            (String(repeating: "a", count: 255), .unquoted(String(repeating: "a", count: 255))),
            (String(repeating: "a", count: 256), .malformed),
            ("\"" + String(repeating: "a", count: 256) + "\"", .malformed),
        ]
    )
    func key(text: String, expected: IdempotencyKey) {
        #expect(IdempotencyKey(text) == expected)
    }

    private static let answer = ReplayAnswer(
        status: 201,
        fields: [.init(name: "Content-Type", value: "text/plain"), .init(name: "X", value: "")],
        body: [0, 255, 10]
    )

    @Test(
        "an entry is read as it was written",
        arguments: [
            .running(token: "t"), .withoutAnswer, .answered(Self.answer),
            .answered(ReplayAnswer(status: 204, fields: [], body: [])),
        ] as [ReplayEntry.State]
    )
    func roundTrip(state: ReplayEntry.State) {
        let entry = ReplayEntry(fingerprint: "f00", state: state)
        #expect(ReplayEntry(bytes: entry.bytes) == entry)
    }

    @Test("what was not written here is no entry, wherever it is cut off")
    func foreign() {
        #expect(ReplayEntry(bytes: []) == nil)
        #expect(ReplayEntry(bytes: Array("Z\u{1}f".utf8)) == nil)
        let bytes = ReplayEntry(fingerprint: "f", state: .answered(Self.answer)).bytes
        for count in 0..<(bytes.count - Self.answer.body.count) {
            #expect(ReplayEntry(bytes: Array(bytes.prefix(count))) == nil)
        }
    }

    private static func claim(_ token: String, _ fingerprint: String = "f") -> ReplayClaim {
        ReplayClaim(entry: "wk:{p}:idem:k", token: token, fingerprint: fingerprint, lease: .seconds(60))
    }

    @Test("the first claim is made, others see it, and its answer afterwards, until that is over")
    func claims() throws {
        var table = ReplayTable(entriesMax: 10, bytesMax: 10_000)
        #expect(try table.claim(Self.claim("a"), nowMs: 0).get() == nil)
        let running = ReplayEntry(fingerprint: "f", state: .running(token: "a"))
        #expect(try table.claim(Self.claim("b", "g"), nowMs: 59_999).get() == running)
        table.settle(Self.claim("b"), .keep(.withoutAnswer, .seconds(10)), nowMs: 59_999)
        table.settle(Self.claim("a"), .renew, nowMs: 59_999)
        #expect(try table.claim(Self.claim("b"), nowMs: 100_000).get() == running)
        table.settle(Self.claim("a"), .keep(.answered(Self.answer), .seconds(100)), nowMs: 100_000)
        table.settle(Self.claim("a"), .abandon, nowMs: 100_000)
        let answered = ReplayEntry(fingerprint: "f", state: .answered(Self.answer))
        #expect(try table.claim(Self.claim("b"), nowMs: 199_999).get() == answered)
        #expect(try table.claim(Self.claim("b"), nowMs: 200_000).get() == nil)
        table.settle(Self.claim("b"), .abandon, nowMs: 200_000)
        #expect(try table.claim(Self.claim("c"), nowMs: 200_000).get() == nil)
    }

    @Test("a claim that nobody renews ends, and its late answer is not put in place of another's")
    func lost() throws {
        var table = ReplayTable(entriesMax: 10, bytesMax: 10_000)
        #expect(try table.claim(Self.claim("a"), nowMs: 0).get() == nil)
        #expect(try table.claim(Self.claim("b"), nowMs: 60_000).get() == nil)
        table.settle(Self.claim("a"), .keep(.withoutAnswer, .seconds(10)), nowMs: 60_001)
        let running = ReplayEntry(fingerprint: "f", state: .running(token: "b"))
        #expect(try table.claim(Self.claim("c"), nowMs: 60_002).get() == running)
    }

    @Test("a full table claims nothing, and room comes back with time")
    func full() throws {
        var table = ReplayTable(entriesMax: 1, bytesMax: 10_000)
        #expect(try table.claim(Self.claim("a"), nowMs: 0).get() == nil)
        var other = Self.claim("b")
        other.entry = "wk:{p}:idem:other"
        #expect(throws: CounterStoreError.self) { try table.claim(other, nowMs: 1).get() }
        #expect(try table.claim(other, nowMs: 60_000).get() == nil)
    }
}
