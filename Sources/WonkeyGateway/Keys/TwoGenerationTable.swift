/// A bounded table that forgets what was not asked for lately.
///
/// Entries live in a young and an old generation. A hit in the old one moves the entry to the young one; when the young
/// one is full it becomes the old one and the previous old one is forgotten. This approximates "least recently used" at
/// O(1) and without any order to keep.
package struct TwoGenerationTable<Name: Hashable & Sendable, Value: Sendable>: Sendable {
    private var young: [Name: Value] = [:]
    private var old: [Name: Value] = [:]
    private var generationSize: Int

    /// Makes an empty table.
    ///
    /// - Parameter capacity: Entries held at the most, at least 2.
    package init(capacity: Int) {
        self.generationSize = max(1, capacity / 2)
    }

    /// Holds another number of entries at the most, once so many were inserted.
    package mutating func setCapacity(_ capacity: Int) {
        self.generationSize = max(1, capacity / 2)
    }

    /// In no order.
    package var values: [Value] { Array(self.young.values) + Array(self.old.values) }

    package var count: Int { self.young.count + self.old.count }

    /// The value of `name`, which counts as a use of it.
    package mutating func use(_ name: Name) -> Value? {
        if let value = self.young[name] { return value }
        guard let value = self.old.removeValue(forKey: name) else { return nil }
        self.insert(value, for: name)
        return value
    }

    /// Adds or replaces an entry.
    package mutating func insert(_ value: Value, for name: Name) {
        self.old[name] = nil
        if self.young.count >= self.generationSize, self.young[name] == nil {
            self.old = self.young
            self.young = [:]
            self.young.reserveCapacity(min(self.generationSize, 1_024))
        }
        self.young[name] = value
    }

    package mutating func remove(_ name: Name) {
        self.young[name] = nil
        self.old[name] = nil
    }

    /// Forgets every entry that satisfies the predicate, in time proportional to the table.
    package mutating func removeAll(where predicate: (Value) -> Bool) {
        self.young = self.young.filter { !predicate($0.value) }
        self.old = self.old.filter { !predicate($0.value) }
    }

    package mutating func removeAll() {
        self.young = [:]
        self.old = [:]
    }
}
