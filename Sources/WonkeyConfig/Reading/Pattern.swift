/// A form of text, told once for the reader, the schema and the reader of messages.
struct Pattern {
    /// A regular expression both Swift and ECMA-262 read alike; anchored at both ends.
    let source: String
    /// Completes "must be …".
    let meaning: String

    init(_ source: String, _ meaning: String) {
        precondition(source.hasPrefix("^") && source.hasSuffix("$"), "patterns are anchored")
        self.source = source
        self.meaning = meaning
    }

    /// Whether the whole text has the form.
    func matches(_ text: String, in reading: Reading) -> Bool {
        text.wholeMatch(of: reading.expression(self)) != nil
    }

    /// The expression itself, which takes longer to make than to use.
    func compiled() -> Regex<AnyRegexOutput> {
        guard let expression = try? Regex(self.source) else {
            preconditionFailure("the pattern \(self.source) is not a regular expression")
        }
        return expression.matchingSemantics(.unicodeScalar)
    }
}

extension Pattern {
    /// The part of a field's name that is written behind `header:`.
    static let fieldWord = Pattern("^[A-Za-z0-9_-]+$", "a field's name")

    /// What operators call limits, upstreams and the like.
    static let name = Pattern(
        "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
        "1 to 64 letters, digits, '.', '_' or '-', beginning with a letter or digit"
    )
}
