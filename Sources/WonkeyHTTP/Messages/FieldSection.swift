internal import NIOCore
internal import WonkeyCore

/// Field lines in the order they were sent, names in the spelling they were sent in.
///
/// Received lines stay where they were read: one shared buffer and an array of 16-byte entries. Appended lines go to a
/// second buffer, so that changing a received section copies nothing.
package struct FieldSection: Sendable {
    struct Entry: Sendable {
        /// Offset of the name from the start of its buffer.
        var nameStart: UInt32
        var valueStart: UInt32
        var valueCount: UInt32
        var nameCount: UInt16
        /// ``FieldName/known`` of the name.
        var known: UInt8
        var place: Place

        enum Place: UInt8, Sendable {
            /// In the received bytes, written as `name: value CRLF` exactly.
            case receivedPlain
            /// In the received bytes, with other white space around the value.
            case received
            /// In the appended bytes, as `name: value CRLF`.
            case appended
        }

        var nameRange: Range<Int> { Int(self.nameStart)..<Int(self.nameStart) + Int(self.nameCount) }
        var valueRange: Range<Int> { Int(self.valueStart)..<Int(self.valueStart) + Int(self.valueCount) }
        /// The whole line with its line end; meaningful unless the place is ``Place/received``.
        var lineRange: Range<Int> { Int(self.nameStart)..<Int(self.valueStart) + Int(self.valueCount) + 2 }
    }

    /// The received bytes; offsets count from its reader index.
    var received: ByteBuffer
    /// The appended lines.
    private var appended = HeadBytes()
    var entries: [Entry]

    package init() {
        self.init(received: ByteBuffer(), entries: [])
    }

    init(received: ByteBuffer, entries: [Entry]) {
        self.received = received
        self.entries = entries
    }

    /// The number of lines.
    package var count: Int { self.entries.count }

    package var isEmpty: Bool { self.entries.isEmpty }
}

extension FieldSection {
    /// Adds a line at the end; control characters in the value become spaces.
    package mutating func append(_ name: FieldName, _ value: String) {
        self.append(name: name.text, known: name.known, value: value)
    }

    /// Adds a line at the end with the name in this spelling; control characters in the value become spaces.
    package mutating func append(name: String, value: String) {
        self.append(name: name, known: FieldName(name).known, value: value)
    }

    /// Bytes made room for with the first appended line: what an answer usually gets.
    private static let appendedCapacity = 256

    private mutating func append(name: String, known: UInt8, value: String) {
        if self.appended.count == 0 { self.appended = HeadBytes(capacity: Self.appendedCapacity) }
        let nameStart = self.appended.count
        self.appended.append(text: name)
        let nameEnd = self.appended.count
        self.appended.append(": ")
        let valueStart = self.appended.count
        self.appended.append(fieldValue: value)
        let valueEnd = self.appended.count
        self.appended.append("\r\n")
        self.entries.append(
            Entry(
                nameStart: UInt32(nameStart),
                valueStart: UInt32(valueStart),
                valueCount: UInt32(valueEnd - valueStart),
                nameCount: UInt16(clamping: nameEnd - nameStart),
                known: known,
                place: .appended
            )
        )
    }

    /// Removes all lines with this name.
    package mutating func remove(_ name: FieldName) {
        guard self.contains(name) else { return }
        self.entries = self.entries.filter { !self.matches($0, name) }
    }

    /// Removes all lines with this name and adds one at the end.
    package mutating func replace(_ name: FieldName, with value: String) {
        self.remove(name)
        self.append(name, value)
    }
}

extension FieldSection {
    /// The value of the first line with this name.
    package func first(_ name: FieldName) -> String? {
        for entry in self.entries where self.matches(entry, name) { return self.text(entry) }
        return nil
    }

    /// The values of all lines with this name, in order.
    package func values(_ name: FieldName) -> [String] {
        self.entries.compactMap { self.matches($0, name) ? self.text($0) : nil }
    }

    package func contains(_ name: FieldName) -> Bool {
        for entry in self.entries where self.matches(entry, name) { return true }
        return false
    }

    /// The number of lines with this name.
    package func count(_ name: FieldName) -> Int {
        var count = 0
        for entry in self.entries where self.matches(entry, name) { count += 1 }
        return count
    }

    /// All lines in order; for tests and logs, not for hot paths.
    package var lines: [(name: String, value: String)] {
        self.entries.map { (self.withBytes(ofName: $0) { $0.text }, self.text($0)) }
    }

    /// Lends the bytes of the first value with this name.
    ///
    /// - Returns: What `body` returned, or `nil` without such a line.
    package func withBytes<Result>(of name: FieldName, _ body: (Span<UInt8>) -> Result) -> Result? {
        for entry in self.entries where self.matches(entry, name) { return self.withBytes(of: entry, body) }
        return nil
    }

