internal import WonkeyCore

/// The settings of one mapping: every call declares one key and reads it.
///
/// One declaration serves the reader, the list of known keys and the JSON Schema, so that they cannot drift apart.
struct Section {
    private struct Declaration {
        var key: String
        var isRequired: Bool
        var schema: () -> JSON
    }

    let reading: Reading
    /// Such as `upstreams.api`; empty for the whole file.
    let path: String
    /// Where the mapping begins; `nil` while describing.
    private let position: ConfigurationFaults.Position?
    private let entries: [YAMLEntry]
    private var notesDefaults = false
    private var declarations: [Declaration] = []
    private var rules: [(name: String, value: JSON)] = []
    /// Keys of which one should be there, and what to say; a misspelt key that was meant for one is said instead.
    private var missing: [(keys: [String], message: String)] = []

    /// Opens a mapping of the file.
    init(_ entries: [YAMLEntry], at position: ConfigurationFaults.Position, path: String, reading: Reading) {
        self.reading = reading
        self.path = path
        self.position = position
        self.entries = entries
    }

    /// Opens nothing, to describe.
    init(describing reading: Reading) {
        self.reading = reading
        self.path = ""
        self.position = nil
        self.entries = []
    }

    /// Opens a mapping that the file does not have, to note its defaults.
    init(defaultsOf path: String, reading: Reading) {
        self.reading = reading
        self.path = path
        self.position = nil
        self.entries = []
        self.notesDefaults = true
    }

    var isDescribing: Bool { self.position == nil }

    // MARK: Declaring and reading

    /// A key that must be there.
    mutating func required<Value>(_ key: String, _ kind: Kind<Value>, _ summary: String) -> Value {
        self.declare(key, kind, summary, default: nil, isRequired: true)
        guard let entry = self.entry(key) else {
            self.missing.append(([key], "missing key '\(key)': \(summary)"))
            return kind.placeholder()
        }
        return kind.read(entry.value, self.path(of: key), self.reading) ?? kind.placeholder()
    }

    /// A key that must be there unless another one says something that makes it pointless.
    ///
    /// - Parameters:
    ///   - key: Its name.
    ///   - other: The other key, the word that makes this one pointless, and whether it stands there.
    ///   - kind: What it takes.
    ///   - summary: What it is for.
    /// - Returns: What was read, or a placeholder.
    mutating func required<Value>(
        _ key: String,
        unless other: (key: String, is: String, isSo: Bool),
        _ kind: Kind<Value>,
        _ summary: String
    ) -> Value {
        let word = JSON.object([("properties", .object([(other.key, .object([("const", .string(other.is))]))]))])
        self.rules.append(("anyOf", .array([.object([("required", .array([.string(key)]))]), word])))
        if self.entry(key) == nil, !other.isSo { self.missing.append(([key], "missing key '\(key)': \(summary)")) }
        return self.optional(key, kind, summary) ?? kind.placeholder()
    }

    /// A key that may be left out.
    mutating func optional<Value>(_ key: String, _ kind: Kind<Value>, _ summary: String) -> Value? {
        self.declare(key, kind, summary, default: nil, isRequired: false)
        return self.entry(key).flatMap { kind.read($0.value, self.path(of: key), self.reading) }
    }

    /// A key with a default: what `target` holds before.
    mutating func read<Value>(_ key: String, into target: inout Value, _ kind: Kind<Value>, _ summary: String) {
        self.declare(key, kind, summary, default: target, isRequired: false)
        guard let entry = self.entry(key) else {
            self.note(default: target, of: key, kind)
            return
        }
        if let value = kind.read(entry.value, self.path(of: key), self.reading) { target = value }
    }

    // MARK: Rules between keys

    /// Exactly one of the keys must be there.
    ///
    /// - Returns: Its name, if exactly one is.
    @discardableResult
    mutating func exactlyOne(of keys: [String]) -> String? {
        self.rules.append(("oneOf", .array(keys.map { .object([("required", .array([.string($0)]))]) })))
        let given = self.entries.filter { keys.contains($0.key) }
        let names = keys.map { "'\($0)'" }
        if given.isEmpty {
            self.missing.append((keys, "needs one of \(names.joined(separator: ", "))"))
        } else if let second = given.dropFirst().first {
            self.fault("takes only one of \(names.joined(separator: ", ")); remove all but one", at: second.key)
        }
        return given.count == 1 ? given.first?.key : nil
    }

