import Foundation

/// A JSON value to validate, and the values schemas are made of.
enum JSONValue: Equatable, Decodable {
    case null
    case boolean(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .boolean(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            self = .object(try container.decode([String: JSONValue].self))
        }
    }

    var strings: [String] {
        guard case .array(let items) = self else { return [] }
        return items.compactMap(\.string)
    }

    var string: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }
}

/// Validates by JSON Schema, draft 2020-12, as far as our schema goes; an unknown keyword is an error, not a silence.
struct SchemaValidator {
    private struct UnknownKeyword: Error {
        var name: String
    }

    private static let annotations: Set<String> = [
        "$schema", "$defs", "title", "description", "default", "writeOnly",
    ]

    let root: JSONValue

    /// The places (JSON pointers) at which an instance breaks the schema.
    func violations(in instance: JSONValue) throws -> [String] {
        try self.check(instance, against: self.root, at: "")
    }

    private func check(_ value: JSONValue, against schema: JSONValue, at place: String) throws -> [String] {
        switch schema {
        case .boolean(let accepts): return accepts ? [] : [place]
        case .object(let keywords):
            var found: [String] = []
            for (name, argument) in keywords.sorted(by: { $0.key < $1.key })
            where !Self.annotations.contains(name) && name != "properties" {
                found += try self.apply(name, argument, keywords, to: value, at: place)
            }
            if case .object(let members) = value, case .object(let properties) = keywords["properties"] {
                for (name, member) in members.sorted(by: { $0.key < $1.key }) {
                    guard let schema = properties[name] else { continue }
                    found += try self.check(member, against: schema, at: "\(place)/\(name)")
                }
            }
            return found
        case .null, .number, .string, .array: throw UnknownKeyword(name: "a schema that is none, at \(place)")
        }
    }

    private func apply(
        _ keyword: String,
        _ argument: JSONValue,
        _ schema: [String: JSONValue],
        to value: JSONValue,
        at place: String
    ) throws -> [String] {
        switch (keyword, argument, value) {
        case ("type", .string(let type), _): return Self.hasType(value, type) ? [] : [place]
        case ("enum", .array(let values), _): return values.contains(value) ? [] : [place]
        case ("const", let constant, _): return value == constant ? [] : [place]
        case ("$ref", .string("#/$defs/substitution"), _):
            guard case .object(let root) = self.root, case .object(let definitions) = root["$defs"],
                let target = definitions["substitution"]
            else { throw UnknownKeyword(name: "$ref without its target") }
            return try self.check(value, against: target, at: place)
        case ("anyOf", .array(let schemas), _):
            return try schemas.contains { try self.check(value, against: $0, at: place).isEmpty } ? [] : [place]
        case ("oneOf", .array(let schemas), _):
            let fitting = try schemas.filter { try self.check(value, against: $0, at: place).isEmpty }
            return fitting.count == 1 ? [] : [place]
        case ("allOf", .array(let schemas), _):
            return try schemas.flatMap { try self.check(value, against: $0, at: place) }
        case ("minimum", .number(let bound), .number(let number)): return number >= bound ? [] : [place]
        case ("maximum", .number(let bound), .number(let number)): return number <= bound ? [] : [place]
        case ("minLength", .number(let bound), .string(let text)):
            return text.unicodeScalars.count >= Int(bound) ? [] : [place]
        case ("pattern", .string(let pattern), .string(let text)):
            let expression = try Regex(pattern).matchingSemantics(.unicodeScalar)
            return text.firstMatch(of: expression) == nil ? [place] : []
        case ("minItems", .number(let bound), .array(let items)): return items.count >= Int(bound) ? [] : [place]
        case ("maxItems", .number(let bound), .array(let items)): return items.count <= Int(bound) ? [] : [place]
        case ("uniqueItems", .boolean(true), .array(let items)):
            return items.indices.allSatisfy { !items[..<$0].contains(items[$0]) } ? [] : [place]
        case ("items", let item, .array(let items)):
            return try items.enumerated().flatMap { try self.check($1, against: item, at: "\(place)/\($0)") }
        case ("required", .array, .object(let members)):
            return argument.strings.allSatisfy { members[$0] != nil } ? [] : [place]
        case ("propertyNames", let names, .object(let members)):
            return try members.keys.sorted().flatMap {
                try self.check(.string($0), against: names, at: "\(place)/\($0)")
            }
        case ("additionalProperties", let other, .object(let members)):
            var known: Set<String> = []
            if case .object(let properties) = schema["properties"] { known = Set(properties.keys) }
            return try members.filter { !known.contains($0.key) }.sorted { $0.key < $1.key }
                .flatMap { try self.check($0.value, against: other, at: "\(place)/\($0.key)") }
        case ("minimum", .number, _), ("maximum", .number, _), ("minLength", .number, _), ("pattern", .string, _),
            ("minItems", .number, _), ("maxItems", .number, _), ("uniqueItems", .boolean, _), ("items", _, _),
            ("required", .array, _), ("propertyNames", _, _), ("additionalProperties", _, _):
            // Such keywords say nothing of values of other types.
            return []
        default: throw UnknownKeyword(name: keyword)
        }
    }

    private static func hasType(_ value: JSONValue, _ type: String) -> Bool {
        switch (type, value) {
        case ("object", .object), ("array", .array), ("string", .string), ("boolean", .boolean), ("null", .null),
            ("number", .number):
            true
        case ("integer", .number(let number)): number.rounded() == number
        default: false
        }
    }
}
