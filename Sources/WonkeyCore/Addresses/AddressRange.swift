/// A block of addresses in CIDR notation, such as `10.0.0.0/8` or `2001:db8::/32`; a lone address is a block of one.
package struct AddressRange: Hashable, Sendable {
    package let base: IPAddress
    /// Leading bits that must agree: 0–32 for IPv4, 0–128 for IPv6.
    package let prefixLength: Int

    /// Makes a block.
    ///
    /// - Parameters:
    ///   - base: The lowest address: bits behind the prefix must be zero, otherwise the result is `nil`.
    ///   - prefixLength: Within the address's bits, otherwise the result is `nil`.
    package init?(base: IPAddress, prefixLength: Int) {
        guard (0...base.bytes.count * 8).contains(prefixLength) else { return nil }
        self.base = base
        self.prefixLength = prefixLength
        guard self.masked(base.bytes) == base.bytes else { return nil }
    }

    /// Reads CIDR notation; bits set behind the prefix (`10.0.0.1/8`) are an error, as they hide a mistake.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2, let base = IPAddress(parts[0]) else { return nil }
        guard parts.count == 2 else {
            self.init(base: base, prefixLength: base.bytes.count * 8)
            return
        }
        let digits = parts[1]
        let isDecimal = digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isDecimal, (1...3).contains(digits.utf8.count), digits == "0" || digits.first != "0",
            let length = Int(digits)
        else { return nil }
        self.init(base: base, prefixLength: length)
    }

    /// Whether `address` lies in this block; an address of the other family never does.
    package func contains(_ address: IPAddress) -> Bool {
        address.bytes.count == self.base.bytes.count && self.masked(address.bytes) == self.base.bytes
    }

    private func masked(_ bytes: [UInt8]) -> [UInt8] {
        bytes.enumerated().map { index, byte in
            let bits = min(8, max(0, self.prefixLength - index * 8))
            return byte & ~UInt8(truncatingIfNeeded: 0xff >> bits)
        }
    }
}

extension AddressRange: CustomStringConvertible {
    package var description: String { "\(self.base)/\(self.prefixLength)" }
}
