internal import WonkeyCore

extension Kind where Value == Bool {
    /// `true` or `false`, not quoted.
    static var boolean: Kind {
        .scalar(
            schema: JSON.object([("type", "boolean")]).orSubstitution,
            placeholder: false,
            json: { .boolean($0) },
            parse: { (scalar, _) throws(Invalid) in
                switch scalar.text {
                case "true" where scalar.isUntyped: return true
                case "false" where scalar.isUntyped: return false
                case "true", "false": throw Invalid("must be true or false without quotes")
                case let text where ["yes", "on", "y", "true"].contains(text.lowercased()):
                    throw Invalid("must be true or false", advice: "write true")
                case let text where ["no", "off", "n", "false"].contains(text.lowercased()):
                    throw Invalid("must be true or false", advice: "write false")
                default: throw Invalid("must be true or false")
                }
            }
        )
    }
}

extension Kind where Value == Int {
    /// A whole number in decimal digits.
    static func integer(_ range: ClosedRange<Int>) -> Kind {
        .scalar(
            schema: JSON.object([
                ("type", "integer"), ("minimum", .integer(range.lowerBound)), ("maximum", .integer(range.upperBound)),
            ]).orSubstitution,
            placeholder: range.lowerBound,
            json: { .integer($0) },
            parse: { (scalar, _) throws(Invalid) in try Self.number(scalar, in: range) }
        )
    }

    private static func number(_ scalar: Scalar, in range: ClosedRange<Int>) throws(Invalid) -> Int {
        let digits = scalar.text.hasPrefix("-") ? scalar.text.dropFirst() : scalar.text[...]
        let isDecimal =
            !digits.isEmpty && digits.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard isDecimal else { throw Invalid("must be a whole number in decimal digits") }
        guard scalar.isUntyped else { throw Invalid("must be a number without quotes") }
        guard digits == "0" || !digits.hasPrefix("0") else { throw Invalid("must be a number without leading zeros") }
        guard let number = Int(scalar.text), range.contains(number) else {
            throw Invalid("must be \(Self.text(range))")
        }
        return number
    }

    private static func text(_ range: ClosedRange<Int>) -> String {
        range.count == 1 ? "\(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
    }

    /// Bytes, as `64KiB`.
    static func size(_ range: ClosedRange<Int>) -> Kind {
        .scalar(
            schema: Self.sizeSchema(range, words: []),
            placeholder: range.lowerBound,
            json: { .string(ByteSize.text($0)) },
            parse: { (scalar, _) throws(Invalid) in try Self.bytes(scalar, in: range) }
        )
    }

    fileprivate static func bytes(_ scalar: Scalar, in range: ClosedRange<Int>) throws(Invalid) -> Int {
        guard let bytes = ByteSize.bytes(scalar.text) else {
            throw Invalid("must be a size such as 64KiB: a whole number and one of \(ByteSize.unitNames)")
        }
        guard range.contains(bytes) else {
            throw Invalid("must be \(ByteSize.text(range.lowerBound)) to \(ByteSize.text(range.upperBound))")
        }
        return bytes
    }

    fileprivate static func sizeSchema(_ range: ClosedRange<Int>, words: [String]) -> JSON {
        let pattern = ("[0-9]+(B|KiB|MiB|GiB|TiB)" + words.map { "|\($0)" }.joined())
        var forms: [JSON] = [.object([("type", "string"), ("pattern", .string("^(\(pattern))$"))])]
        if range.contains(0) { forms.append(.object([("const", 0)])) }
        forms.append(.object([("$ref", "#/$defs/substitution")]))
        return .object([("anyOf", .array(forms))])
    }
}

extension Kind where Value == Int? {
    /// Bytes, or `none` for no bound.
    static func sizeOrNone(_ range: ClosedRange<Int>) -> Kind {
        .scalar(
            schema: Kind<Int>.sizeSchema(range, words: ["none"]),
            placeholder: nil,
            json: { .string($0.map(ByteSize.text) ?? "none") },
            parse: { (scalar, _) throws(Invalid) in
                scalar.text == "none" ? nil : try Kind<Int>.bytes(scalar, in: range)
            }
        )
    }

    /// A whole number, or `none` for no bound.
    static func integerOrNone(_ range: ClosedRange<Int>) -> Kind {
        let number = Kind<Int>.integer(range)
        return .scalar(
            schema: JSON.object([("anyOf", .array([.object([("const", "none")]), number.schema()]))]),
            placeholder: nil,
            json: { $0.map { .integer($0) } ?? "none" },
            parse: { (scalar, _) throws(Invalid) in
                guard scalar.text != "none" else { return nil }
                guard let number = Int(scalar.text), scalar.isUntyped, range.contains(number) else {
                    throw Invalid("must be none, or \(range.lowerBound) to \(range.upperBound)")
                }
                return number
            }
        )
    }

    /// A whole number, or `auto`.
    static func integerOrAuto(_ range: ClosedRange<Int>) -> Kind {
        let number = Kind<Int>.integer(range)
        return .scalar(
            schema: JSON.object([("anyOf", .array([.object([("const", "auto")]), number.schema()]))]),
            placeholder: nil,
            json: { $0.map { .integer($0) } ?? "auto" },
            parse: { (scalar, _) throws(Invalid) in
                guard scalar.text != "auto" else { return nil }
                guard let number = Int(scalar.text), scalar.isUntyped, range.contains(number) else {
                    throw Invalid("must be auto, or \(range.lowerBound) to \(range.upperBound)")
                }
                return number
            }
        )
    }
}

