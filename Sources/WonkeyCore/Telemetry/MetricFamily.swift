import Synchronization

/// The metrics of one name that differ by the values of their labels.
///
/// Children are made before they are used, at start or when a configuration is loaded, and kept by those who count: the
/// look-up takes a lock and is not for the path of a request. The number of children is bounded; one child too many
/// counts under `other`.
///
/// A child may have several parts, one per event loop, which are added up at a scrape: what only one thread writes stays
/// in that processor's cache.
package final class MetricFamily<Child: Sendable>: Sendable {
    private let labels: [String]
    private let childrenMax: Int
    private let make: @Sendable () -> Child
    private let children = Mutex<[[String]: [Child]]>([:])

    init(labels: [String], childrenMax: Int, make: @escaping @Sendable () -> Child) {
        precondition(labels.allSatisfy { MetricName.isValid($0) && $0 != "le" }, "not a label name")
        self.labels = labels
        self.childrenMax = childrenMax
        self.make = make
    }

    /// The child with these label values, made at 0 if there is none yet.
    ///
    /// - Parameters:
    ///   - values: One for each label, out of a bounded set: never a key id, path, user or request id.
    ///   - part: Which part of it; 0 to the number of event loops.
    /// - Returns: The same object for the same values and part.
    package func child(_ values: String..., part: Int = 0) -> Child {
        precondition(values.count == self.labels.count, "one value for each label")
        return self.children.withLock { children in
            let isFull = children[values] == nil && children.count >= self.childrenMax
            let key = isFull ? values.map { _ in "other" } : values
            while children[key, default: []].count <= part { children[key, default: []].append(self.make()) }
            return children[key, default: []][part]
        }
    }

    /// The parts of all children with their labels, ordered by label values.
    var samples: [(labels: [(name: String, value: String)], parts: [Child])] {
        self.children.withLock(\.self)
            .sorted { $0.key.lexicographicallyPrecedes($1.key) }
            .map { (labels: Array(zip(self.labels, $0.key)), parts: $0.value) }
    }
}
