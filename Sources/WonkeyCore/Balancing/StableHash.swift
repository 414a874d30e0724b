/// A hash that is the same in every process and every version.
///
/// FNV-1a with a final mix, since FNV's high bits alone hardly depend on the last bytes. Not for secrets.
package enum StableHash {
    package static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return Self.mix(hash)
    }

    /// Spreads every input bit over all output bits (the finaliser of SplitMix64).
    package static func mix(_ value: UInt64) -> UInt64 {
        var value = value
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }
}
