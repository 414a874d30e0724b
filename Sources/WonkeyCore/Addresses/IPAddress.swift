/// An IPv4 or IPv6 address, without port and zone.
///
/// IPv4 addresses mapped into IPv6 (`::ffff:192.0.2.1`) are read as IPv4, so that one client has one address.
package struct IPAddress: Hashable, Sendable {
    /// 4 or 16 bytes in network order.
    package let bytes: [UInt8]

    /// Takes the bytes of a socket address.
    ///
    /// - Parameter bytes: 4 or 16 in network order; any other count gives `nil`.
    package init?(bytes: [UInt8]) {
        let mapped: [UInt8] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff]
        switch bytes.count {
        case 4: self.bytes = bytes
        case 16: self.bytes = bytes.starts(with: mapped) ? Array(bytes.suffix(4)) : bytes
        default: return nil
        }
    }

    /// Reads `192.0.2.1` or `2001:db8::1`.
    ///
    /// Strict (RFC 6943 §3.1.1): exactly four decimal parts without leading zeros, no hexadecimal or octal form, no
    /// brackets, no zone.
    package init?(_ text: some StringProtocol) {
        let bytes = text.utf8.contains(UInt8(ascii: ":")) ? Self.parse6(text) : Self.parse4(text)
        guard let bytes else { return nil }
        self.init(bytes: bytes)
    }

    package var isIPv4: Bool { self.bytes.count == 4 }

    private static func parse4(_ text: some StringProtocol) -> [UInt8]? {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var bytes: [UInt8] = []
        for part in parts {
            let hasLeadingZero = part.count > 1 && part.first == "0"
            let isDecimal = part.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            guard isDecimal, !hasLeadingZero, part.utf8.count <= 3, let byte = UInt8(part) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func parse6(_ text: some StringProtocol) -> [UInt8]? {
        let text = String(text)
        guard let gap = text.firstRange(of: "::") else {
            guard let bytes = Self.groups(text), bytes.count == 16 else { return nil }
            return bytes
        }
        let head = text[..<gap.lowerBound]
        let tail = text[gap.upperBound...]
        guard let before = head.isEmpty ? [] : Self.groups(head, mayEndInIPv4: false),
            let after = tail.isEmpty ? [] : Self.groups(tail),
            before.count + after.count <= 14
        else { return nil }
        return before + [UInt8](repeating: 0, count: 16 - before.count - after.count) + after
    }

    private static func groups(_ text: some StringProtocol, mayEndInIPv4: Bool = true) -> [UInt8]? {
        let groups = text.split(separator: ":", omittingEmptySubsequences: false)
        var bytes: [UInt8] = []
        for (index, group) in groups.enumerated() {
            if mayEndInIPv4, index == groups.count - 1, group.contains(".") {
                guard let last = Self.parse4(group) else { return nil }
                bytes += last
                continue
            }
            guard (1...4).contains(group.utf8.count), group.utf8.allSatisfy(Self.isHexDigit),
                let value = UInt16(group, radix: 16)
            else { return nil }
            bytes += [UInt8(value >> 8), UInt8(value & 0xff)]
        }
        return bytes
    }

    private static func isHexDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}

extension IPAddress: CustomStringConvertible {
    /// The canonical text of RFC 5952: lower case, the longest run of zeros (the first of equals) as `::`.
    package var description: String {
        if self.isIPv4 { return self.bytes.map(String.init).joined(separator: ".") }
        let groups = stride(from: 0, to: 16, by: 2).map { UInt16(self.bytes[$0]) << 8 | UInt16(self.bytes[$0 + 1]) }
        var longest = 0..<0
        var start = 0
        while start < 8 {
            let end = groups[start...].firstIndex { $0 != 0 } ?? 8
            if end - start > longest.count { longest = start..<end }
            start = end + 1
        }
        func text(_ range: Range<Int>) -> String {
            groups[range].map { String($0, radix: 16) }.joined(separator: ":")
        }
        guard longest.count > 1 else { return text(0..<8) }
        return text(0..<longest.lowerBound) + "::" + text(longest.upperBound..<8)
    }
}
