/// A text is not JSON as this service takes it.
package struct JSONSyntaxError: Error, Equatable {
    /// In bytes from the start.
    package var offset: Int
    package var message: String
}

extension JSONValue {
    /// Reads a whole JSON text (RFC 8259), strictly.
    ///
    /// No comments, no trailing commas, no repeated names, no lone surrogates, no depth beyond 32. Whole numbers within
    /// 64 bits are ``integer(_:)``, however written (`1e2`); all others ``number(_:)``, where what exceeds a double is the
    /// largest one.
    ///
    /// - Parameter bytes: UTF-8.
    /// - Throws: ``JSONSyntaxError``.
    package init(parsing bytes: [UInt8]) throws(JSONSyntaxError) {
        self = try JSONReader.read(bytes)
    }
}

private struct JSONReader {
    private static let depthMax = 32

    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    static func read(_ bytes: [UInt8]) throws(JSONSyntaxError) -> JSONValue {
        var reader = JSONReader(bytes)
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.position == bytes.count else { throw reader.failure("something follows the value") }
        return value
    }

    private func failure(_ message: String) -> JSONSyntaxError {
        JSONSyntaxError(offset: self.position, message: message)
    }

    private var next: UInt8? { self.position < self.bytes.count ? self.bytes[self.position] : nil }

    private mutating func skipBlanks() {
        while let byte = self.next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { self.position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard self.next == byte else { return false }
        self.position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(JSONSyntaxError) {
        guard self.take(byte) else { throw self.failure("expected \(Character(Unicode.Scalar(byte)))") }
    }

    private mutating func value(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        guard depth < Self.depthMax else { throw self.failure("nested too deeply") }
        self.skipBlanks()
        guard let next = self.next else { throw self.failure("the text ends early") }
        switch next {
        case UInt8(ascii: "{"): return try self.object(depth: depth)
        case UInt8(ascii: "["): return try self.array(depth: depth)
        case UInt8(ascii: "\""): return .string(try self.string())
        case UInt8(ascii: "t"): return try self.literal("true", .bool(true))
        case UInt8(ascii: "f"): return try self.literal("false", .bool(false))
        case UInt8(ascii: "n"): return try self.literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try self.number()
        default: throw self.failure("expected a value")
        }
    }

    private mutating func object(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        try self.expect(UInt8(ascii: "{"))
        var members: [JSONValue.Member] = []
        var names: Set<String> = []
        self.skipBlanks()
        if self.take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            self.skipBlanks()
            let name = try self.string()
            guard names.insert(name).inserted else { throw self.failure("a name is repeated") }
            self.skipBlanks()
            try self.expect(UInt8(ascii: ":"))
            members.append(.init(name, try self.value(depth: depth + 1)))
            self.skipBlanks()
        } while self.take(UInt8(ascii: ","))
        try self.expect(UInt8(ascii: "}"))
        return .object(members)
    }

    private mutating func array(depth: Int) throws(JSONSyntaxError) -> JSONValue {
        try self.expect(UInt8(ascii: "["))
        var elements: [JSONValue] = []
        self.skipBlanks()
        if self.take(UInt8(ascii: "]")) { return .array(elements) }
        repeat {
            elements.append(try self.value(depth: depth + 1))
            self.skipBlanks()
        } while self.take(UInt8(ascii: ","))
        try self.expect(UInt8(ascii: "]"))
        return .array(elements)
    }

    private mutating func literal(_ text: String, _ value: JSONValue) throws(JSONSyntaxError) -> JSONValue {
        for byte in text.utf8 { try self.expect(byte) }
        return value
    }

    private mutating func number() throws(JSONSyntaxError) -> JSONValue {
        let start = self.position
        _ = self.take(UInt8(ascii: "-"))
        if !self.take(UInt8(ascii: "0")) { try self.digits() }
        if self.take(UInt8(ascii: ".")) { try self.digits() }
        if self.take(UInt8(ascii: "e")) || self.take(UInt8(ascii: "E")) {
            _ = self.take(UInt8(ascii: "+")) || self.take(UInt8(ascii: "-"))
            try self.digits()
        }
        let text = String(decoding: self.bytes[start..<self.position], as: UTF8.self)
        if let integer = Int64(text) { return .integer(integer) }
        guard let double = Double(text) else { throw self.failure("a number that is too long") }
        if let integer = Int64(exactly: double) { return .integer(integer) }
        let largest = Double.greatestFiniteMagnitude
        return .number(min(max(double, -largest), largest))
    }

    private mutating func digits() throws(JSONSyntaxError) {
        let start = self.position
        while let byte = self.next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { self.position += 1 }
        guard self.position > start else { throw self.failure("expected a digit") }
    }

    private mutating func string() throws(JSONSyntaxError) -> String {
        try self.expect(UInt8(ascii: "\""))
        var text: [UInt8] = []
        while !self.take(UInt8(ascii: "\"")) {
            guard let byte = self.next else { throw self.failure("the text ends inside a string") }
            guard byte >= 0x20 else { throw self.failure("a control byte in a string") }
            if byte == UInt8(ascii: "\\") {
                try self.escape(into: &text)
            } else {
                text.append(byte)
                self.position += 1
            }
        }
        guard let string = String(validating: text, as: UTF8.self) else { throw self.failure("a string is not UTF-8") }
        return string
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
