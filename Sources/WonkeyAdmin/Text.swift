import WonkeyCore

/// What somebody wrote, in quotation marks, fit for a terminal and a log.
///
/// Control characters are replaced, whatever looks like a key is cut to its start, and long texts are cut.
func quoted(_ text: String) -> String {
    let shown = text.count > 64 ? text.prefix(64) + "…" : text[...]
    return "\"\(redactingKeys(in: printable(String(shown))))\""
}

/// The text with everything that could steer a terminal replaced by `\u{…}`.
///
/// Logs hold what clients sent, so that their text must not reach a terminal as it is.
package func printable(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: { !isVisible($0) }) else { return text }
    return text.unicodeScalars.reduce(into: "") { result, scalar in
        if isVisible(scalar) {
            result.unicodeScalars.append(scalar)
        } else {
            result += "\\u{\(String(scalar.value, radix: 16))}"
        }
    }
}

/// The text with every key in it cut to its public start.
///
/// Takes for a key what has the form of one under any prefix, so that a key pasted in a wrong place is not repeated.
package func redactingKeys(in text: String) -> String {
    text.replacing(/(?<start>[a-z0-9]{1,16}_(?:live|test)_[0-9A-Fa-f]{8})[0-9A-Za-z]+/) { "\($0.output.start)…" }
}

/// Whether a text has visible characters only and no space at either end.
func isPlain(_ text: String) -> Bool {
    text.unicodeScalars.allSatisfy(isVisible) && text.first?.isWhitespace == false && text.last?.isWhitespace == false
}

/// Whether a scalar prints as itself: no control, no direction mark, no unassigned or private code.
private func isVisible(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.properties.generalCategory {
    case .control, .lineSeparator, .paragraphSeparator, .surrogate, .privateUse, .unassigned: false
    case .format: scalar == "\u{200D}"  // joins emoji
    default: true
    }
}

/// Checks the name of a project or key: 1–64 visible characters, no space at either end.
///
/// - Parameters:
///   - name: As given.
///   - subject: What it names, for the message: `project` or `key`.
/// - Returns: The name unchanged.
/// - Throws: ``OperationError`` with code `.invalidInput`.
func checkedName(_ name: String, of subject: String) throws(OperationError) -> String {
    guard (1...64).contains(name.count), name.utf8.count <= 512 else {
        throw .invalid("a \(subject)'s name has 1 to 64 characters; this one has \(name.count)", field: "name")
    }
    guard isPlain(name) else {
        throw .invalid("a \(subject)'s name has visible characters only and no space at its ends", field: "name")
    }
    guard redactingKeys(in: name) == name else {
        let message = "that name looks like a key; a \(subject)'s name is shown and logged, choose another"
        throw .invalid(message, field: "name")
    }
    return name
}

extension Identifier {
    /// Whether the text has the form of ``random(prefix:using:)``.
    static func isID(_ text: String, prefix: String) -> Bool {
        guard text.hasPrefix(prefix + "_") else { return false }
        let random = text.utf8.dropFirst(prefix.utf8.count + 1)
        return (1...64).contains(random.count)
            && random.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "a")...UInt8(ascii: "z"):
                    true
                default: false
                }
            }
    }
}

extension KeyID {
    /// Takes a key's id from outside.
    ///
    /// - Throws: ``OperationError``, without the text if that may be a key.
    init(checking text: String) throws(OperationError) {
        guard Self.isID(text, prefix: "key") else {
            throw .invalid("\(quoted(text)) is no key id; key ids begin with key_, list the project's keys to see them")
        }
        self.init(rawValue: text)
    }
}
