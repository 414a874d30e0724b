/// Quotes a value of the file for a message, cut at the first space or unusual character.
///
/// Cutting keeps out what a slip of the keyboard glued on: a wrongly indented line becomes part of the value above it,
/// and that line may hold a secret.
///
/// - Parameter text: As it stands in the file.
/// - Returns: At most 60 characters in single quotes.
func quoted(_ text: String) -> String {
    cut(text, at: [" ", "'", "\""])
}

/// Quotes a key of the file for a message, cut at the first colon, too.
///
/// In `{api_key:sk-…}` the secret is part of the key, as no space follows the colon.
func quotedKey(_ text: String) -> String {
    cut(text, at: [" ", "'", "\"", ":", "=", "{", "["])
}

/// A key as part of a setting's path, cut in the same way.
func shownKey(_ text: String) -> String {
    String(quotedKey(text).dropFirst().dropLast())
}

private func cut(_ text: String, at separators: Set<Unicode.Scalar>) -> String {
    var shown = ""
    for scalar in text.unicodeScalars {
        guard shown.unicodeScalars.count < 60, scalar.isGraphic, !separators.contains(scalar) else {
            return "'\(shown)…'"
        }
        shown.unicodeScalars.append(scalar)
    }
    return "'\(shown)'"
}

extension Unicode.Scalar {
    /// Neither white space nor a control or format character.
    fileprivate var isGraphic: Bool {
        switch self.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .unassigned, .privateUse: false
        default: true
        }
    }
}
