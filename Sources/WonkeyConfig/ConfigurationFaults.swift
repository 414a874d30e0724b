/// Everything that is wrong with a configuration file, in the order of its lines.
package struct ConfigurationFaults: Error, Equatable, Sendable {
    /// One mistake.
    ///
    /// Its message never holds the value of a secret setting or of a substituted variable.
    package struct Fault: Hashable, Sendable {
        package var file: String
        /// Where it is; absent if it concerns the file as a whole.
        package var position: Position?
        package var message: String
    }

    /// A place in a file, counted from 1; columns count characters (Unicode scalars).
    package struct Position: Hashable, Comparable, Sendable {
        package var line: Int
        package var column: Int

        package static func < (lhs: Self, rhs: Self) -> Bool {
            (lhs.line, lhs.column) < (rhs.line, rhs.column)
        }
    }

    /// At least one; sorted by position, those without a position first.
    package let faults: [Fault]

    init(_ faults: [Fault]) {
        self.faults = Array(Set(faults)).sorted { lhs, rhs in
            let (left, right) = (lhs.position ?? .start, rhs.position ?? .start)
            return left == right ? lhs.message < rhs.message : left < right
        }
    }
}

extension ConfigurationFaults.Position {
    /// Sorts before every place in a file.
    fileprivate static let start = Self(line: 0, column: 0)
}

extension ConfigurationFaults: CustomStringConvertible {
    /// One line per fault, without a line break at the end.
    package var description: String {
        self.faults.map(\.description).joined(separator: "\n")
    }
}

extension ConfigurationFaults.Fault: CustomStringConvertible {
    /// `file:line:column: message`, or `file: message`.
    package var description: String {
        guard let position = self.position else { return "\(self.file): \(self.message)" }
        return "\(self.file):\(position.line):\(position.column): \(self.message)"
    }
}
