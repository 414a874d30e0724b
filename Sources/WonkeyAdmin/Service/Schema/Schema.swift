/// What a JSON value must be: the subset of JSON Schema 2020-12 that the API needs.
///
/// The same value documents a body and checks it (``faults(in:)``).
package struct Schema: Sendable, Equatable {
    package indirect enum Form: Sendable, Equatable {
        case string(Text)
        case integer(ClosedRange<Int64>?)
        case number
        case boolean
        case array(Schema, count: ClosedRange<Int>?)
        /// Members that are not named are refused.
        case object([Property])
        /// Any names, all with such values.
        case map(Schema)
        /// Any JSON at all.
        case any
    }

    /// What a string must be.
    package struct Text: Sendable, Equatable {
        /// One of these, if not empty.
        package var values: [String] = []
        /// In Unicode scalars, as JSON Schema counts.
        package var length: ClosedRange<Int>?
        /// A regular expression, anchored; what Swift and ECMA-262 read alike.
        package var pattern: String?
        package var format: Format?
    }

    package enum Format: String, Sendable, CaseIterable {
        /// RFC 3339.
        case dateTime = "date-time"
        /// `2026-11-21`.
        case date
        /// For people; not checked here.
        case email, password, uri
    }

    /// A member of an object.
    package struct Property: Sendable, Equatable {
        package var name: String
        package var schema: Schema
        package var isRequired: Bool

        package static func required(_ name: String, _ schema: Schema) -> Self {
            Self(name: name, schema: schema, isRequired: true)
        }

        /// One that may be left out.
        package static func optional(_ name: String, _ schema: Schema) -> Self {
            Self(name: name, schema: schema, isRequired: false)
        }
    }

    package var form: Form
    /// Under this name it is among the document's components, and elsewhere referred to; unique.
    package var name: String?
    package var isNullable = false
    package var description: String?
    package var example: JSONValue?

    package init(_ form: Form, _ description: String? = nil, example: JSONValue? = nil) {
        self.form = form
        self.description = description
        self.example = example
    }
}

extension Schema {
    package static func string(
        _ description: String? = nil,
        length: ClosedRange<Int>? = nil,
        pattern: String? = nil,
        format: Format? = nil,
        example: String? = nil
    ) -> Self {
        let text = Text(length: length, pattern: pattern, format: format)
        return Self(.string(text), description, example: example.map { .string($0) })
    }

    /// One of a few words.
    package static func choice(_ values: [String], _ description: String? = nil, example: String? = nil) -> Self {
        Self(.string(Text(values: values)), description, example: example.map { .string($0) })
    }

    /// A thing's id, such as `key_5fZt0aQ2mWx81LcV` for the prefix `key`.
    package static func id(_ prefix: String, _ description: String? = nil) -> Self {
        .string(description, pattern: "^\(prefix)_[0-9A-Za-z]{1,64}$", example: "\(prefix)_5fZt0aQ2mWx81LcV")
    }

    /// A point in time in RFC 3339; answers have it in UTC with milliseconds.
    package static func time(_ description: String? = nil, example: String = "2026-11-21T09:42:40.123Z") -> Self {
        .string(description, format: .dateTime, example: example)
    }

    /// A time as ``Moment`` reads it: RFC 3339, a date, or a duration back from now.
    package static func moment(_ description: String, example: String = "24h") -> Self {
        .string(
            description + " A time (RFC 3339), a date, or a duration such as `24h` or `30d` back from now.",
            length: 1...40,
            example: example
        )
    }

    package static func integer(
        _ description: String? = nil,
        _ range: ClosedRange<Int64>? = nil,
        example: Int64? = nil
    ) -> Self {
        Self(.integer(range), description, example: example.map { .integer($0) })
    }

    package static func number(_ description: String? = nil) -> Self { Self(.number, description) }

    package static func boolean(_ description: String? = nil) -> Self { Self(.boolean, description) }

    package static func array(
        of element: Schema,
        _ description: String? = nil,
        count: ClosedRange<Int>? = nil
    ) -> Self {
        Self(.array(element, count: count), description)
    }

    /// An object with exactly these members.
    ///
    /// - Parameters:
    ///   - name: Its name among the document's components, such as `Project`; `nil` writes it out where it is used.
    ///   - description: For people.
    ///   - properties: Its members.
    /// - Returns: The schema.
    package static func object(name: String? = nil, description: String? = nil, _ properties: [Property]) -> Self {
        var schema = Self(.object(properties), description)
        schema.name = name
        return schema
    }

    /// An object with any names and such values.
    package static func map(of value: Schema, _ description: String? = nil) -> Self {
        Self(.map(value), description)
    }

    package static func any(_ description: String? = nil) -> Self { Self(.any, description) }

    /// The same or `null`.
    package var nullable: Self {
        var schema = self
        schema.isNullable = true
        return schema
    }

    /// The same object with other or more members, without a name of its own unless given.
    ///
    /// - Parameters:
    ///   - name: Its name among the components.
    ///   - properties: Added, or put in the place of those with the same names.
    /// - Returns: The wider schema.
    package func adding(name: String? = nil, _ properties: [Property]) -> Self {
        guard case .object(let own) = self.form else { preconditionFailure("only objects have members") }
        let names = properties.map(\.name)
        return .object(name: name, description: self.description, own.filter { !names.contains($0.name) } + properties)
    }
}
