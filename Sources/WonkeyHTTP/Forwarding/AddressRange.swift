/// A block of IPv4 or IPv6 addresses in CIDR notation.
package struct AddressRange: Hashable, Sendable {
    /// Reads `192.0.2.0/24`, `2001:db8::/32` or a single address; `nil` if it is none.
    package init?(_ text: String) {
        return nil
    }

    /// Whether the address, as text without brackets, is in the block; IPv4-mapped IPv6 addresses count as IPv4.
    package func contains(_ address: String) -> Bool { false }
}
