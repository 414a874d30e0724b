/// Replaces `${NAME}`, `${NAME:-default}` and `${file:/path}` in one scalar.
///
/// Works on the parsed text of a scalar, never on the file's raw text: a variable's value can then neither add
/// settings nor break the syntax. `$${` stands for `${`; what a variable holds is not looked at again.
struct Substitution {
    /// Reads a whole file, or says why not.
    typealias FileReader = (_ path: String) throws(FileContents.Failure) -> [UInt8]

    let environment: [String: String]
    let readFile: FileReader

    /// Whether a text refers to anything, escapes included.
    static func isNeeded(in text: String) -> Bool {
        text.contains("${")
    }

    /// The files a text refers to.
    static func files(in text: String) -> [String] {
        text.split(separator: "${file:").dropFirst(text.hasPrefix("${file:") ? 0 : 1).compactMap { part in
            part.firstIndex(of: "}").map { String(part[..<$0]) }
        }
    }

    /// Replaces all references of a text.
    ///
    /// - Parameter text: One scalar's.
    /// - Returns: The text with every reference replaced.
    /// - Throws: ``Invalid``, which names the variable or file, and no value.
    func apply(to text: String) throws(Invalid) -> String {
        var result = ""
        var rest = Substring(text)
        while let start = rest.firstRange(of: "${") {
            let before = rest[..<start.lowerBound]
            rest = rest[start.upperBound...]
            if before.last == "$" {
                result += before.dropLast() + "${"
                continue
            }
            guard let end = rest.firstIndex(of: "}") else {
                throw Invalid(hidden: "'${' has no '}'; write '$${' for the two characters themselves")
            }
            result += before
            result += try self.value(of: rest[..<end])
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    /// What stands between the braces, replaced.
    private func value(of reference: Substring) throws(Invalid) -> String {
        if reference.hasPrefix("file:") { return try self.contents(of: String(reference.dropFirst(5))) }
        let name = reference.prefix { $0 != ":" }
        guard Self.isName(name) else {
            throw Invalid(hidden: "'${' must be followed by a variable's name (letters, digits, '_') or by 'file:'")
        }
        let value = self.environment[String(name)]
        if reference.endIndex == name.endIndex {
            guard let value else {
                throw Invalid(
                    hidden: "the environment variable \(name) is not set; set it, or write ${\(name):-…} with a default"
                )
            }
            return value
        }
        let rest = reference[name.endIndex...]
        guard rest.hasPrefix(":-") else {
            throw Invalid(hidden: "after ${\(name) only '}' or ':-' and a default may follow")
        }
        // As in a shell, an empty variable takes the default, too.
        return value.flatMap { $0.isEmpty ? nil : $0 } ?? String(rest.dropFirst(2))
    }

    private func contents(of path: String) throws(Invalid) -> String {
        guard !path.isEmpty else { throw Invalid(hidden: "${file:} names no file") }
        let bytes: [UInt8]
        do {
            bytes = try self.readFile(path)
        } catch {
            throw Invalid(hidden: "the file \(quoted(path)) cannot be read: \(error.message)")
        }
        guard var text = String(validating: bytes, as: UTF8.self) else {
            throw Invalid(hidden: "the file \(quoted(path)) is not UTF-8")
        }
        // Editors and `echo` end a file with a line break that is no part of the secret.
        if text.unicodeScalars.last == "\n" { text.unicodeScalars.removeLast() }
        if text.unicodeScalars.last == "\r" { text.unicodeScalars.removeLast() }
        return text
    }

    private static func isName(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return false
        }
        return text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
    }
}
