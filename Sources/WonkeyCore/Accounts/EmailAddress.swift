/// An e-mail address of the plain form `local@domain`, in ASCII.
///
/// Accepts the unquoted addresses of RFC 5321 §4.1.2 with a domain of at least two labels; names in other scripts are
/// given as their `xn--` form. Quoted local parts, comments and address literals are refused, because nobody who signs
/// up has one and each of them is a second spelling of some other address.
package struct EmailAddress: Hashable, Sendable {
    /// The longest address there can be, in bytes (RFC 5321 §4.5.3.1.3 less the angle brackets).
    package static let lengthMax = 254

    /// As given.
    package let text: String

    /// Takes an address, or gives `nil` if the text is not one.
    ///
    /// - Parameter text: The address alone: no name, no space at its ends.
    package init?(_ text: String) {
        guard text.utf8.count <= Self.lengthMax else { return nil }
        let parts = text.utf8.split(separator: UInt8(ascii: "@"), omittingEmptySubsequences: false)
        guard parts.count == 2, Self.isLocalPart(parts[0]), Self.isDomain(parts[1]) else { return nil }
        self.text = text
    }

    /// What makes it unique: the address in lower case.
    ///
    /// A server may tell local parts apart by case (RFC 5321 §2.4); none that matters does, and two accounts that
    /// differ in case alone are somebody's mistake or trick.
    package var folded: String { self.text.lowercased() }

    /// The same mailbox, however written.
    package static func == (lhs: Self, rhs: Self) -> Bool { lhs.folded == rhs.folded }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(self.folded)
    }

    private static func isLocalPart(_ part: Substring.UTF8View) -> Bool {
        guard (1...64).contains(part.count) else { return false }
        return part.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
            !atom.isEmpty && atom.allSatisfy { Self.isAlphanumeric($0) || Self.atomSigns.contains($0) }
        }
    }

    private static func isDomain(_ part: Substring.UTF8View) -> Bool {
        let labels = part.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard part.count <= 253, labels.count >= 2, labels.allSatisfy(Self.isLabel), let top = labels.last else {
            return false
        }
        // An all-numeric last label is an IPv4 address (RFC 3696 §2).
        return !top.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func isLabel(_ label: Substring.UTF8View) -> Bool {
        guard (1...63).contains(label.count), let first = label.first, let last = label.last else { return false }
        return Self.isAlphanumeric(first) && Self.isAlphanumeric(last)
            && label.allSatisfy { Self.isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"):
            true
        default: false
        }
    }

    /// `atext` of RFC 5322 §3.2.3 without letters and digits.
    private static let atomSigns = Set("!#$%&'*+-/=?^_`{|}~".utf8)
}

extension EmailAddress: CustomStringConvertible {
    package var description: String { self.text }
}
