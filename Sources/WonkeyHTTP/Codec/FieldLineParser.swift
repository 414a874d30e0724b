/// Cuts field lines into entries, strictly (R5, R11–R14).
enum FieldLineParser {
    enum Fault: Error, Equatable {
        case malformed
        case tooMany
    }

    /// Parses `bytes` from `start` up to the empty line that ends the section.
    ///
    /// - Parameters:
    ///   - bytes: A head that ends with an empty line.
    ///   - start: Where the first field line begins.
    ///   - countMax: The most lines.
    /// - Returns: The lines.
    /// - Throws: What is wrong.
    static func parse(
        _ bytes: Span<UInt8>,
        from start: Int,
        countMax: Int
    ) throws(Fault) -> [FieldSection.Entry] {
        var entries: [FieldSection.Entry] = []
        entries.reserveCapacity(16)
        let end = bytes.count - 2
        var index = start
        while index < end {
            guard entries.count < countMax else { throw .tooMany }
            entries.append(try FieldLineParser.line(bytes, &index))
        }
        guard index == end else { throw .malformed }
        return entries
    }

    /// Parses one line and moves `index` behind its line end.
    @inline(__always)
    private static func line(_ bytes: Span<UInt8>, _ index: inout Int) throws(Fault) -> FieldSection.Entry {
        let nameStart = index
        while index < bytes.count, bytes[index].isTokenByte { index += 1 }
        let nameEnd = index
        guard nameEnd > nameStart, nameEnd - nameStart <= Int(UInt16.max), index < bytes.count, bytes[index] == .colon
        else { throw .malformed }
        index += 1
        while index < bytes.count, bytes[index].isWhitespace { index += 1 }
        let valueStart = index
        index = bytes.fieldValueEnd(from: index)
        guard index + 1 < bytes.count, bytes[index] == .carriageReturn, bytes[index + 1] == .lineFeed else {
            throw .malformed
        }
        var valueEnd = index
        while valueEnd > valueStart, bytes[valueEnd - 1].isWhitespace { valueEnd -= 1 }
        let isPlain = valueStart == nameEnd + 2 && bytes[nameEnd + 1] == .space && valueEnd == index
        index += 2
        return FieldSection.Entry(
            nameStart: UInt32(truncatingIfNeeded: nameStart),
            valueStart: UInt32(truncatingIfNeeded: valueStart),
            valueCount: UInt32(truncatingIfNeeded: valueEnd - valueStart),
            nameCount: UInt16(truncatingIfNeeded: nameEnd - nameStart),
            known: KnownFields.index(of: bytes.extracting(nameStart..<nameEnd)),
            place: isPlain ? .receivedPlain : .received
        )
    }
}
