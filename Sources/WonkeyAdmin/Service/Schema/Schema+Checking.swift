import WonkeyCore

extension Schema {
    /// What is wrong with a value, field by field; empty if it fits.
    ///
    /// Strings with U+0000 never fit: stores have no place for it.
    ///
    /// - Parameters:
    ///   - value: The value.
    ///   - path: Its own field's name; empty for a whole body.
    /// - Returns: At most one fault for each field.
    package func faults(in value: JSONValue, at path: String = "") -> [Problem.Fault] {
        if self.isNullable, value == .null { return [] }
        switch (self.form, value) {
        case (.string(let rule), .string(let text)): return Self.fault(rule.complaint(about: text), path)
        case (.integer(let range), .integer(let number)): return Self.fault(Self.complaint(number, range), path)
        case (.number, .integer), (.number, .number), (.boolean, .bool): return []
        case (.array(let element, let count), .array(let values)):
            if let count, !count.contains(values.count) {
                return Self.fault("has \(count.lowerBound) to \(count.upperBound) elements", path)
            }
            return values.enumerated().flatMap { index, value in element.faults(in: value, at: "\(path)[\(index)]") }
        case (.object(let properties), .object(let members)): return Self.faults(properties, members, path)
        case (.map(let schema), .object(let members)):
            return members.flatMap { schema.faults(in: $0.value, at: Self.join(path, $0.name)) }
        case (.any, _): return []
        case (.string, _), (.integer, _), (.number, _), (.boolean, _), (.array, _), (.object, _), (.map, _):
            return Self.fault("must be \(self.typeText)", path)
        }
    }

    private static func fault(_ message: String?, _ path: String) -> [Problem.Fault] {
        message.map { [Problem.Fault(field: path, message: $0)] } ?? []
    }

    private static func join(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

    private static func faults(
        _ properties: [Property],
        _ members: [JSONValue.Member],
        _ path: String
    ) -> [Problem.Fault] {
        var faults: [Problem.Fault] = []
        for property in properties {
            let field = Self.join(path, property.name)
            if let member = members.first(where: { $0.name == property.name }) {
                faults += property.schema.faults(in: member.value, at: field)
            } else if property.isRequired {
                faults.append(.init(field: field, message: "is required"))
            }
        }
        let known = properties.map(\.name)
        for member in members where !known.contains(member.name) {
            let hint = Suggestion.nearest(to: member.name, among: known).map { "; did you mean \($0)?" } ?? ""
            let name = String(redactingKeys(in: printable(member.name)).prefix(64))
            faults.append(.init(field: Self.join(path, name), message: "is not known" + hint))
        }
        return faults
    }

    private static func complaint(_ number: Int64, _ range: ClosedRange<Int64>?) -> String? {
        guard let range, !range.contains(number) else { return nil }
        return "must be from \(range.lowerBound) to \(range.upperBound)"
    }

    private var typeText: String {
        let text =
            switch self.form {
            case .string: "a string"
            case .integer: "a whole number"
            case .number: "a number"
            case .boolean: "true or false"
            case .array: "an array"
            case .object, .map: "an object"
            case .any: "any value"
            }
        return self.isNullable ? text + " or null" : text
    }
}

extension Schema.Text {
    fileprivate func complaint(about text: String) -> String? {
        guard !text.unicodeScalars.contains("\0") else { return "must not contain U+0000" }
        guard self.values.isEmpty || self.values.contains(text) else {
            return "must be one of \(self.values.joined(separator: ", "))"
        }
        if let length, !length.contains(text.unicodeScalars.count) {
            return "must have \(length.lowerBound) to \(length.upperBound) characters"
        }
        if let pattern, !Self.matches(text, pattern) { return "must match \(pattern)" }
        switch self.format {
        case .dateTime: return Timestamp(rfc3339: text) == nil ? "must be a time such as 2026-11-21T09:42:40Z" : nil
        case .date: return CivilDate(text) == nil ? "must be a date such as 2026-11-21" : nil
        case .email, .password, .uri, nil: return nil
        }
    }

    private static func matches(_ text: String, _ pattern: String) -> Bool {
        // Patterns are ours, and a test compiles every one of them.
        guard let expression = try? Regex(pattern).matchingSemantics(.unicodeScalar) else { return false }
        return text.firstMatch(of: expression) != nil
    }
}
