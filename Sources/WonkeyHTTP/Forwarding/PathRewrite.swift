internal import NIOCore

/// Takes a prefix off a path and puts another one on; everything behind it stays byte for byte (F8).
package struct PathRewrite: Hashable, Sendable {
    /// Taken off, without trailing slash; empty takes nothing.
    package let strip: String
    /// Put on instead, without trailing slash.
    package let add: String

    /// Makes a rule.
    ///
    /// - Parameters:
    ///   - strip: In normalised form, as routes name paths.
    ///   - add: A path, or empty.
    package init(strip: String, add: String) {
        self.strip = strip.last == "/" ? String(strip.dropLast()) : strip
        self.add = add.last == "/" ? String(add.dropLast()) : add
    }

    /// Where the path goes on behind the prefix.
    ///
    /// Letters may be percent-encoded in the path. Where the path only comes to the prefix by way of `..` or `//`,
    /// nobody can say which bytes to take off; and a `..` behind it might leave the prefix that is put on.
    ///
    /// - Parameter path: As sent, without query.
    /// - Returns: The number of bytes the prefix takes, or `nil` if the path does not begin with it or has dot segments.
    func prefixCount(of path: Span<UInt8>) -> Int? {
        var index = 0
        for expected in self.strip.utf8 {
            guard index < path.count else { return nil }
            var byte = path[index]
            var width = 1
            if byte == 0x25, index + 2 < path.count, let high = path[index + 1].hexadecimalValue,
                let low = path[index + 2].hexadecimalValue
            {
                byte = high << 4 | low
                width = 3
                // An encoded slash is no slash.
                if byte == .slash { return nil }
            }
            guard byte == expected else { return nil }
            index += width
        }
        guard index == path.count || path[index] == .slash else { return nil }
        return PathRewrite.hasDotSegments(path.extracting(droppingFirst: index)) ? nil : index
    }

    /// Whether a reader of any kind may see a `.` or `..` between slashes, plain or encoded.
    private static func hasDotSegments(_ path: Span<UInt8>) -> Bool {
        /// Dots since the last slash; `nil` once there was something else.
        var dots: Int? = 0
        var index = 0
        while index < path.count {
            var byte = path[index]
            if byte == 0x25, index + 2 < path.count, let high = path[index + 1].hexadecimalValue,
                let low = path[index + 2].hexadecimalValue
            {
                byte = high << 4 | low
                index += 2
            }
            index += 1
            switch byte {
            // Slash, backslash, and the semicolon at which some cut a segment.
            case .slash, 0x5C, 0x3B:
                if let dots, dots == 1 || dots == 2 { return true }
                dots = byte == 0x3B ? nil : 0
            case 0x2E: dots = dots.map { $0 + 1 }
            default: dots = nil
            }
        }
        return dots == 1 || dots == 2
    }
}

extension RequestTarget {
    /// The path behind a prefix of it, as sent; `nil` if it does not begin with the prefix.
    package func path(behind prefix: String) -> String? {
        let count = PathRewrite(strip: prefix, add: "").prefixCount(
            of: self.bytes.readableBytesUInt8Span.extracting(0..<self.pathCount)
        )
        return count.flatMap { count in
            self.bytes.getString(at: self.bytes.readerIndex + count, length: self.pathCount - count)
        }
    }

    /// Path, and query if there is one, as sent.
    package var text: String { String(buffer: self.bytes) }
}
