/// Adds up what keys used, by key and day.
package struct UsageTally: Sendable {
    private struct Subject: Hashable {
        var projectID: ProjectID
        var keyID: KeyID
        var day: Int64
    }

    private var deltas: [Subject: UsageDelta] = [:]

    package init() {}

    /// How many pairs of key and day there are.
    package var count: Int { self.deltas.count }

    /// Counts one admitted request and its images; a record without a key counts for nobody.
    package mutating func count(_ record: RequestRecord) {
        guard let projectID = record.projectID, let keyID = record.keyID else { return }
        _ = self.add(
            UsageDelta(
                projectID: projectID,
                keyID: keyID,
                day: record.time.daysSinceEpoch,
                requests: 1,
                images: Int64(record.images),
                lastUsedAt: record.time
            ),
            countMax: .max
        )
    }

    /// Adds what was counted elsewhere.
    ///
    /// - Parameters:
    ///   - delta: Added to the sum of its key and day.
    ///   - countMax: A new pair of key and day is refused when there are so many.
    /// - Returns: `false` if it was refused.
    package mutating func add(_ delta: UsageDelta, countMax: Int) -> Bool {
        let subject = Subject(projectID: delta.projectID, keyID: delta.keyID, day: delta.day)
        guard let index = self.deltas.index(forKey: subject) else {
            guard self.deltas.count < countMax else { return false }
            self.deltas[subject] = delta
            return true
        }
        self.deltas.values[index].requests += delta.requests
        self.deltas.values[index].images += delta.images
        self.deltas.values[index].lastUsedAt = max(self.deltas.values[index].lastUsedAt, delta.lastUsedAt)
        return true
    }

    /// The sums, ordered by project, key and day: writers that lock rows in one order do not deadlock.
    package var sums: [UsageDelta] {
        self.deltas.values.sorted {
            ($0.projectID, $0.keyID, $0.day) < ($1.projectID, $1.keyID, $1.day)
        }
    }
}
