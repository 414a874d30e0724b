internal import WonkeyCore

/// Looks for the empty line that ends a head, or a trailer section, never looking at a byte twice.
struct HeadScanner {
    enum Outcome: Equatable {
        case incomplete
        /// The head, empty line included, has `count` bytes; its first line `firstLineCount` without its line end.
        case complete(count: Int, firstLineCount: Int)
        case firstLineTooLong
        case sectionTooLong
        /// A line ends with LF alone (R3).
        case bareLineFeed
    }

    let firstLineMax: Int
    let sectionMax: Int
    private var scanned = 0
    private var lineStart = 0
    private var firstLineCount: Int

    /// Makes a scanner.
    ///
    /// - Parameters:
    ///   - firstLineMax: Longest start-line; `nil` for a trailer section, which has none.
    ///   - sectionMax: Largest field section in bytes.
    init(firstLineMax: Int?, sectionMax: Int) {
        self.firstLineMax = firstLineMax ?? 0
        self.sectionMax = sectionMax
        self.firstLineCount = firstLineMax == nil ? -2 : -1
    }

    /// Whether a part of a head was seen.
    var hasBegun: Bool { self.scanned > 0 }

    /// Looks at the bytes that were not there at the last call.
    ///
    /// - Parameter bytes: Everything from the start of the head.
    /// - Returns: What is known now.
    mutating func scan(_ bytes: Span<UInt8>) -> Outcome {
        var index = self.scanned
        let count = bytes.count
        while index < count {
            while let word = bytes.word(at: index), !word.contains(.lineFeed) { index += 8 }
            while index < count, bytes[index] != .lineFeed { index += 1 }
            if index == count { break }
            guard index > self.lineStart, bytes[index - 1] == .carriageReturn else { return .bareLineFeed }
            let lineCount = index - 1 - self.lineStart
            if self.firstLineCount == -1 {
                guard lineCount <= self.firstLineMax else { return .firstLineTooLong }
                self.firstLineCount = lineCount
            } else if lineCount == 0 {
                guard index - self.firstLineCount <= self.sectionMax + 4 else { return .sectionTooLong }
                return .complete(count: index + 1, firstLineCount: max(0, self.firstLineCount))
            }
            index += 1
            self.lineStart = index
        }
        self.scanned = index
        if self.firstLineCount == -1 {
            return index > self.firstLineMax + 1 ? .firstLineTooLong : .incomplete
        }
        return index - self.firstLineCount > self.sectionMax + 4 ? .sectionTooLong : .incomplete
    }
}
