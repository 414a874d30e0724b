/// A file's bytes, proven to be text that libyaml and every editor divide into the same lines.
///
/// libyaml's own reader stops at the first bad byte and knows no line for it, takes UTF-16 unasked, and counts U+0085,
/// U+2028, U+2029 and a lone carriage return as line breaks, which editors do not.
struct SourceText {
    /// At most this many bytes: no configuration is larger, but a wrong file may be.
    static let sizeMax = 1 << 20
    /// Stops after this many bad characters: the file is then not text at all.
    private static let faultsMax = 20

    /// Without the byte order mark.
    let bytes: [UInt8]

    /// Checks the bytes and reports what is wrong with them.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - report: Called for every fault; any fault gives `nil`.
    init?(_ bytes: [UInt8], report: (ConfigurationFaults.Position?, String) -> Void) {
        guard bytes.count <= Self.sizeMax else {
            report(nil, "the file is larger than 1MiB, the most a configuration may have")
            return nil
        }
        let mark: [UInt8] = [0xef, 0xbb, 0xbf]
        let text = bytes.starts(with: mark) ? Array(bytes.dropFirst(mark.count)) : bytes
        self.bytes = text
        if let offset = Self.invalidOffset(text) {
            report(self.position(ofByte: offset), "the file is not UTF-8 from here on")
            return nil
        }
        var faults = 0
        for (position, problem) in Self.badCharacters(text).prefix(Self.faultsMax) {
            report(position, problem)
            faults += 1
        }
        guard faults == 0 else { return nil }
    }

    /// The line and column of a byte, both from 1; columns count characters.
    func position(ofByte offset: Int) -> ConfigurationFaults.Position {
        let before = self.bytes.prefix(offset)
        let lineStart = before.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
        return .init(
            line: before.count { $0 == UInt8(ascii: "\n") } + 1,
            // Continuation bytes of UTF-8 begin no character.
            column: before[lineStart...].count { $0 & 0b1100_0000 != 0b1000_0000 } + 1
        )
    }

    /// The character at a position, or `nil` at a line's end.
    func character(at position: ConfigurationFaults.Position) -> Unicode.Scalar? {
        let lines = self.bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        guard lines.indices.contains(position.line - 1) else { return nil }
        let line = Array(String(decoding: lines[position.line - 1], as: UTF8.self).unicodeScalars)
        return line.indices.contains(position.column - 1) ? line[position.column - 1] : nil
    }

    private static func invalidOffset(_ bytes: [UInt8]) -> Int? {
        do {
            _ = try UTF8Span(validating: bytes.span)
            return nil
        } catch {
            return error.byteOffsets.lowerBound
        }
    }

    private static func badCharacters(_ bytes: [UInt8]) -> [(ConfigurationFaults.Position, String)] {
        var found: [(ConfigurationFaults.Position, String)] = []
        var position = ConfigurationFaults.Position(line: 1, column: 1)
        let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
        for (index, scalar) in scalars.enumerated() {
            let next = scalars.indices.contains(index + 1) ? scalars[index + 1] : nil
            if let problem = Self.problem(scalar, before: next) { found.append((position, problem)) }
            if scalar == "\n" {
                position = .init(line: position.line + 1, column: 1)
            } else {
                position.column += 1
            }
        }
        return found
    }

    private static func problem(_ scalar: Unicode.Scalar, before next: Unicode.Scalar?) -> String? {
        switch scalar.value {
        case 0x09, 0x0a, 0x20...0x7e: return nil
        case 0x0d:
            guard next != "\n" else { return nil }
            return "a carriage return stands without a line feed; end lines with a line feed"
        case 0x85, 0x2028, 0x2029:
            return "the line separator \(Self.name(scalar)) is not accepted; end lines with a line feed"
        case 0x00...0x1f, 0x7f...0x9f, 0xfeff, 0xfffe, 0xffff:
            return "the control character \(Self.name(scalar)) is not accepted"
        default: return nil
        }
    }

    private static func name(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
