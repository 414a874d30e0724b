/// The JSON Schema of the configuration file, for editors.
package enum ConfigurationSchema {
    /// A JSON Schema (draft 2020-12), made from the same declarations the file is read with.
    ///
    /// It cannot tell everything: references between sections, ranges of durations and sizes, and substituted values
    /// are for `wonkey check`.
    package static var json: String {
        let settings = Kind.section(Configuration.read).schema()
        let substitution = JSON.object([
            ("description", "Text that is replaced: ${NAME}, ${NAME:-default} or ${file:/path}."),
            ("type", "string"), ("pattern", "\\$\\{"),
        ])
        return JSON.object([
            ("$schema", "https://json-schema.org/draft/2020-12/schema"), ("title", "WonKey configuration"),
        ]).adding(settings.members).adding([("$defs", .object([("substitution", substitution)]))]).text()
    }
}

extension JSON {
    /// An object's, none of any other value.
    fileprivate var members: [(name: String, value: JSON)] {
        switch self {
        case .object(let members): members
        case .string, .integer, .boolean, .array: []
        }
    }
}
