/// The named schemas that a document refers to, in order of their names.
struct SchemaComponents {
    private(set) var schemas: [String: JSONValue] = [:]

    /// The schema as JSON; named ones become components and are referred to.
    mutating func json(of schema: Schema) -> JSONValue {
        guard let name = schema.name else { return self.written(schema) }
        if self.schemas[name] == nil {
            // Before its members, so that a second look finds it.
            self.schemas[name] = .null
            var plain = schema
            plain.isNullable = false
            self.schemas[name] = self.written(plain)
        }
        let reference: JSONValue = ["$ref": .string("#/components/schemas/\(name)")]
        return schema.isNullable ? ["anyOf": [reference, ["type": "null"]]] : reference
    }

    /// The components, by name.
    var json: JSONValue {
        .object(self.schemas.sorted { $0.key < $1.key }.map { .init($0.key, $0.value) })
    }

    private mutating func written(_ schema: Schema) -> JSONValue {
        var members = self.members(of: schema.form)
        if schema.isNullable, case .string(let type)? = members.first?.value, members.first?.name == "type" {
            members[0] = .init("type", [.string(type), "null"])
            if let index = members.firstIndex(where: { $0.name == "enum" }),
                case .array(let values) = members[index].value
            {
                members[index] = .init("enum", .array(values + [.null]))
            }
        }
        if let description = schema.description { members.append(.init("description", .string(description))) }
        if let example = schema.example { members.append(.init("examples", [example])) }
        return .object(members)
    }

    private mutating func members(of form: Schema.Form) -> [JSONValue.Member] {
        switch form {
        case .string(let rule): return Self.members(of: rule)
        case .integer(let range):
            let bounds = range.map { range -> [JSONValue.Member] in
                [.init("minimum", .integer(range.lowerBound)), .init("maximum", .integer(range.upperBound))]
            }
            return [.init("type", "integer"), .init("format", "int64")] + (bounds ?? [])
        case .number: return [.init("type", "number")]
        case .boolean: return [.init("type", "boolean")]
        case .array(let element, let count):
            var members: [JSONValue.Member] = [.init("type", "array"), .init("items", self.json(of: element))]
            if let count {
                members.append(.init("minItems", .integer(Int64(count.lowerBound))))
                members.append(.init("maxItems", .integer(Int64(count.upperBound))))
            }
            return members
        case .object(let properties):
            let required = properties.filter(\.isRequired).map { JSONValue.string($0.name) }
            return [
                .init("type", "object"),
                .init("properties", .object(properties.map { .init($0.name, self.json(of: $0.schema)) })),
            ] + (required.isEmpty ? [] : [.init("required", .array(required))])
                + [.init("additionalProperties", false)]
        case .map(let value):
            return [.init("type", "object"), .init("additionalProperties", self.json(of: value))]
        case .any: return []
        }
    }

    private static func members(of rule: Schema.Text) -> [JSONValue.Member] {
        var members: [JSONValue.Member] = [.init("type", "string")]
        if !rule.values.isEmpty { members.append(.init("enum", .array(rule.values.map { .string($0) }))) }
        if let length = rule.length {
            members.append(.init("minLength", .integer(Int64(length.lowerBound))))
            members.append(.init("maxLength", .integer(Int64(length.upperBound))))
        }
        if let pattern = rule.pattern { members.append(.init("pattern", .string(pattern))) }
        if let format = rule.format { members.append(.init("format", .string(format.rawValue))) }
        return members
    }
}
