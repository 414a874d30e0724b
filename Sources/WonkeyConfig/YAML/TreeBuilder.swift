/// Builds the tree of a file's values out of libyaml's events, and refuses what a configuration has no use for.
///
/// Refused, each with its position: keys given twice, anchors, aliases, merge keys, tags, keys that are not plain
/// text, a second document, a root that is no mapping, and nesting deeper than 32. Refusing aliases is what defuses
/// alias bombs. libyaml itself detects none of these.
struct TreeBuilder: ~Copyable {
    typealias Position = ConfigurationFaults.Position

    static let depthMax = 32

    /// Thrown once the fault is reported, to leave the recursion.
    private struct Stop: Error {}

    private let source: SourceText
    private let report: (Position?, String) -> Void
    private var events: EventReader
    private var depth = 0

    private init(_ source: SourceText, report: @escaping (Position?, String) -> Void) {
        self.source = source
        self.report = report
        self.events = EventReader(source.bytes)
    }

    /// Reads a whole file.
    ///
    /// - Parameters:
    ///   - source: The text.
    ///   - report: Called for every fault.
    /// - Returns: The root mapping, or `nil` if the text cannot be read to its end as one.
    static func tree(of source: SourceText, report: @escaping (Position?, String) -> Void) -> YAMLNode? {
        var builder = Self(source, report: report)
        do {
            return try builder.document()
        } catch {
            return nil
        }
    }

    private mutating func document() throws(Stop) -> YAMLNode? {
        var root: YAMLNode?
        while true {
            let event = try self.next()
            switch event.content {
            case .streamStart, .documentEnd: continue
            case .documentStart:
                guard root == nil else {
                    self.report(event.position, "a second document begins here; keep everything in one")
                    return nil
                }
            case .streamEnd:
                guard let root else {
                    self.report(nil, "the file is empty; the least is a version, a listener, a store and a route")
                    return nil
                }
                return self.mapping(root)
            case .alias, .scalar, .sequenceStart, .sequenceEnd, .mappingStart, .mappingEnd:
                root = try self.node(event)
            }
        }
    }

    /// The root if it is a mapping.
    private func mapping(_ root: YAMLNode) -> YAMLNode? {
        switch root.content {
        case .mapping: return root
        case .invalid: return nil
        case .scalar, .sequence:
            self.report(root.position, "expected settings such as 'version: 1', found \(root.content.kind)")
            return nil
        }
    }

    private mutating func node(_ event: YAMLEvent) throws(Stop) -> YAMLNode {
        if event.hasAnchor {
            self.report(event.position, "anchors (&name) are not accepted; write the value out where it is used")
        }
        if event.hasTag {
            self.report(event.position, "tags (!name) are not accepted; leave the tag out")
        }
        switch event.content {
        case .scalar(let text, let isPlain):
            let content: YAMLNode.Content = event.hasTag ? .invalid : .scalar(text: text, isPlain: isPlain)
            return YAMLNode(content: content, position: event.position)
        case .alias:
            self.report(event.position, "aliases (*name) are not accepted; write the value out")
            return YAMLNode(content: .invalid, position: event.position)
        case .sequenceStart:
            return try self.nested(event) { (builder) throws(Stop) in try builder.sequence() }
        case .mappingStart:
            return try self.nested(event) { (builder) throws(Stop) in try builder.mapping() }
        case .streamStart, .streamEnd, .documentStart, .documentEnd, .sequenceEnd, .mappingEnd:
            preconditionFailure("libyaml's events always nest")
        }
    }

    private mutating func nested(
        _ event: YAMLEvent,
        _ content: (inout Self) throws(Stop) -> YAMLNode.Content
    ) throws(Stop) -> YAMLNode {
        guard self.depth < Self.depthMax else {
            self.report(event.position, "nested more than \(Self.depthMax) deep")
            throw Stop()
        }
        self.depth += 1
        let node = YAMLNode(content: try content(&self), position: event.position)
        self.depth -= 1
        return node
    }

    private mutating func sequence() throws(Stop) -> YAMLNode.Content {
        var items: [YAMLNode] = []
        while true {
            let event = try self.next()
            if case .sequenceEnd = event.content { return .sequence(items) }
            items.append(try self.node(event))
        }
    }

    private mutating func mapping() throws(Stop) -> YAMLNode.Content {
        var entries: [YAMLEntry] = []
        var positions: [String: Position] = [:]
        while true {
            let event = try self.next()
            if case .mappingEnd = event.content { return .mapping(entries) }
            let key = try self.node(event)
            let value = try self.node(try self.next())
            guard let name = self.name(key) else { continue }
            if let first = positions[name] {
                self.report(
                    key.position,
                    "\(quotedKey(name)) is given twice; the first is at line \(first.line), column \(first.column)"
                )
            } else {
                positions[name] = key.position
                entries.append(YAMLEntry(key: name, position: key.position, value: value))
            }
        }
    }

    /// The text of a key, or `nil` if it cannot be one.
    private func name(_ key: YAMLNode) -> String? {
        switch key.content {
        case .scalar("<<", isPlain: true):
            self.report(key.position, "merge keys (<<) are not accepted; write the settings out")
        case .scalar("", _):
            self.report(key.position, "a key is missing before ':'")
        case .scalar(let text, _): return text
        case .sequence, .mapping:
            self.report(key.position, "a key must be text, found \(key.content.kind)")
        case .invalid: break
        }
        return nil
    }

    private mutating func next() throws(Stop) -> YAMLEvent {
        do throws(YAMLFailure) {
            return try self.events.next()
        } catch {
            switch error.place {
            case .byteOffset(let offset): self.report(self.source.position(ofByte: offset), error.problem)
            case .position(let position): self.report(position, self.explain(error, at: position))
            }
            throw Stop()
        }
    }

    /// libyaml's words, and what to do where that is known.
    private func explain(_ failure: YAMLFailure, at position: Position) -> String {
        var text = failure.problem
        if let context = failure.context {
            let start = context.position
            text += " (\(context.text)"
            text += start == position ? ")" : ", which began at line \(start.line), column \(start.column))"
        }
        if failure.problem.hasPrefix("found character that cannot start any token") {
            text +=
                self.source.character(at: position) == "\t" ? "; indent with spaces, not tabs" : "; put it in quotes"
        } else if failure.problem.hasPrefix("mapping values are not allowed") {
            text += "; check the indentation, and put text that holds ': ' in quotes"
        }
        return text
    }
}

extension YAMLNode.Content {
    /// Whether YAML reads it as null.
    var isNull: Bool {
        guard case .scalar(let text, isPlain: true) = self else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(text)
    }

    /// What it is, for messages.
    var kind: String {
        switch self {
        case let content where content.isNull: "nothing"
        case .scalar: "text"
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .invalid: "something faulty"
        }
    }
}