    /// Lends the bytes of each name and value, in order.
    package func forEach(_ body: (_ name: Span<UInt8>, _ value: Span<UInt8>) -> Void) {
        for entry in self.entries {
            self.withBytes(ofName: entry) { name in self.withBytes(of: entry) { body(name, $0) } }
        }
    }
}

extension FieldSection {
    @inline(__always)
    func withBytes<Result>(of entry: Entry, _ body: (Span<UInt8>) -> Result) -> Result {
        entry.place == .appended
            ? body(self.appended.bytes.span.extracting(entry.valueRange))
            : body(self.received.readableBytesUInt8Span.extracting(entry.valueRange))
    }

    @inline(__always)
    func withBytes<Result>(ofName entry: Entry, _ body: (Span<UInt8>) -> Result) -> Result {
        entry.place == .appended
            ? body(self.appended.bytes.span.extracting(entry.nameRange))
            : body(self.received.readableBytesUInt8Span.extracting(entry.nameRange))
    }

    func text(_ entry: Entry) -> String {
        guard entry.place == .appended else {
            let start = self.received.readerIndex + Int(entry.valueStart)
            return self.received.getString(at: start, length: Int(entry.valueCount)) ?? ""
        }
        return String(decoding: self.appended.bytes[entry.valueRange], as: UTF8.self)
    }

    @inline(__always)
    func matches(_ entry: Entry, _ name: FieldName) -> Bool {
        if entry.known != 0 || name.known != 0 { return entry.known == name.known }
        guard Int(entry.nameCount) == name.text.utf8.count else { return false }
        return self.withBytes(ofName: entry) { $0.equalsIgnoringCase(name) }
    }

    /// Writes the lines `includes` accepts; neighbours in the received bytes are copied in one piece.
    func write(to buffer: inout some HeadOutput, where includes: (Entry) -> Bool) {
        var run = 0..<0
        for entry in self.entries where includes(entry) {
            if entry.place == .receivedPlain, !run.isEmpty, run.upperBound == Int(entry.nameStart) {
                run = run.lowerBound..<entry.lineRange.upperBound
                continue
            }
            self.writeRun(run, to: &buffer)
            run = 0..<0
            switch entry.place {
            case .receivedPlain: run = entry.lineRange
            case .received:
                buffer.append(self.received.readableBytesUInt8Span.extracting(entry.nameRange))
                buffer.append(": ")
                buffer.append(self.received.readableBytesUInt8Span.extracting(entry.valueRange))
                buffer.append("\r\n")
            case .appended: buffer.append(self.appended.bytes.span.extracting(entry.lineRange))
            }
        }
        self.writeRun(run, to: &buffer)
    }

    @inline(__always)
    private func writeRun(_ run: Range<Int>, to buffer: inout some HeadOutput) {
        guard !run.isEmpty else { return }
        buffer.append(self.received.readableBytesUInt8Span.extracting(run))
    }
}

extension Span<UInt8> {
    /// Tells whether the bytes spell this name, case aside.
    func equalsIgnoringCase(_ name: FieldName) -> Bool {
        let other = name.text.utf8Span.span
        guard self.count == other.count else { return false }
        for index in self.indices where self[index].asciiLowercased != other[index].asciiLowercased { return false }
        return true
    }
}

extension UInt8 {
    /// Whether the byte may stand in a field value: no control character but the tab (RFC 9110 §5.5).
    @inline(__always)
    var isFieldByte: Bool { self >= 0x20 && self != 0x7F || self == .tab }
}

extension Span<UInt8> {
    /// Whether all bytes may stand in a field value.
    var isFieldValue: Bool { self.fieldValueEnd(from: 0) == self.count }

    /// Where the first byte from `start` on is that may not stand in a field value; the end if all may.
    @inline(__always)
    func fieldValueEnd(from start: Int) -> Int {
        var index = start
        while true {
            while let word = self.word(at: index), !word.containsLess(than: 0x20), !word.contains(0x7F) { index += 8 }
            // In the next eight bytes is a tab, something forbidden, or the end.
            let stop = Swift.min(index + 8, self.count)
            while index < stop, self[index].isFieldByte { index += 1 }
            if index < stop || index == self.count { return index }
        }
    }
}

extension ByteBuffer {
    /// Writes text as a field value: control characters, which could end the line, become spaces.
    @discardableResult
    mutating func writeFieldValue(_ value: String) -> Int {
        if value.utf8Span.span.isFieldValue { return self.writeString(value) }
        return self.writeBytes(value.utf8.map { $0.isFieldByte ? $0 : .space })
    }
}
