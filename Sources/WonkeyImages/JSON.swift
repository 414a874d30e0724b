import WonkeyHTTP

/// A JSON value (RFC 8259).
///
/// Strings are kept as UTF-8 bytes: an image of 25 MB arrives as one string, and without escapes it is a slice of the body.
indirect enum JSON: Equatable, Sendable {
    struct Member: Equatable, Sendable {
        var name: String
        var value: JSON
    }

    case null
    case boolean(Bool)
    /// As written.
    case number(String)
    case string(ArraySlice<UInt8>)
    case array([JSON])
    /// In the order written, repeated names included.
    case object([Member])

    static func text(_ text: String) -> JSON { .string(Array(text.utf8)[...]) }

    static func integer(_ value: Int) -> JSON { .number(String(value)) }

    static func members(_ members: KeyValuePairs<String, JSON>) -> JSON {
        .object(members.map { Member(name: $0.key, value: $0.value) })
    }
}

extension JSON {
    /// The first member of this name, if this is an object that has it.
    subscript(_ name: String) -> JSON? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The elements of an array; nothing for anything else.
    var elements: [JSON] {
        guard case .array(let elements) = self else { return [] }
        return elements
    }

    /// The text of a string that is valid UTF-8.
    var text: String? {
        guard case .string(let bytes) = self else { return nil }
        return String(validating: bytes, as: UTF8.self)
    }

    var isTrue: Bool { self == .boolean(true) }
}

// MARK: Reading

extension JSON: JSONTree {
    static let depthMax = 64

    static func truth(_ value: Bool) -> Self { .boolean(value) }

    static func number(text: String) -> Self? { .number(text) }

    static func string(bytes: ArraySlice<UInt8>) -> Self? { .string(bytes) }

    static func object(named members: [(name: String, value: Self)]) -> Self? {
        .object(members.map { Member(name: $0.name, value: $0.value) })
    }
}

// MARK: Writing

extension JSON {
    /// The value as compact JSON.
    var serialized: [UInt8] {
        var output: [UInt8] = []
        self.write(to: &output)
        return output
    }

    private func write(to output: inout [UInt8]) {
        switch self {
        case .null: output += "null".utf8
        case .boolean(let value): output += (value ? "true" : "false").utf8
        case .number(let text): output += text.utf8
        case .string(let bytes): Self.write(bytes, to: &output)
        case .array(let elements):
            output.append(UInt8(ascii: "["))
            for (index, element) in elements.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                element.write(to: &output)
            }
            output.append(UInt8(ascii: "]"))
        case .object(let members):
            output.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { output.append(UInt8(ascii: ",")) }
                Self.write(Array(member.name.utf8)[...], to: &output)
                output.append(UInt8(ascii: ":"))
                member.value.write(to: &output)
            }
            output.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ bytes: ArraySlice<UInt8>, to output: inout [UInt8]) {
        output.append(UInt8(ascii: "\""))
        var rest = bytes
        while let index = rest.firstIndex(where: { $0 < 0x20 || $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "\\") })
        {
            output += rest[..<index]
            let byte = rest[index]
            if byte < 0x20 {
                let hex = String(byte, radix: 16)
                output += (byte < 0x10 ? "\\u000\(hex)" : "\\u00\(hex)").utf8
            } else {
                output += [UInt8(ascii: "\\"), byte]
            }
            rest = rest[(index + 1)...]
        }
        output += rest
        output.append(UInt8(ascii: "\""))
    }
}
