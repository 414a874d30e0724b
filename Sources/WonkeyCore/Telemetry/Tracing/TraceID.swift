/// The 16 bytes that name a trace; never all zero.
package struct TraceID: Hashable, Sendable {
    package let high: UInt64
    package let low: UInt64

    /// `nil` for the id of no trace, 0.
    package init?(high: UInt64, low: UInt64) {
        guard high != 0 || low != 0 else { return nil }
        self.high = high
        self.low = low
    }

    /// 32 hexadecimal digits in lower case.
    package var text: String {
        var text = ""
        text.appendHexadecimal(self.high)
        text.appendHexadecimal(self.low)
        return text
    }
}

/// The 8 bytes that name a span within its trace; never all zero.
package struct SpanID: Hashable, Sendable {
    package let number: UInt64

    /// `nil` for the id of no span, 0.
    package init?(_ number: UInt64) {
        guard number != 0 else { return nil }
        self.number = number
    }

    /// 16 hexadecimal digits in lower case.
    package var text: String {
        var text = ""
        text.appendHexadecimal(self.number)
        return text
    }
}

/// Makes ids of traces and spans; one per event loop.
///
/// Two sequences with seeds of their own, so that the traces of two generators differ by 128 mixed bits. They are no
/// secrets.
package struct TraceIDGenerator: Sendable {
    private var first: SplitMix
    private var second: SplitMix

    /// Makes a generator.
    ///
    /// - Parameter seeds: Random, different for every generator of every process.
    package init(seeds: (UInt64, UInt64)) {
        self.first = SplitMix(state: seeds.0)
        self.second = SplitMix(state: seeds.1)
    }

    package mutating func nextTrace() -> TraceID {
        while true {
            if let id = TraceID(high: self.first.next(), low: self.second.next()) { return id }
        }
    }

    package mutating func nextSpan() -> SpanID {
        while true {
            if let id = SpanID(self.second.next()) { return id }
        }
    }
}

/// A sequence of mixed 64-bit numbers (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
struct SplitMix: Sendable {
    private var state: UInt64

    init(state: UInt64) {
        self.state = state
    }

    mutating func next() -> UInt64 {
        self.state &+= 0x9E37_79B9_7F4A_7C15
        var word = self.state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}

extension String {
    /// Appends 16 digits in lower case.
    mutating func appendHexadecimal(_ word: UInt64) {
        for index in 0..<16 {
            let digit = UInt8(truncatingIfNeeded: word >> UInt64(60 - 4 * index) & 15)
            self.unicodeScalars.append(
                Unicode.Scalar(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
            )
        }
    }
}
