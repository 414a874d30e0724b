/// Which statements are prepared on a connection, by their text; the least recently used one makes room.
struct StatementCache {
    /// What has to be done before a statement can run.
    enum Lookup: Equatable {
        case prepared(name: String)
        /// Prepare it under this name, after letting go of the statement named `evicted`.
        case prepare(name: String, evicted: String?)
    }

    private struct Entry {
        var name: String
        var usedAt: UInt64
    }

    private let capacity: Int
    private var entries: [String: Entry] = [:]
    private var uses: UInt64 = 0
    private var names: UInt64 = 0

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Finds a statement, or makes a place for it.
    ///
    /// - Parameter text: The statement.
    /// - Returns: Its name, and whether it has to be prepared.
    /// - Complexity: O(1), and O(capacity) for a new one when full.
    mutating func lookUp(_ text: String) -> Lookup {
        self.uses += 1
        if let name = self.entries[text]?.name {
            self.entries[text]?.usedAt = self.uses
            return .prepared(name: name)
        }
        var evicted: String?
        if self.entries.count >= self.capacity, let oldest = self.entries.min(by: { $0.value.usedAt < $1.value.usedAt })
        {
            evicted = oldest.value.name
            self.entries[oldest.key] = nil
        }
        self.names += 1
        let name = "wonkey_\(self.names)"
        self.entries[text] = Entry(name: name, usedAt: self.uses)
        return .prepare(name: name, evicted: evicted)
    }

    /// Forgets a statement that could not be prepared.
    mutating func remove(_ text: String) {
        self.entries[text] = nil
    }
}
