/// How keys look: a prefix, the environment and random hexadecimal digits, such as `nb_live_` + 32 digits.
///
/// The digits are drawn uniformly: 32 of them hold 128 bits.
package struct KeyFormat: Hashable, Sendable {
    /// How many random digits a key may have.
    package static let randomDigitsRange = 32...64

    /// What new and presented keys begin with.
    package let prefix: String
    /// How many hexadecimal digits a new key gets.
    package let randomDigits: Int
    /// `nb_live_` and `nb_test_`, ready to compare.
    private let liveHead: [UInt8]
    private let testHead: [UInt8]

    /// `nb` and 32 digits.
    package static let standard = Self(checkedPrefix: "nb", randomDigits: 32)

    /// Makes a format from configured values, or `nil` if one is out of range.
    ///
    /// - Parameters:
    ///   - prefix: 1–16 characters of `[a-z0-9]`.
    ///   - randomDigits: 32–64, for new keys.
    package init?(prefix: String, randomDigits: Int = 32) {
        guard Self.isPrefix(prefix), Self.randomDigitsRange.contains(randomDigits) else { return nil }
        self.init(checkedPrefix: prefix, randomDigits: randomDigits)
    }

    private init(checkedPrefix prefix: String, randomDigits: Int) {
        self.prefix = prefix
        self.randomDigits = randomDigits
        self.liveHead = Array("\(prefix)_\(KeyEnvironment.live.rawValue)_".utf8)
        self.testHead = Array("\(prefix)_\(KeyEnvironment.test.rawValue)_".utf8)
    }

    /// Whether `text` may be a prefix: 1–16 characters of `[a-z0-9]`.
    package static func isPrefix(_ text: String) -> Bool {
        (1...16).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            }
    }

    /// Makes a new key.
    ///
    /// - Parameters:
    ///   - environment: Where the key is to be used.
    ///   - generator: `SystemRandomNumberGenerator` (the system's CSPRNG) in production.
    /// - Returns: The only copy of the key's text.
    package func generate(
        environment: KeyEnvironment,
        using generator: inout some RandomNumberGenerator
    ) -> KeyText {
        var bytes = self.head(of: environment)
        let head = bytes.count
        bytes.reserveCapacity(head + self.randomDigits)
        var word: UInt64 = 0
        for index in 0..<self.randomDigits {
            if index % 16 == 0 { word = generator.next() }
            bytes.append(Self.digit(UInt8(word & 15)))
            word >>= 4
        }
        return KeyText(checked: bytes, environment: environment, startLength: head + KeyText.shownDigits)
    }

    /// Tells whether presented bytes have the form of a key, and of which environment.
    ///
    /// Any selectable number of digits passes, so that choosing another one for new keys shuts out no old key.
    ///
    /// - Parameter bytes: The whole credential. Digits above 9 must be in lower case.
    /// - Returns: `nil` unless the form fits exactly.
    /// - Complexity: O(length), at most 64 digits, without allocation.
    package func parse(_ bytes: Span<UInt8>) -> ParsedKey? {
        let environment: KeyEnvironment
        if Self.hasPrefix(bytes, self.liveHead) {
            environment = .live
        } else if Self.hasPrefix(bytes, self.testHead) {
            environment = .test
        } else {
            return nil
        }
        let head = self.liveHead.count
        guard Self.randomDigitsRange.contains(bytes.count - head) else { return nil }
        for index in head..<bytes.count where !Self.isDigit(bytes[index]) { return nil }
        return ParsedKey(environment: environment, startLength: head + KeyText.shownDigits)
    }

    /// The same for an array.
    package func parse(_ bytes: [UInt8]) -> ParsedKey? {
        self.parse(bytes.span)
    }

    /// Takes a presented key into keeping.
    ///
    /// - Parameter bytes: The whole credential.
    /// - Returns: `nil` unless ``parse(_:)-(Span<UInt8>)`` accepts the bytes.
    package func text(of bytes: [UInt8]) -> KeyText? {
        self.parse(bytes).map { parsed in
            KeyText(checked: bytes, environment: parsed.environment, startLength: parsed.startLength)
        }
    }

    private func head(of environment: KeyEnvironment) -> [UInt8] {
        switch environment {
        case .live: self.liveHead
        case .test: self.testHead
        }
    }

    private static func hasPrefix(_ bytes: Span<UInt8>, _ head: [UInt8]) -> Bool {
        guard bytes.count >= head.count else { return false }
        for index in head.indices where bytes[index] != head[index] { return false }
        return true
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
        default: false
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}

/// What the form of a presented key says, before anything is looked up.
package struct ParsedKey: Hashable, Sendable {
    package let environment: KeyEnvironment
    /// How many leading bytes of the key may be shown and logged (`nb_live_` and 8 digits).
    package let startLength: Int
}
