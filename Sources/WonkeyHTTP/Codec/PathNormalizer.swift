/// Makes the one copy of a path that routes are matched against (R19, RFC 3986 §6.2.2).
enum PathNormalizer {
    /// The path means different things to different readers.
    struct Suspicion: Error {}

    /// Decodes percent-encoded unreserved characters, resolves dot segments and joins repeated slashes.
    ///
    /// Path parameters (`;…`) stay: they are part of the segment. Encoded bytes that are not unreserved keep their
    /// encoding, with upper-case digits.
    ///
    /// - Parameters:
    ///   - path: As sent, beginning with a slash, or `*`.
    ///   - policy: What becomes of suspicious paths.
    /// - Returns: The normalised copy.
    /// - Throws: ``Suspicion`` if the policy rejects the path.
    static func normalize(_ path: String, policy: SuspiciousPathPolicy) throws(Suspicion) -> String {
        guard PathNormalizer.needsWork(path) else { return path }
        let bytes = Array(path.utf8)
        let decoded = try PathNormalizer.decode(bytes, policy)
        return try PathNormalizer.resolve(decoded, policy)
    }

    private static func needsWork(_ path: String) -> Bool {
        var previous: UInt8 = 0
        for byte in path.utf8 {
            if byte == 0x25 || byte == 0x5C { return true }
            if previous == .slash, byte == .slash || byte == 0x2E { return true }
            previous = byte
        }
        return false
    }

    private static func decode(_ bytes: [UInt8], _ policy: SuspiciousPathPolicy) throws(Suspicion) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = 0
        while index < bytes.count {
            let byte = bytes[index]
            guard byte == 0x25 else {
                if byte == 0x5C, policy == .reject { throw Suspicion() }
                result.append(byte)
                index += 1
                continue
            }
            guard index + 2 < bytes.count, let high = bytes[index + 1].hexadecimalValue,
                let low = bytes[index + 2].hexadecimalValue
            else {
                if policy == .reject { throw Suspicion() }
                result.append(byte)
                index += 1
                continue
            }
            let value = high << 4 | low
            if policy == .reject, value == 0 || value == .slash || value == 0x5C { throw Suspicion() }
            if PathNormalizer.isUnreserved(value) {
                result.append(value)
            } else {
                result += [0x25, PathNormalizer.digit(high), PathNormalizer.digit(low)]
            }
            index += 3
        }
        return result
    }

    private static func resolve(_ bytes: [UInt8], _ policy: SuspiciousPathPolicy) throws(Suspicion) -> String {
        var segments: [ArraySlice<UInt8>] = []
        let parts = bytes.dropFirst().split(separator: .slash, omittingEmptySubsequences: false)
        for (offset, part) in parts.enumerated() {
            let isLast = offset == parts.count - 1
            // `..;x` is `..` to servers that cut path parameters off.
            let name = part.prefix { $0 != 0x3B }
            let isUp = name.elementsEqual([0x2E, 0x2E])
            let isHere = name.elementsEqual([0x2E])
            if isUp, policy == .reject, segments.isEmpty || name.count != part.count { throw Suspicion() }
            if isUp {
                _ = segments.popLast()
                if isLast { segments.append([]) }
            } else if isHere || (part.isEmpty && !isLast) {
                if isLast { segments.append([]) }
            } else {
                segments.append(part)
            }
        }
        var result: [UInt8] = []
        for segment in segments {
            result.append(.slash)
            result += segment
        }
        return result.isEmpty ? "/" : String(decoding: result, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        byte.isDigit || (byte | 0x20) &- 0x61 < 26 || byte == 0x2D || byte == 0x2E || byte == 0x5F || byte == 0x7E
    }

    private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}
