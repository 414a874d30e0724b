import Testing
import WonkeyCore

/// Counts up, so that the digits are known: the first word gives `1000000000000000`.
private struct CountingGenerator: RandomNumberGenerator {
    private var last: UInt64 = 0

    mutating func next() -> UInt64 {
        self.last += 1
        return self.last
    }
}

@Suite("Key format")
struct KeyFormatTests {
    private static let digits = "0123456789abcdef0123456789abcdef"

    @Test(
        "a key is prefix, environment and the selected number of digits from the generator",
        arguments: [
            ("nb", 32, KeyEnvironment.live, "nb_live_10000000000000002000000000000000"),
            ("nb", 32, .test, "nb_test_10000000000000002000000000000000"),
            ("acme7", 33, .live, "acme7_live_100000000000000020000000000000003"),
            ("x", 64, .test, "x_test_1000000000000000200000000000000030000000000000004000000000000000"),
        ]
    )
    func generate(prefix: String, digits: Int, environment: KeyEnvironment, expected: String) throws {
        let format = try #require(KeyFormat(prefix: prefix, randomDigits: digits))
        var generator = CountingGenerator()
        let key = format.generate(environment: environment, using: &generator)
        #expect(key.reveal() == expected)
        #expect(key.environment == environment)
        #expect(format.parse(Array(key.reveal().utf8))?.environment == environment)
        #expect(key.hash == KeyHash(of: Array(expected.utf8)))
    }

    @Test("keys from the system's generator are 40 characters and differ")
    func systemGenerator() {
        var generator = SystemRandomNumberGenerator()
        let keys = (0..<200).map { _ in KeyFormat.standard.generate(environment: .live, using: &generator).reveal() }
        #expect(Set(keys).count == 200)
        #expect(keys.allSatisfy { $0.count == 40 && $0.hasPrefix("nb_live_") })
    }

    @Test(
        "exactly the format is accepted",
        arguments: [
            ("nb_live_\(digits)", KeyEnvironment.live as KeyEnvironment?),
            ("nb_test_\(digits)", .test),
            ("nb_live_\(digits)\(digits)", .live),
            ("nb_live_\(digits)0", .live),
            ("nb_live_\(digits)\(digits)0", nil),
            ("nb_live_\(digits.dropLast())", nil),
            ("nb_live_\(digits.dropLast())A", nil),
            ("nb_live_\(digits.dropLast())g", nil),
            ("nb_live_\(digits.dropLast())_", nil),
            ("nb_live_\(digits) ", nil),
            (" nb_live_\(digits)", nil),
            ("nb_prod_\(digits)", nil),
            ("nb_LIVE_\(digits)", nil),
            ("nc_live_\(digits)", nil),
            ("nbx_live_\(digits)", nil),
            ("nb_live\(digits)", nil),
            ("nb_live_", nil),
            ("nb_", nil),
            ("", nil),
            ("nb_live_\(digits.dropLast())é", nil),
        ]
    )
    func parse(text: String, environment: KeyEnvironment?) {
        let parsed = KeyFormat.standard.parse(Array(text.utf8))
        #expect(parsed?.environment == environment)
        #expect(parsed?.startLength == (environment == nil ? nil : 16))
        #expect((KeyFormat.standard.text(of: Array(text.utf8)) == nil) == (environment == nil))
    }

    @Test(
        "a prefix is 1 to 16 of [a-z0-9] and a length 32 to 64",
        arguments: [
            ("a", 32, true), ("a1b2c3d4e5f6a7b8", 64, true), ("", 32, false), ("a1b2c3d4e5f6a7b8c", 32, false),
            ("Nb", 32, false), ("n_b", 32, false), ("né", 32, false), ("nb", 31, false), ("nb", 65, false),
        ]
    )
    func configuredValues(prefix: String, digits: Int, isGood: Bool) {
        #expect((KeyFormat(prefix: prefix, randomDigits: digits) != nil) == isGood)
    }

    @Test("the start is the head and eight digits")
    func start() throws {
        let key = try #require(KeyFormat.standard.text(of: Array("nb_live_\(Self.digits)".utf8)))
        #expect(key.start == "nb_live_01234567")
    }

    @Test("a key leaks through no way of printing, however deep it is nested")
    func printing() throws {
        struct Holder {
            var key: KeyText
            var keys: [KeyText]
            var byName: [String: KeyText?]
        }
        let key = try #require(KeyFormat.standard.text(of: Array("nb_live_\(Self.digits)".utf8)))
        let holder = Holder(key: key, keys: [key], byName: ["a": key])
        var dumps = ""
        dump(key, to: &dumps)
        dump(holder, to: &dumps)
        dump(key as Any, to: &dumps)
        var prints = ""
        print(key, holder, [key], key as Any, Optional(key) as Any, to: &prints)
        let texts = [
            dumps, prints, "\(key) \(holder)", String(describing: holder), String(reflecting: key),
            String(reflecting: holder), key.debugDescription,
            Mirror(reflecting: key).children.map { "\($0)" }.joined(),
        ]
        for text in texts {
            #expect(!text.contains("0123456789"))
            #expect(!text.contains("89abcdef"))
            // As an array of bytes, as `dump` would print the storage.
            #expect(!text.contains("56, 55"))
        }
        #expect("\(key)" == "nb_live_01234567…")
        #expect(dumps.contains("nb_live_01234567…"))
    }
}
