import Synchronization

/// The metrics of one name that differ by the values of their labels.
///
/// Children are made before they are used, at start or when a configuration is loaded, and kept by those who count: the
/// look-up takes a lock and is not for the path of a request. The number of children is bounded; one child too many
/// counts under `other`.
package final class MetricFamily<Child: Sendable>: Sendable {
    private let labels: [String]
    private let childrenMax: Int
    private let make: @Sendable () -> Child
    private let children = Mutex<[[String]: Child]>([:])

    init(labels: [String], childrenMax: Int, make: @escaping @Sendable () -> Child) {
        precondition(labels.allSatisfy { MetricName.isValid($0) && $0 != "le" }, "not a label name")
        self.labels = labels
        self.childrenMax = childrenMax
        self.make = make
    }

    /// The child with these label values, made at 0 if there is none yet.
    ///
    /// - Parameter values: One for each label, out of a bounded set: never a key id, path, user or request id.
    /// - Returns: The same object for the same values.
    package func child(_ values: String...) -> Child {
        precondition(values.count == self.labels.count, "one value for each label")
        return self.children.withLock { children in
            if let child = children[values] { return child }
            let isFull = children.count >= self.childrenMax
            let key = isFull ? values.map { _ in "other" } : values
            if let child = children[key] { return child }
            let child = self.make()
            children[key] = child
            return child
        }
    }

    /// All children with their labels, ordered by label values.
    var samples: [(labels: [(name: String, value: String)], child: Child)] {
        self.children.withLock(\.self)
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { (labels: Array(zip(self.labels, $0.key)), child: $0.value) }
    }
}
