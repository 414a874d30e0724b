/// Differences for people.
enum DiffText {
    /// One line per thing and per field of it.
    static func text(_ answer: DiffAnswer, file: String) -> String {
        guard !answer.changes.isEmpty else {
            return "no differences: generation \(answer.generation) (\(answer.hash)) serves what \(file) says\n"
        }
        var lines = ["from generation \(answer.generation) (\(answer.hash)) to \(file):"]
        for change in answer.changes {
            lines.append("\(change.kind.mark) \(change.section)\(change.name.map { " \($0)" } ?? "")")
            lines += change.fields.map { "    \(Self.line($0, change.kind))" }
        }
        return (lines + Self.lines(answer.keys)).joined(separator: "\n") + "\n"
    }

    private static func line(_ field: DiffAnswer.Field, _ kind: DiffAnswer.Kind) -> String {
        let restart = field.needsRestart ? "  (needs a restart)" : ""
        let value =
            switch kind {
            case .added: field.to ?? "unset"
            case .removed: field.from ?? "unset"
            case .changed: "\(field.from ?? "unset") -> \(field.to ?? "unset")"
            }
        return "\(field.field): \(value)\(restart)"
    }

    private static func lines(_ keys: DiffAnswer.Keys) -> [String] {
        var lines = ["keys in the memory of the process: \(keys.total), of which \(keys.getLess) would get less"]
        for (limit, count) in keys.limits.sorted(by: { $0.key < $1.key }) { lines.append("    \(limit): \(count)") }
        if keys.refused > 0 {
            lines.append("    refused, as their projects are not accepted any more: \(keys.refused)")
        }
        return lines
    }
}

extension DiffAnswer.Kind {
    fileprivate var mark: String {
        switch self {
        case .added: "+"
        case .removed: "-"
        case .changed: "~"
        }
    }
}
