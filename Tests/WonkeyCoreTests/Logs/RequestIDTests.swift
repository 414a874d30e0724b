import Testing
import WonkeyCore

@Suite("Request ids")
struct RequestIDTests {
    @Test("ids are version 7 UUIDs that rise, even within a millisecond and when the clock goes back")
    func rising() {
        var generator = RequestIDGenerator(seed: 1)
        var ids = (0..<10_000).map { _ in generator.next(at: Timestamp(millisecondsSinceEpoch: 1_700_000_000_000)) }
        ids.append(generator.next(at: Timestamp(millisecondsSinceEpoch: 1_699_999_999_000)))
        #expect(ids == ids.sorted())
        #expect(Set(ids).count == ids.count)
        #expect(ids[0].hasPrefix("018bcfe5-6800-7000-"))
        #expect(ids.allSatisfy { $0.utf8.count == 36 && Array($0)[14] == "7" && "89ab".contains(Array($0)[19]) })
    }

    @Test("two generators share no ids")
    func seeds() {
        var first = RequestIDGenerator(seed: 1)
        var second = RequestIDGenerator(seed: 2)
        let now = Timestamp(millisecondsSinceEpoch: 0)
        #expect(first.next(at: now) != second.next(at: now))
    }

    @Test(
        "only well-formed ids of clients are taken over",
        arguments: [
            ("abc-123", true), ("A.b_c~d:e+f/g=", true), (String(repeating: "a", count: 128), true), ("", false),
            (String(repeating: "a", count: 129), false), ("a b", false), ("a\"b", false), ("ä", false),
        ]
    )
    func wellFormed(text: String, expected: Bool) {
        #expect(isWellFormedRequestID(text) == expected)
    }
}
