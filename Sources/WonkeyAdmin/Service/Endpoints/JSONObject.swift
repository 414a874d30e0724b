package import WonkeyCore

/// A request's body, which fits its schema: members are read by name.
///
/// Each reader has two forms: the plain one for required members, and `ifPresent` for optional ones, where an absent
/// member and `null` both read as `nil`; ``contains(_:)`` tells these apart where it matters, as in a PATCH.
package struct JSONObject: Equatable, Sendable {
    package var members: [JSONValue.Member]

    package init(_ members: [JSONValue.Member] = []) {
        self.members = members
    }

    /// The member's value, `null` included; `nil` if absent.
    package subscript(_ name: String) -> JSONValue? {
        self.members.first { $0.name == name }?.value
    }

    /// Whether the client named the member at all, be it with `null`.
    package func contains(_ name: String) -> Bool { self[name] != nil }

    package func text(_ name: String) -> String {
        Self.required(self.text(ifPresent: name), name)
    }

    package func text(ifPresent name: String) -> String? {
        guard case .string(let text) = self[name] else { return nil }
        return text
    }

    package func integer(_ name: String) -> Int64 {
        Self.required(self.integer(ifPresent: name), name)
    }

    package func integer(ifPresent name: String) -> Int64? {
        guard case .integer(let number) = self[name] else { return nil }
        return number
    }

    package func boolean(ifPresent name: String) -> Bool? {
        guard case .bool(let value) = self[name] else { return nil }
        return value
    }

    /// The time of a member whose schema is `.time`.
    package func time(ifPresent name: String) -> Timestamp? {
        self.text(ifPresent: name).flatMap { Timestamp(rfc3339: $0) }
    }

    /// An array of strings.
    package func texts(ifPresent name: String) -> [String]? {
        guard case .array(let elements) = self[name] else { return nil }
        return elements.compactMap { element in
            guard case .string(let text) = element else { return nil }
            return text
        }
    }

    package func object(ifPresent name: String) -> JSONObject? {
        guard case .object(let members) = self[name] else { return nil }
        return JSONObject(members)
    }

    /// An array of objects.
    package func objects(ifPresent name: String) -> [JSONObject]? {
        guard case .array(let elements) = self[name] else { return nil }
        return elements.compactMap { element in
            guard case .object(let members) = element else { return nil }
            return JSONObject(members)
        }
    }

    /// What the schema promised; only a schema that does not require what the code reads breaks it.
    private static func required<Value>(_ value: Value?, _ name: String) -> Value {
        guard let value else { preconditionFailure("the schema does not require \(name)") }
        return value
    }
}
