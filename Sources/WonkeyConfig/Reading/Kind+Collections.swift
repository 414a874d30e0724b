extension Kind {
    /// A mapping with settings of its own.
    ///
    /// - Parameter body: Declares and reads every key.
    /// - Returns: The kind.
    static func section(_ body: @escaping (inout Section) -> Value) -> Kind {
        func described() -> (section: Section, value: Value) {
            var section = Section(describing: .describing())
            let value = body(&section)
            return (section, value)
        }
        return Kind(
            schema: { described().section.schema },
            placeholder: { described().value },
            json: { _ in nil },
            read: { node, path, reading in
                switch node.content {
                case .mapping(let entries):
                    var section = Section(entries, at: node.position, path: path, reading: reading)
                    let value = body(&section)
                    section.finish()
                    return value
                case let content where content.isNull:
                    reading.report(node.position, "\(path): has no settings; give it some, or leave the key out")
                case .scalar, .sequence:
                    reading.report(node.position, "\(path): expected a mapping, found \(node.content.kind)")
                case .invalid: break
                }
                return nil
            },
            noteDefaults: { path, reading in
                var section = Section(defaultsOf: path, reading: reading)
                _ = body(&section)
            }
        )
    }
}

/// A list item or map entry and where it stands.
struct Located<Value> {
    var value: Value
    /// `nil` while describing.
    var position: ConfigurationFaults.Position?
    /// Whether it was read without a fault.
    var isSound = true
}

extension Kind {
    /// A list of values of one kind.
    ///
    /// - Parameters:
    ///   - item: The kind of every item.
    ///   - count: How many there may be.
    ///   - isUnique: Whether an item given twice is a fault; needs items that are scalars.
    /// - Returns: The kind; faulty items are left out of its value.
    static func list<Item>(
        of item: Kind<Item>,
        count: ClosedRange<Int> = 0...1_000,
        isUnique: Bool = false
    ) -> Kind where Value == [Located<Item>] {
        Kind(
            schema: {
                var members: [(name: String, value: JSON)] = [("type", "array"), ("items", item.schema())]
                if count.lowerBound > 0 { members.append(("minItems", .integer(count.lowerBound))) }
                members.append(("maxItems", .integer(count.upperBound)))
                if isUnique { members.append(("uniqueItems", true)) }
                return .object(members)
            },
            placeholder: { [] },
            json: { items in
                let values = items.compactMap { item.json($0.value) }
                return values.count == items.count ? .array(values) : nil
            },
            read: { node, path, reading in
                switch node.content {
                case .sequence(let nodes):
                    guard count.contains(nodes.count) else {
                        let range = "\(count.lowerBound) to \(count.upperBound)"
                        reading.report(node.position, "\(path): takes \(range) items, not \(nodes.count)")
                        return nil
                    }
                    if isUnique { Self.reportRepetitions(in: nodes, path: path, reading: reading) }
                    return nodes.enumerated().compactMap { index, node in
                        let before = reading.faults.count
                        let value = item.read(node, "\(path)[\(index)]", reading)
                        let isSound = reading.faults.count == before
                        return value.map { Located(value: $0, position: node.position, isSound: isSound) }
                    }
                case let content where content.isNull:
                    reading.report(node.position, "\(path): has no value; write [] for an empty list")
                case .scalar, .mapping:
                    reading.report(node.position, "\(path): expected a list, found \(node.content.kind)")
                case .invalid: break
                }
                return nil
            }
        )
    }

    private static func reportRepetitions(in nodes: [YAMLNode], path: String, reading: Reading) {
        var seen: Set<String> = []
        for (index, node) in nodes.enumerated() {
            guard case .scalar(let text, _) = node.content, !seen.insert(text).inserted else { continue }
            reading.report(node.position, "\(path)[\(index)]: is given twice")
        }
    }

    /// A plain list of values, without their positions.
    static func values<Item>(
        of item: Kind<Item>,
        count: ClosedRange<Int> = 0...1_000
    ) -> Kind where Value == [Item] {
        Kind<[Located<Item>]>.list(of: item, count: count, isUnique: true)
            .map({ $0.map(\.value) }, back: { $0.map { Located(value: $0, position: nil) } })
    }

    /// A mapping from names the operator chooses to single values, in the order of the file.
    ///
    /// - Parameters:
    ///   - names: The schema of every name; no two may be equal without regard to case.
    ///   - value: The kind of every value.
    ///   - fault: What is wrong with a name, as a whole message behind the path; `nil` for a good one.
    ///   - element: Puts a name and its value together.
    /// - Returns: The kind; faulty values are left out of its value.
    static func pairs<Item, Element>(
        names: JSON,
        of value: Kind<Item>,
        fault: @escaping (_ name: String, Reading) -> String?,
        _ element: @escaping (_ name: String, Item) -> Element
    ) -> Kind where Value == [Element] {
        Kind(
            schema: {
                .object([("type", "object"), ("propertyNames", names), ("additionalProperties", value.schema())])
            },
            placeholder: { [] },
            json: { $0.isEmpty ? .object([]) : nil },
            read: { node, path, reading in
                guard case .mapping(let entries) = node.content else {
                    if case .invalid = node.content { return nil }
                    reading.report(node.position, "\(path): expected a mapping, found \(node.content.kind)")
                    return nil
                }
                var seen: Set<String> = []
                return entries.compactMap { entry in
                    if let fault = fault(entry.key, reading) {
                        reading.report(entry.position, "\(path): \(fault)")
                    } else if !seen.insert(entry.key.lowercased()).inserted {
                        reading.report(entry.position, "\(path): the field \(quotedKey(entry.key)) is given twice")
                    }
                    return value.read(entry.value, "\(path).\(shownKey(entry.key))", reading)
                        .map { element(entry.key, $0) }
                }
            }
        )
    }

    /// A mapping from names the operator chooses to sections.
    ///
    /// - Parameters:
    ///   - namespace: Where the names become known, so that other settings can refer to them.
    ///   - body: Reads one entry; gets its name.
    /// - Returns: The kind; faulty entries are left out of its value, but their names are known.
    static func sections<Item>(
        in namespace: Reading.Namespace,
        _ body: @escaping (_ name: String, inout Section) -> Item
    ) -> Kind where Value == [String: Item] {
        Kind(
            schema: {
                let item = Kind<Item>.section { body("", &$0) }
                return .object([
                    ("type", "object"),
                    ("propertyNames", .object([("pattern", .string(Pattern.name.source))])),
                    ("additionalProperties", item.schema()),
                ])
            },
            placeholder: { [:] },
            json: { $0.isEmpty ? .object([]) : nil },
            read: { node, path, reading in
                switch node.content {
                case .mapping(let entries):
                    reading.declare(entries.map(\.key), in: namespace)
                    var items: [String: Item] = [:]
                    for entry in entries {
                        if !Pattern.name.matches(entry.key, in: reading) {
                            reading.report(
                                entry.position,
                                "\(path): the name \(quotedKey(entry.key)) must be \(Pattern.name.meaning)"
                            )
                        }
                        let kind = Kind<Item>.section { body(entry.key, &$0) }
                        items[entry.key] = kind.read(entry.value, "\(path).\(shownKey(entry.key))", reading)
                    }
                    return items
                case let content where content.isNull:
                    reading.report(node.position, "\(path): has no value; write {} for none, or leave the key out")
                case .scalar, .sequence:
                    reading.report(node.position, "\(path): expected a mapping, found \(node.content.kind)")
                case .invalid: break
                }
                reading.giveUp(on: namespace)
                return nil
            }
        )
    }
}