extension Kind where Value == Duration {
    /// A duration, as `50ms`.
    static func duration(_ range: ClosedRange<Duration>) -> Kind {
        .scalar(
            schema: JSON.object([("type", "string"), ("pattern", "^[0-9]+(ms|s|m|h|d)$")]).orSubstitution,
            placeholder: range.lowerBound,
            json: { .string($0.text) },
            parse: { (scalar, _) throws(Invalid) in
                guard let duration = Duration(text: scalar.text) else {
                    throw Invalid("must be a duration such as 50ms: a whole number and one of ms, s, m, h, d")
                }
                guard range.contains(duration) else {
                    throw Invalid("must be \(range.lowerBound.text) to \(range.upperBound.text)")
                }
                return duration
            }
        )
    }
}

extension Kind where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    /// One of an enumeration's words.
    ///
    /// - Parameters:
    ///   - placeholder: See ``placeholder``.
    ///   - later: Words that a later version will understand.
    /// - Returns: The kind.
    static func choice(_ placeholder: Value, later: [String] = []) -> Kind {
        let words = Value.allCases.map(\.rawValue)
        return .scalar(
            schema: JSON.object([("enum", .array(words.map { .string($0) }))]).orSubstitution,
            placeholder: placeholder,
            json: { .string($0.rawValue) },
            parse: { (scalar, _) throws(Invalid) in
                if let value = Value(rawValue: scalar.text) { return value }
                if later.contains(scalar.text) {
                    throw Invalid(hidden: "\(scalar.text) is not supported yet; use \(words.joined(separator: " or "))")
                }
                let expected = words.count == 1 ? words[0] : "one of \(words.joined(separator: ", "))"
                throw Invalid("must be \(expected)", meant: Suggestion.nearest(to: scalar.text, among: words))
            }
        )
    }
}

extension Kind where Value == String {
    /// Text of a certain form.
    static func text(_ pattern: Pattern) -> Kind {
        .text(pattern, placeholder: "", json: { .string($0) }, parse: { (text) in text })
    }

    /// Any text, empty included.
    static var freeText: Kind {
        .scalar(
            schema: .object([("type", "string")]),
            placeholder: "",
            json: { .string($0) },
            parse: { (scalar, _) in scalar.text }
        )
    }

    /// The name of something that is configured elsewhere in the file.
    static func reference(to namespace: Reading.Namespace) -> Kind {
        .scalar(
            schema: JSON.object([("type", "string"), ("pattern", .string(Pattern.name.source))]).orSubstitution,
            placeholder: "",
            json: { .string($0) },
            parse: { (scalar, reading) throws(Invalid) in
                guard !reading.isKnown(scalar.text, in: namespace) else { return scalar.text }
                let names = reading.names(in: namespace)
                let expected = "must name an entry of \(namespace.section)"
                if let meant = Suggestion.nearest(to: scalar.text, among: names) {
                    throw Invalid(expected, meant: shownKey(meant))
                }
                let known = names.sorted().map(shownKey).joined(separator: ", ")
                throw Invalid(expected, advice: known.isEmpty ? "there are none" : "there are: \(known)")
            }
        )
    }
}

extension Kind {
    /// Text of a certain form that stands for something.
    ///
    /// - Parameters:
    ///   - pattern: Checked first; also what the schema says.
    ///   - placeholder: See ``placeholder``.
    ///   - json: Renders a default.
    ///   - parse: Gets text that has the form.
    /// - Returns: The kind.
    static func text(
        _ pattern: Pattern,
        placeholder: @escaping @autoclosure () -> Value,
        json: @escaping (Value) -> JSON? = { _ in nil },
        parse: @escaping (String) throws(Invalid) -> Value
    ) -> Kind {
        .scalar(
            schema: JSON.object([("type", "string"), ("pattern", .string(pattern.source))]).orSubstitution,
            placeholder: placeholder(),
            json: json,
            parse: { (scalar, reading) throws(Invalid) in
                guard pattern.matches(scalar.text, in: reading) else { throw Invalid("must be \(pattern.meaning)") }
                return try parse(scalar.text)
            }
        )
    }
}

extension Kind where Value == Secret {
    /// A credential; its value never shows in a message.
    ///
    /// - Parameters:
    ///   - mayBeEmpty: Whether empty stands for "not configured".
    ///   - check: Further conditions; its message must not hold the value.
    /// - Returns: The kind.
    static func secret(
        mayBeEmpty: Bool = false,
        check: @escaping (String) throws(Invalid) -> Void = { (_) in }
    ) -> Kind {
        .scalar(
            schema: .object(
                [("type", "string"), ("writeOnly", true)] + (mayBeEmpty ? [] : [("minLength", 1)])
            ),
            placeholder: Secret(""),
            isSecret: true,
            json: { $0.isEmpty ? "" : nil },
            parse: { (scalar, _) throws(Invalid) in
                guard mayBeEmpty || !scalar.text.isEmpty else { throw Invalid(hidden: "must not be empty") }
                try check(scalar.text)
                return Secret(scalar.text)
            }
        )
    }
}

extension Reading.Namespace {
    /// The key of the section that holds the names.
    fileprivate var section: String {
        switch self {
        case .limit: "limits"
        case .upstream: "upstreams"
        case .image: "images"
        case .storage: "storage"
        }
    }
}
