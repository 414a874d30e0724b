internal import WonkeyCore

/// What values a setting takes: how one is read from the file, and how the JSON Schema describes it.
struct Kind<Value> {
    /// Evaluated for the schema only.
    let schema: () -> JSON
    /// Stands in where a value is missing or faulty; never leaves a reading that found faults.
    let placeholder: () -> Value
    /// A default, for the schema; `nil` where it cannot be told in one value.
    let json: (Value) -> JSON?
    /// Reads a value, or reports why not; `path` names the setting.
    let read: (_ node: YAMLNode, _ path: String, _ reading: Reading) -> Value?
    /// Keeps what the settings within are where there is nothing to read.
    var noteDefaults: ((_ path: String, _ reading: Reading) -> Void)?
}

/// A scalar after substitution.
struct Scalar {
    var text: String
    /// Whether the text may be a number or `true`: not quoted, or substituted, as a reference must be quoted inside
    /// braces.
    var isUntyped: Bool
}

extension Scalar {
    /// The name in `header:NAME`, in lower case; `nil` if the text begins otherwise.
    func fieldWord(in reading: Reading) throws(Invalid) -> String? {
        guard self.text.hasPrefix("header:") else { return nil }
        let name = String(self.text.dropFirst("header:".utf8.count))
        guard Pattern.fieldWord.matches(name, in: reading) else {
            throw Invalid("must name a field behind 'header:'", advice: "write it as header:X-Customer")
        }
        return name.lowercased()
    }
}

extension Kind {
    /// A setting whose value is one scalar.
    ///
    /// - Parameters:
    ///   - schema: Describes the text or number; where it is no free text, a substitution is let through besides.
    ///   - placeholder: See ``placeholder``.
    ///   - isSecret: Messages then never show the value.
    ///   - isHidden: A comparison of two files then does not show it either; by default that of a secret.
    ///   - json: Renders a default.
    ///   - parse: Reads the substituted text.
    /// - Returns: The kind.
    static func scalar(
        schema: @escaping @autoclosure () -> JSON,
        placeholder: @escaping @autoclosure () -> Value,
        isSecret: Bool = false,
        isHidden: Bool? = nil,
        json: @escaping (Value) -> JSON?,
        parse: @escaping (Scalar, Reading) throws(Invalid) -> Value
    ) -> Kind {
        let isHidden = isHidden ?? isSecret
        return Kind(
            schema: schema,
            placeholder: placeholder,
            json: json,
            read: { node, path, reading in
                switch node.content {
                case let content where content.isNull:
                    reading.report(node.position, "\(path): has no value; write one behind the ':'")
                case .scalar(let text, let isPlain):
                    let isSubstituted = Substitution.isNeeded(in: text)
                    do throws(Invalid) {
                        let scalar = Scalar(
                            text: try reading.substitution.apply(to: text),
                            isUntyped: isPlain || isSubstituted
                        )
                        let value = try parse(scalar, reading)
                        let plain = json(value)?.scalarText ?? scalar.text
                        if isSubstituted { reading.noteFiles(in: text) }
                        reading.note(
                            path,
                            ConfigurationSettings.Setting(
                                shown: isHidden ? nil : isSubstituted ? text : plain,
                                value: Secret(plain),
                                position: node.position
                            )
                        )
                        return value
                    } catch {
                        // The text as written: what a variable holds may be secret wherever it is put.
                        let value = error.showsValue && !isSecret ? ", not \(quoted(text))" : ""
                        let advice = error.advice.map { "; \($0)" } ?? ""
                        reading.report(node.position, "\(path): \(error.message)\(value)\(advice)")
                    }
                case .sequence, .mapping:
                    reading.report(node.position, "\(path): expected one value, found \(node.content.kind)")
                case .invalid: break
                }
                return nil
            }
        )
    }

    /// The same kind with another value made of what was read.
    func map<Other>(
        _ transform: @escaping (Value) -> Other,
        back: @escaping (Other) -> Value?
    ) -> Kind<Other> {
        Kind<Other>(
            schema: self.schema,
            placeholder: { transform(self.placeholder()) },
            json: { back($0).flatMap(self.json) },
            read: { node, path, reading in self.read(node, path, reading).map(transform) }
        )
    }
}

extension JSON {
    /// Lets a substitution stand where the schema would take a number or a text of a certain form.
    var orSubstitution: JSON {
        .object([("anyOf", .array([self, .object([("$ref", "#/$defs/substitution")])]))])
    }
}

extension JSON {
    /// How a scalar is written in the file; `nil` for what has parts.
    var scalarText: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): "\(number)"
        case .boolean(let value): "\(value)"
        case .array, .object: nil
        }
    }
}
