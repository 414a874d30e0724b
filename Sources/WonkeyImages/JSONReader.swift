/// Reads a whole JSON text, strictly: no comments, no trailing commas, no lone surrogates, a bounded depth.
struct JSONReader {
    /// Where and why a text is not JSON.
    struct Failure: Error, Equatable {
        var offset: Int
        var problem: String
    }

    private static let depthMax = 64

    private let bytes: [UInt8]
    private var position = 0

    private init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    static func read(_ bytes: [UInt8]) throws(Failure) -> JSON {
        var reader = JSONReader(bytes)
        let value = try reader.value(depth: 0)
        reader.skipBlanks()
        guard reader.position == bytes.count else { throw reader.failure("something follows the value") }
        return value
    }

    private func failure(_ problem: String) -> Failure {
        Failure(offset: self.position, problem: problem)
    }

    private var next: UInt8? { self.position < self.bytes.count ? self.bytes[self.position] : nil }

    private mutating func skipBlanks() {
        while let byte = self.next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { self.position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard self.next == byte else { return false }
        self.position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) throws(Failure) {
        guard self.take(byte) else { throw self.failure("expected \(Character(Unicode.Scalar(byte)))") }
    }

    private mutating func value(depth: Int) throws(Failure) -> JSON {
        guard depth < Self.depthMax else { throw self.failure("nested too deeply") }
        self.skipBlanks()
        guard let next = self.next else { throw self.failure("the text ends early") }
        switch next {
        case UInt8(ascii: "{"): return try self.object(depth: depth)
        case UInt8(ascii: "["): return try self.array(depth: depth)
        case UInt8(ascii: "\""): return .string(try self.string())
        case UInt8(ascii: "t"): return try self.literal("true", .boolean(true))
        case UInt8(ascii: "f"): return try self.literal("false", .boolean(false))
        case UInt8(ascii: "n"): return try self.literal("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try self.number()
        default: throw self.failure("expected a value")
        }
    }

    private mutating func object(depth: Int) throws(Failure) -> JSON {
        try self.expect(UInt8(ascii: "{"))
        var members: [JSON.Member] = []
        self.skipBlanks()
        if self.take(UInt8(ascii: "}")) { return .object(members) }
        repeat {
            self.skipBlanks()
            guard let name = String(validating: try self.string(), as: UTF8.self) else {
                throw self.failure("a name is not UTF-8")
            }
            self.skipBlanks()
            try self.expect(UInt8(ascii: ":"))
            members.append(.init(name: name, value: try self.value(depth: depth + 1)))
            self.skipBlanks()
        } while self.take(UInt8(ascii: ","))
        try self.expect(UInt8(ascii: "}"))
        return .object(members)
    }

    private mutating func array(depth: Int) throws(Failure) -> JSON {
        try self.expect(UInt8(ascii: "["))
        var elements: [JSON] = []
        self.skipBlanks()
        if self.take(UInt8(ascii: "]")) { return .array(elements) }
        repeat {
            elements.append(try self.value(depth: depth + 1))
            self.skipBlanks()
        } while self.take(UInt8(ascii: ","))
        try self.expect(UInt8(ascii: "]"))
        return .array(elements)
    }

    private mutating func literal(_ text: String, _ value: JSON) throws(Failure) -> JSON {
        for byte in text.utf8 { try self.expect(byte) }
        return value
    }

    private mutating func number() throws(Failure) -> JSON {
        let start = self.position
        _ = self.take(UInt8(ascii: "-"))
        if !self.take(UInt8(ascii: "0")) { try self.digits() }
        if self.take(UInt8(ascii: ".")) { try self.digits() }
        if self.take(UInt8(ascii: "e")) || self.take(UInt8(ascii: "E")) {
            _ = self.take(UInt8(ascii: "+")) || self.take(UInt8(ascii: "-"))
            try self.digits()
        }
        return .number(String(decoding: self.bytes[start..<self.position], as: UTF8.self))
    }

    private mutating func digits() throws(Failure) {
        let start = self.position
        while let byte = self.next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { self.position += 1 }
        guard self.position > start else { throw self.failure("expected a digit") }
    }

    private mutating func string() throws(Failure) -> ArraySlice<UInt8> {
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

    /// Moves to the next quote or backslash.
    private mutating func skipPlainBytes() throws(Failure) {
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

    private mutating func escape(into output: inout [UInt8]) throws(Failure) {
        try self.expect(UInt8(ascii: "\\"))
        guard let byte = self.next else { throw self.failure("the text ends inside a string") }
        self.position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): output.append(byte)
        case UInt8(ascii: "b"): output.append(0x08)
        case UInt8(ascii: "f"): output.append(0x0c)
        case UInt8(ascii: "n"): output.append(0x0a)
        case UInt8(ascii: "r"): output.append(0x0d)
        case UInt8(ascii: "t"): output.append(0x09)
        case UInt8(ascii: "u"): output += String(Character(try self.escapedScalar())).utf8
        default: throw self.failure("an unknown escape")
        }
    }

    private mutating func escapedScalar() throws(Failure) -> Unicode.Scalar {
        let unit = try self.codeUnit()
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xdc00, self.take(UInt8(ascii: "\\")), self.take(UInt8(ascii: "u")) else {
            throw self.failure("a lone surrogate")
        }
        let second = try self.codeUnit()
        guard (0xdc00...0xdfff).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(unit - 0xd800) << 10) + UInt32(second - 0xdc00))
        else { throw self.failure("a lone surrogate") }
        return scalar
    }

    private mutating func codeUnit() throws(Failure) -> UInt16 {
        let end = self.position + 4
        guard end <= self.bytes.count,
            let digits = String(validating: self.bytes[self.position..<end], as: UTF8.self),
            digits.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }), let unit = UInt16(digits, radix: 16)
        else { throw self.failure("expected four hexadecimal digits") }
        self.position = end
        return unit
    }
}
