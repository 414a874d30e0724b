/// An answer that is kept to be given again.
package struct ReplayAnswer: Hashable, Sendable {
    package struct Field: Hashable, Sendable {
        package var name: String
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package var status: Int
    package var fields: [Field]
    package var body: [UInt8]

    package init(status: Int, fields: [Field], body: [UInt8]) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}

/// What is kept of a request with an idempotency key, as bytes that every store keeps as they are.
package struct ReplayEntry: Hashable, Sendable {
    package enum State: Hashable, Sendable {
        /// Somebody carries it out; the token tells whom.
        case running(token: String)
        case answered(ReplayAnswer)
        /// It was, or may have been, carried out, and there is no answer to give again.
        case withoutAnswer
    }

    /// Of the request; 1 to 255 bytes.
    package var fingerprint: String
    package var state: State

    package init(fingerprint: String, state: State) {
        self.fingerprint = fingerprint
        self.state = state
    }

    /// `L`, `D` or `X`, the fingerprint's length and the fingerprint, then the token or the answer.
    package var bytes: [UInt8] {
        let tail: [UInt8]
        let kind: UInt8
        switch self.state {
        case .running(let token): (kind, tail) = (UInt8(ascii: "L"), Array(token.utf8))
        case .answered(let answer): (kind, tail) = (UInt8(ascii: "D"), answer.bytes)
        case .withoutAnswer: (kind, tail) = (UInt8(ascii: "X"), [])
        }
        return [kind, UInt8(clamping: self.fingerprint.utf8.count)] + self.fingerprint.utf8 + tail
    }

    /// Reads what ``bytes`` wrote; `nil` for anything else.
    package init?(bytes: [UInt8]) {
        guard bytes.count >= 2, bytes.count >= 2 + Int(bytes[1]) else { return nil }
        let split = 2 + Int(bytes[1])
        self.fingerprint = String(decoding: bytes[2..<split], as: UTF8.self)
        let tail = bytes[split...]
        switch bytes[0] {
        case UInt8(ascii: "L"): self.state = .running(token: String(decoding: tail, as: UTF8.self))
        case UInt8(ascii: "D"):
            guard let answer = ReplayAnswer(bytes: Array(tail)) else { return nil }
            self.state = .answered(answer)
        case UInt8(ascii: "X"): self.state = .withoutAnswer
        default: return nil
        }
    }
}

extension ReplayAnswer {
    /// Status, number of fields, each with the lengths of its name and value, then the body; numbers are big-endian.
    var bytes: [UInt8] {
        var bytes = Self.number(self.status, 2) + Self.number(self.fields.count, 2)
        for field in self.fields {
            bytes += Self.number(field.name.utf8.count, 2) + Self.number(field.value.utf8.count, 4)
            bytes += field.name.utf8
            bytes += field.value.utf8
        }
        return bytes + self.body
    }

    init?(bytes: [UInt8]) {
        var rest = bytes[...]
        guard let status = Self.number(2, &rest), (200...599).contains(status), let count = Self.number(2, &rest)
        else { return nil }
        var fields: [Field] = []
        for _ in 0..<count {
            guard let nameCount = Self.number(2, &rest), let valueCount = Self.number(4, &rest),
                rest.count >= nameCount + valueCount
            else { return nil }
            let name = String(decoding: rest.prefix(nameCount), as: UTF8.self)
            let value = String(decoding: rest.dropFirst(nameCount).prefix(valueCount), as: UTF8.self)
            fields.append(Field(name: name, value: value))
            rest = rest.dropFirst(nameCount + valueCount)
        }
        self.init(status: status, fields: fields, body: Array(rest))
    }

    private static func number(_ value: Int, _ width: Int) -> [UInt8] {
        (0..<width).reversed().map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
    }

    private static func number(_ width: Int, _ rest: inout ArraySlice<UInt8>) -> Int? {
        guard rest.count >= width else { return nil }
        defer { rest = rest.dropFirst(width) }
        return rest.prefix(width).reduce(0) { $0 << 8 | Int($1) }
    }
}
