import Crypto

/// The SHA-256 of a key: all that is ever stored of it or looked up.
package struct KeyHash: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// Hashes a presented or freshly made key.
    ///
    /// - Parameter key: The whole key as the client sends it, in ASCII.
    package init(of key: [UInt8]) {
        self.init(of: key.span)
    }

    /// The same without a copy of the key.
    package init(of key: Span<UInt8>) {
        var hasher = SHA256()
        // Both pointers are used within their closures; a digest has 32 bytes.
        unsafe key.withUnsafeBytes { unsafe hasher.update(bufferPointer: $0) }
        self.words = unsafe hasher.finalize().withUnsafeBytes { digest in
            func word(_ offset: Int) -> UInt64 {
                UInt64(bigEndian: unsafe digest.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            }
            return (word(0), word(8), word(16), word(24))
        }
    }

    /// Reads a stored hash.
    ///
    /// - Parameter bytes: Exactly 32 bytes; anything else gives `nil`.
    package init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        var words: [UInt64] = [0, 0, 0, 0]
        for (index, byte) in bytes.enumerated() {
            words[index / 8] = words[index / 8] << 8 | UInt64(byte)
        }
        self.words = (words[0], words[1], words[2], words[3])
    }

    /// The 32 bytes, for the store.
    package var bytes: [UInt8] {
        [self.words.0, self.words.1, self.words.2, self.words.3].flatMap { word in
            (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * UInt64($0))) }
        }
    }

    package static func == (lhs: Self, rhs: Self) -> Bool {
        // No early exit: the time does not tell how much of a guess was right.
        (lhs.words.0 ^ rhs.words.0) | (lhs.words.1 ^ rhs.words.1)
            | (lhs.words.2 ^ rhs.words.2) | (lhs.words.3 ^ rhs.words.3) == 0
    }

    package func hash(into hasher: inout Hasher) {
        // Already uniform: one word is as good as four.
        hasher.combine(self.words.0)
    }

    /// A uniform number taken from the hash, to pick a shard with.
    package var shardSeed: UInt64 { self.words.1 }
}
