/// The words of a JSON text, byte by byte.
///
/// Not generic, so that the loops over bytes are the same code for every kind of value. A string without escapes, however
/// long, is a slice of the text.
struct JSONLexer {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    func failure(_ message: String) -> JSONSyntaxError {
        JSONSyntaxError(offset: self.position, message: message)
    }

    var next: UInt8? { self.position < self.bytes.count ? self.bytes[self.position] : nil }

    mutating func skipBlanks() {
        while let byte = self.next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { self.position += 1 }
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard self.next == byte else { return false }
        self.position += 1
        return true
    }

    mutating func expect(_ byte: UInt8) throws(JSONSyntaxError) {
        guard self.take(byte) else { throw self.failure("expected \(Character(Unicode.Scalar(byte)))") }
    }

    // MARK: Numbers

    /// A number as written.
    mutating func number() throws(JSONSyntaxError) -> String {
        let start = self.position
        _ = self.take(UInt8(ascii: "-"))
        if !self.take(UInt8(ascii: "0")) { try self.digits() }
        if self.take(UInt8(ascii: ".")) { try self.digits() }
        if self.take(UInt8(ascii: "e")) || self.take(UInt8(ascii: "E")) {
            _ = self.take(UInt8(ascii: "+")) || self.take(UInt8(ascii: "-"))
            try self.digits()
        }
        return String(decoding: self.bytes[start..<self.position], as: UTF8.self)
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = self.position
        while let byte = self.next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { self.position += 1 }
        guard self.position > start else { throw self.failure("expected a digit") }
    }

    // MARK: Strings

    /// A string without its quotation marks and escapes.
    mutating func string() throws(JSONSyntaxError) -> ArraySlice<UInt8> {
        try self.expect(UInt8(ascii: "\""))
        let start = self.position
        try self.skipPlainBytes()
        if self.take(UInt8(ascii: "\"")) { return self.bytes[start..<(self.position - 1)] }
        var unescaped = Array(self.bytes[start..<self.position])
        while !self.take(UInt8(ascii: "\"")) {
            try self.escape(into: &unescaped)
            let plain = self.position
            try self.skipPlainBytes()
            unescaped += self.bytes[plain..<self.position]
        }
        return unescaped[...]
    }

    /// Moves to the next quotation mark or backslash.
    private mutating func skipPlainBytes() throws(JSONSyntaxError) {
        var position = self.position
        let text = self.bytes
        let bytes = text.span
        while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\"),
            bytes[position] >= 0x20
        {
            position += 1
        }
        self.position = position
        guard position < bytes.count else { throw self.failure("the text ends inside a string") }
        guard bytes[position] >= 0x20 else { throw self.failure("a control byte in a string") }
    }

    private mutating func escape(into output: inout [UInt8]) throws(JSONSyntaxError) {
        try self.expect(UInt8(ascii: "\\"))
        guard let byte = self.next else { throw self.failure("the text ends inside a string") }
        self.position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(byte)
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0C)
        case UInt8(ascii: "n"): output.append(0x0A)
        case UInt8(ascii: "r"): output.append(0x0D)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "u"): output += String(Character(try self.escapedScalar())).utf8
        default: throw self.failure("an unknown escape")
        }
    }

    private mutating func escapedScalar() throws(JSONSyntaxError) -> Unicode.Scalar {
        let unit = try self.codeUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xDC00, self.take(UInt8(ascii: "\\")), self.take(UInt8(ascii: "u")) else {
            throw self.failure("a lone surrogate")
        }
        let second = try self.codeUnit()
        guard (0xDC00...0xDFFF).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(unit - 0xD800) << 10) + UInt32(second - 0xDC00))
        else { throw self.failure("a lone surrogate") }
        return scalar
    }

    private mutating func codeUnit() throws(JSONSyntaxError) -> UInt16 {
        let end = self.position + 4
        guard end <= self.bytes.count, self.bytes[self.position..<end].allSatisfy(Self.isHexDigit),
            let unit = UInt16(String(decoding: self.bytes[self.position..<end], as: UTF8.self), radix: 16)
        else { throw self.failure("expected four hexadecimal digits") }
        self.position = end
        return unit
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