    /// At least one of the keys must be there.
    mutating func atLeastOne(of keys: [String]) {
        self.rules.append(("anyOf", .array(keys.map { .object([("required", .array([.string($0)]))]) })))
        guard !self.entries.contains(where: { keys.contains($0.key) }) else { return }
        self.missing.append((keys, "needs one of \(keys.map { "'\($0)'" }.joined(separator: ", "))"))
    }

    // MARK: Reporting

    func has(_ key: String) -> Bool { self.entry(key) != nil }

    /// Where a key stands, or the mapping itself.
    func position(of key: String? = nil) -> ConfigurationFaults.Position? {
        key.flatMap(self.entry)?.position ?? self.position
    }

    /// Reports a fault of this mapping, at one of its keys if that is there.
    func fault(_ message: String, at key: String? = nil) {
        guard !self.isDescribing else { return }
        let path = key.map(self.path(of:)) ?? self.path
        self.reading.report(self.position(of: key), path.isEmpty ? message : "\(path): \(message)")
    }

    /// Reports every key that was not declared, and every missing one.
    ///
    /// To be called when all are declared.
    func finish() {
        let known = self.declarations.map(\.key)
        var meant: Set<String> = []
        for entry in self.entries where !known.contains(entry.key) {
            let suggestion = Suggestion.nearest(to: entry.key, among: known)
            if let suggestion { meant.insert(suggestion) }
            let place = self.path.isEmpty ? "" : "\(self.path): "
            let advice = self.advice(on: entry.key, suggestion: suggestion, known: known)
            self.reading.report(entry.position, "\(place)unknown key \(quotedKey(entry.key)); \(advice)")
        }
        for (keys, message) in self.missing where meant.isDisjoint(with: keys) { self.fault(message) }
    }

    private func advice(on key: String, suggestion: String?, known: [String]) -> String {
        if known.contains(where: { key.hasPrefix("\($0):") }) { return "a space is missing after ':'" }
        if let suggestion { return "did you mean '\(suggestion)'?" }
        return "known here: \(known.joined(separator: ", "))"
    }

    /// What was declared, as a JSON Schema.
    var schema: JSON {
        var members: [(name: String, value: JSON)] = [
            ("type", "object"),
            ("properties", .object(self.declarations.map { ($0.key, $0.schema()) })),
        ]
        let required = self.declarations.filter(\.isRequired).map { JSON.string($0.key) }
        if !required.isEmpty { members.append(("required", .array(required))) }
        members.append(("additionalProperties", false))
        if !self.rules.isEmpty {
            members.append(("allOf", .array(self.rules.map { .object([$0]) })))
        }
        return .object(members)
    }

    private mutating func declare<Value>(
        _ key: String,
        _ kind: Kind<Value>,
        _ summary: String,
        default value: Value?,
        isRequired: Bool
    ) {
        let schema = {
            var members: [(name: String, value: JSON)] = [("description", .string(summary))]
            if let text = value.flatMap(kind.json) { members.append(("default", text)) }
            return kind.schema().adding(members)
        }
        self.declarations.append(Declaration(key: key, isRequired: isRequired, schema: schema))
    }

    private func note<Value>(default value: Value, of key: String, _ kind: Kind<Value>) {
        guard !self.isDescribing || self.notesDefaults else { return }
        kind.noteDefaults?(self.path(of: key), self.reading)
        guard let text = kind.json(value)?.scalarText else { return }
        self.reading.note(self.path(of: key), .init(shown: text, value: Secret(text), position: nil))
    }

    private func entry(_ key: String) -> YAMLEntry? {
        self.entries.first { $0.key == key }
    }

    private func path(of key: String) -> String {
        self.path.isEmpty ? key : "\(self.path).\(key)"
    }
}
