import NIOCore

/// Field lines in the order they were sent, names in the spelling they were sent in.
///
/// Received lines stay where they were read: one shared buffer and an array of 16-byte entries. Appended lines go to a
/// second buffer, so that changing a received section copies nothing.
package struct FieldSection: Sendable {
    struct Entry: Sendable {
        /// Offset of the name in its buffer.
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
    }

    /// The received bytes; offsets count from its reader index.
    var received: ByteBuffer
    /// The appended lines.
    var appended: ByteBuffer
    var entries: [Entry]

    package init() {
        self.received = ByteBuffer()
        self.appended = ByteBuffer()
        self.entries = []
    }

    /// The number of lines.
    package var count: Int { self.entries.count }

    package var isEmpty: Bool { self.entries.isEmpty }
}

extension FieldSection {
    /// Adds a line at the end.
    package mutating func append(_ name: FieldName, _ value: String) {
        self.append(name: name.text, known: name.known, value: value)
    }

    /// Adds a line at the end with the name in this spelling.
    package mutating func append(name: String, value: String) {
        self.append(name: name, known: FieldName(name).known, value: value)
    }

    private mutating func append(name: String, known: UInt8, value: String) {
        let nameStart = self.appended.writerIndex
        self.appended.writeString(name)
        let nameEnd = self.appended.writerIndex
        self.appended.writeStaticString(": ")
        let valueStart = self.appended.writerIndex
        self.appended.writeString(value)
        let valueEnd = self.appended.writerIndex
        self.appended.writeStaticString("\r\n")
        self.entries.append(
            Entry(
                nameStart: UInt32(nameStart),
                valueStart: UInt32(valueStart),
                valueCount: UInt32(valueEnd - valueStart),
                nameCount: UInt16(nameEnd - nameStart),
                known: known,
                place: .appended
            )
        )
    }

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
        self.entries.contains { self.matches($0, name) }
    }

    /// Removes all lines with this name.
    package mutating func remove(_ name: FieldName) {
        guard self.contains(name) else { return }
        let copy = self
        self.entries.removeAll { copy.matches($0, name) }
    }

    /// Removes all lines with this name and adds one at the end.
    package mutating func replace(_ name: FieldName, with value: String) {
        self.remove(name)
        self.append(name, value)
    }

    /// All lines in order; for tests and logs, not for hot paths.
    package var lines: [(name: String, value: String)] {
        self.entries.map { (self.nameText($0), self.text($0)) }
    }

    func buffer(of entry: Entry) -> ByteBuffer {
        entry.place == .appended ? self.appended : self.received
    }

    func text(_ entry: Entry) -> String {
        let buffer = self.buffer(of: entry)
        return buffer.getString(at: buffer.readerIndex + Int(entry.valueStart), length: Int(entry.valueCount)) ?? ""
    }

    func nameText(_ entry: Entry) -> String {
        let buffer = self.buffer(of: entry)
        return buffer.getString(at: buffer.readerIndex + Int(entry.nameStart), length: Int(entry.nameCount)) ?? ""
    }

    func matches(_ entry: Entry, _ name: FieldName) -> Bool {
        if entry.known != 0 || name.known != 0 { return entry.known == name.known }
        guard Int(entry.nameCount) == name.text.utf8.count else { return false }
        return FieldName(self.nameText(entry)) == name
    }
}
