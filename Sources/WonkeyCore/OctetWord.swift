/// Eight neighbouring bytes, looked at together.
@usableFromInline
package struct OctetWord {
    @inlinable
    static var ones: UInt64 { 0x0101_0101_0101_0101 }
    @inlinable
    static var highBits: UInt64 { 0x8080_8080_8080_8080 }

    @usableFromInline
    let bits: UInt64

    @inlinable
    init(bits: UInt64) {
        self.bits = bits
    }

    /// Whether a byte equals this one.
    ///
    /// - SeeAlso: Sean Eron Anderson, Bit Twiddling Hacks, "Determine if a word has a zero byte".
    @inlinable
    package func contains(_ byte: UInt8) -> Bool {
        let difference = self.bits ^ (Self.ones &* UInt64(byte))
        return (difference &- Self.ones) & ~difference & Self.highBits != 0
    }

    /// Whether a byte is less than this one, which is at most 128.
    ///
    /// - SeeAlso: The same, "Determine if a word has a byte less than n".
    @inlinable
    package func containsLess(than byte: UInt8) -> Bool {
        (self.bits &- Self.ones &* UInt64(byte)) & ~self.bits & Self.highBits != 0
    }
}

extension Span<UInt8> {
    /// The eight bytes from `index` on; `nil` if there are fewer.
    @inlinable
    package func word(at index: Int) -> OctetWord? {
        guard index >= 0, index <= self.count - 8 else { return nil }
        // In bounds, and any eight bytes are a number.
        return OctetWord(bits: unsafe self.bytes.unsafeLoadUnaligned(fromByteOffset: index, as: UInt64.self))
    }
}
