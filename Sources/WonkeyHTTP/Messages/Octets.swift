extension UInt8 {
    /// The byte with `A`–`Z` made lower case and all others left alone.
    @inline(__always)
    var asciiLowercased: UInt8 {
        self &- 0x41 < 26 ? self | 0x20 : self
    }
}

extension Span<UInt8> {
    /// Tells whether the bytes equal `other`, which is lower case already, without regard to ASCII case.
    @inline(__always)
    func equalsLowercased(_ other: Span<UInt8>) -> Bool {
        guard self.count == other.count else { return false }
        for index in self.indices where self[index].asciiLowercased != other[index] { return false }
        return true
    }
}
