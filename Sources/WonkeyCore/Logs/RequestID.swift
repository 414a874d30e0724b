/// Makes request ids: UUIDs of version 7, which sort by time.
///
/// One per event loop. Ids of one generator never repeat and rise; those of several differ by 62 mixed bits. They are no
/// secrets.
///
/// - SeeAlso: RFC 9562 §5.7, and §6.2 method 1 for the counter.
package struct RequestIDGenerator: Sendable {
    private var mixed: SplitMix
    private var lastMs: Int64 = 0
    private var counter: UInt64 = 0

    /// Makes a generator.
    ///
    /// - Parameter seed: Random, different for every generator of every process.
    package init(seed: UInt64) {
        self.mixed = SplitMix(state: seed)
    }

    /// Makes the next id.
    ///
    /// - Parameter now: Its time; a time before the last one counts as the last one.
    /// - Returns: 36 characters in lower case.
    package mutating func next(at now: Timestamp) -> String {
        if now.millisecondsSinceEpoch > self.lastMs {
            self.lastMs = now.millisecondsSinceEpoch
            self.counter = 0
        } else {
            self.counter += 1
            if self.counter > 0xFFF {
                self.lastMs += 1
                self.counter = 0
            }
        }
        let high = UInt64(bitPattern: self.lastMs) << 16 | 0x7000 | self.counter
        let low = 0x8000_0000_0000_0000 | self.mixed.next() >> 2
        return Self.text(high, low)
    }

    private static func text(_ high: UInt64, _ low: UInt64) -> String {
        var bytes = InlineArray<36, UInt8>(repeating: UInt8(ascii: "-"))
        var index = 0
        for nibble in 0..<32 {
            if nibble == 8 || nibble == 12 || nibble == 16 || nibble == 20 { index += 1 }
            let word = nibble < 16 ? high : low
            let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * (nibble & 15)) & 15)
            bytes[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
            index += 1
        }
        return unsafe String(copying: UTF8Span(unchecked: bytes.span))  // ASCII only, as written above
    }
}

/// Whether a request id sent by a client may be taken over: 1–128 characters of `[A-Za-z0-9._~:+/=-]`.
package func isWellFormedRequestID(_ text: some StringProtocol) -> Bool {
    (1...128).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "._~:+/=-".utf8.contains(byte)
            }
        }
}
