internal import NIOCore

/// What the pieces of a message head are written to.
protocol HeadOutput {
    mutating func append(_ text: StaticString)
    mutating func append(_ bytes: Span<UInt8>)
}

/// A message head while it is written, piece by piece.
///
/// An array and no `ByteBuffer`: a head has thirty short pieces, and each costs a third of what it does there.
struct HeadBytes: HeadOutput {
    private(set) var bytes: [UInt8] = []

    init() {}

    init(capacity: Int) {
        self.bytes.reserveCapacity(capacity)
    }

    var count: Int { self.bytes.count }

    /// The bytes, for writing to a connection.
    var buffer: ByteBuffer { ByteBuffer(bytes: self.bytes) }

    @inline(__always)
    mutating func append(_ text: StaticString) {
        text.withUTF8Buffer { unsafe self.bytes.append(contentsOf: $0) }
    }

    @inline(__always)
    mutating func append(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBufferPointer { unsafe self.bytes.append(contentsOf: $0) }
    }

    @inline(__always)
    mutating func append(text: String) {
        self.append(text.utf8Span.span)
    }

    /// Writes text as a field value: control characters, which could end the line, become spaces.
    mutating func append(fieldValue text: String) {
        let value = text.utf8Span.span
        if value.isFieldValue { return self.append(value) }
        for index in value.indices { self.bytes.append(value[index].isFieldByte ? value[index] : .space) }
    }

    /// Writes a field line.
    mutating func appendLine(_ name: String, _ value: String) {
        self.append(text: name)
        self.append(": ")
        self.append(fieldValue: value)
        self.append("\r\n")
    }
}

extension ByteBuffer: HeadOutput {
    mutating func append(_ text: StaticString) {
        self.writeStaticString(text)
    }

    mutating func append(_ bytes: Span<UInt8>) {
        unsafe self.writeBytes(bytes.bytes)  // bytes have no padding that could be read
    }
}
