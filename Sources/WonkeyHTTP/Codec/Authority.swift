/// The `host[:port]` of a `Host` field or an absolute-form target (RFC 3986 §3.2).
enum Authority {
    /// Checks and lower-cases an authority.
    ///
    /// - Parameter bytes: Without white space around it.
    /// - Returns: `nil` if it is empty, has user information, or is no host at all (R8).
    static func parse(_ bytes: Span<UInt8>) -> String? {
        guard !bytes.isEmpty, bytes.count <= 255 + 6 else { return nil }
        let hostEnd = bytes[0] == 0x5B ? Authority.literalEnd(bytes) : Authority.nameEnd(bytes)
        guard let hostEnd, hostEnd > 0, Authority.isPort(bytes.extracting(hostEnd..<bytes.count)) else { return nil }
        return bytes.lowercasedText
    }

    private static func nameEnd(_ bytes: Span<UInt8>) -> Int? {
        var index = 0
        while index < bytes.count, bytes[index] != .colon {
            guard Authority.isNameByte(bytes[index]) else { return nil }
            index += 1
        }
        return index
    }

    private static func literalEnd(_ bytes: Span<UInt8>) -> Int? {
        var index = 1
        while index < bytes.count, bytes[index] != 0x5D {
            guard bytes[index].hexadecimalValue != nil || bytes[index] == .colon || bytes[index] == 0x2E else {
                return nil
            }
            index += 1
        }
        return index < bytes.count && index > 2 ? index + 1 : nil
    }

    private static func isPort(_ bytes: Span<UInt8>) -> Bool {
        guard !bytes.isEmpty else { return true }
        guard bytes[0] == .colon else { return false }
        if bytes.count == 1 { return true }
        guard let port = bytes.extracting(1..<bytes.count).decimalValue else { return false }
        return port <= 65_535
    }

    /// Letters, digits and `-._~`: that is all that DNS and the hosts file need.
    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
            UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
